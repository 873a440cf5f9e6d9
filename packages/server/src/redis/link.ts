import { setTimeout as pass } from 'node:timers/promises';
import type { RedisAddress } from '../config/redis-url.ts';
import { StartError } from '../config/start-error.ts';
import { NotYet, unusableWithin, waitAtStart } from '../start-wait.ts';
import { faultOf, placeOf, reasonOf } from './faults.ts';
import { requireUsableServer, type ServerFacts } from './server-check.ts';
import { RedisSession, type Script, type SessionOptions } from './session.ts';

/** Pauses between tries to connect, in ms: the first, doubled up to the longest. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 1000;
/** How long an answer may take before the server counts as gone, in ms. */
const ANSWER_TIMEOUT = 2000;

export interface RedisLinkOptions {
  readonly address: RedisAddress;
  /** Shown by `CLIENT LIST`. */
  readonly name: string;
  /** Of all keys that are written, so that others may use the database too. */
  readonly prefix: string;
  /** How long a start waits for a server that is not there yet, in ms; 0: one try. */
  readonly startTimeout: number;
  readonly answerTimeout?: number;
  /** Told at the first failed try of a start, and every few seconds of further ones. */
  waiting(reason: string): void;
  /** Told what the operator should know of the server, once a kind. */
  warn(text: string): void;
  /** Told once that Redis is lost, with the reason, and once (undefined) that it is back. */
  lost(reason: string | undefined): void;
  /** Ends a start that waits: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** There is no Redis to ask now; nothing waits for it. */
export class RedisUnavailable extends Error {
  override readonly name = 'RedisUnavailable';
}

/**
 * The way to Redis: one session after the other, each as soon as the server can be reached. While there is none every question is refused
 * at once, so that a server that is away delays nobody.
 */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  readonly #closing = new AbortController();
  readonly #upListeners: (() => void)[] = [];
  #running: Promise<void> = Promise.resolve();
  #session: RedisSession | undefined;
  #runId = '';
  #warned: string | undefined;

  private constructor(options: RedisLinkOptions) {
    this.#options = options;
  }

  /**
   * Opens the first session. What only the operator can mend is a `StartError` at once; a server that is not there yet
   * is tried again until `startTimeout`.
   */
  static async open(options: RedisLinkOptions): Promise<RedisLink> {
    const link = new RedisLink(options);
    await link.#openFirst();
    link.#running = link.#run();
    return link;
  }

  get isUp(): boolean {
    return this.#session?.isOver === false;
  }

  /** The present start of the server: another one means that it may have lost what it held. */
  get runId(): string {
    return this.#runId;
  }

  /** Calls the listener whenever there is a new session. */
  onUp(listener: () => void): void {
    this.#upListeners.push(listener);
  }

  /** Runs a script. Rejects with `RedisUnavailable` or with what Redis refused. */
  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#ask((session) => session.run(script, keys, args.map(String)));
  }

  /** Sends one command. Rejects as `run` does. */
  command(...args: readonly string[]): Promise<unknown> {
    return this.#ask((session) => session.command(...args));
  }

  /** Ends; resolves once there is no session. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#session?.end(new Error('the link is closed'));
    await this.#running;
  }

  async #ask(question: (session: RedisSession) => Promise<unknown>): Promise<unknown> {
    const session = this.#session;
    if (!session || session.isOver) throw new RedisUnavailable('there is no connection to Redis');
    try {
      return await question(session);
    } catch (cause) {
      if (!session.isOver && !isPassing(cause)) throw cause;
      // One that became a replica, or is full, is of no use until it is looked at anew.
      session.end(cause as Error);
      throw new RedisUnavailable(reasonOf(cause), { cause });
    }
  }

  #openFirst(): Promise<true> {
    const { startTimeout, waiting, signal } = this.#options;
    return waitAtStart<true>({
      timeout: startTimeout,
      waiting,
      attempt: () => this.#attempt(),
      gaveUp: (last) => this.#refusal(unusableWithin(startTimeout, last), last.error),
      release: () => this.#session?.end(new Error('the start was ended')),
      ...(signal && { signal }),
    });
  }

  /** Throws a `StartError` for what will not pass. */
  async #attempt(): Promise<true | NotYet> {
    const failure = await this.#open();
    if (failure === undefined) return true;
    if (failure instanceof StartError) throw failure;
    const fault = faultOf(failure, this.#options.address);
    if (fault !== undefined) throw this.#refusal(fault, failure);
    return new NotYet(reasonOf(failure), failure);
  }

  /** Opens a session; what fails comes back. */
  async #open(): Promise<unknown> {
    const { address, name, prefix, answerTimeout = ANSWER_TIMEOUT } = this.#options;
    const options: SessionOptions = { address, name, prefix, answerTimeout };
    let session: RedisSession | undefined;
    try {
      session = await RedisSession.open(options);
      this.#take(session, await requireUsableServer(session, options));
      return undefined;
    } catch (error) {
      session?.end(error as Error);
      return error;
    }
  }

  #take(session: RedisSession, { runId, warning }: ServerFacts): void {
    if (warning !== undefined && warning !== this.#warned) this.#options.warn(warning);
    this.#warned = warning;
    this.#session = session;
    this.#runId = runId;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const reason = await this.#session?.over;
      if (signal.aborted) return;
      if (reason) this.#options.lost(reasonOf(reason));
      await this.#reopen(signal);
    }
  }

  async #reopen(signal: AbortSignal): Promise<void> {
    for (let pause = FIRST_PAUSE; !signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      if ((await this.#open()) === undefined) {
        if (signal.aborted) return this.#session?.end(new Error('the link is closed'));
        this.#options.lost(undefined);
        for (const listener of this.#upListeners) listener();
        return;
      }
      await pass(pause, undefined, { signal }).catch(() => {});
    }
  }

  #refusal(fault: string, cause: unknown): StartError {
    return new StartError(`Redis at ${placeOf(this.#options.address)} ${fault}`, { cause });
  }
}

/** Whether the server can do nothing for anybody now. */
function isPassing(error: unknown): boolean {
  return /^(LOADING|READONLY|MASTERDOWN|NOAUTH|NOPERM|BUSY |MISCONF|OOM|The queue is full)/.test(
    (error as Error).message,
  );
}
