import { DomainError } from '../core/errors.ts';
import type { JsonValue } from '../core/model.ts';
import type { Cancel, Timers } from '../core/ports/timers.ts';
import { CallQueue } from './call-queue.ts';
import { PluginProcess, type ProcessOptions } from './plugin-process.ts';
import {
  type HostAnswer,
  type HostCall,
  MAX_HOST_CALLS,
  type Manifest,
  type Outcome,
  type Verdict,
} from './protocol.ts';

/** Questions that may wait for their answer; one more is refused. */
const MAX_ASKED = 10_000;
/** What listeners may be behind; what is told beyond is dropped. */
const MAX_TOLD = 10_000;
/** Bytes of calls that may wait, as JSON; what is asked beyond is refused, what is told is dropped. */
const MAX_WAITING_BYTES = 33_554_432;
/** Answers given up that may still be worked on in the process, before it is restarted to be rid of them. */
const MAX_ABANDONED = 100;
/** Looks at the process within one limit. */
const LOOKS = 4;
/** The first pause before a restart, in ms; each further one is twice as long. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 30_000;
/** A process that ran so long is a healthy one, in ms: the pauses begin anew. */
const HEALTHY_AFTER = 60_000;

/** What became of something that a plug-in was asked or told. */
export type PluginOutcome =
  | 'passed'
  | 'changed'
  | 'refused'
  | 'failed'
  | 'timeout'
  | 'unavailable'
  | 'dropped';

export interface SupervisorEvents {
  outcome(outcome: PluginOutcome): void;
  restarting(reason: string, pause: number): void;
  /** A listener, or the plug-in's end, failed. */
  fault(hook: string, fault: string): void;
  /** What the plug-in wrote to its standard output or error. */
  printed(text: string): void;
}

export interface SupervisorOptions extends ProcessOptions {
  /** How long a question may take, in ms. */
  readonly limit: number;
  readonly timers: Timers;
  readonly events: SupervisorEvents;
  /** Does what the plug-in asks of the server. Rejects with a `DomainError`. */
  serve(call: HostCall): Promise<unknown>;
}

interface Asked {
  resolve(verdict: Verdict): void;
  reject(error: DomainError): void;
  reply?(value: JsonValue): void;
  readonly since: number;
}

type State =
  | { readonly name: 'running'; readonly process: PluginProcess; readonly since: number }
  | { readonly name: 'restarting'; readonly cancel: Cancel }
  | { readonly name: 'closed' };

/**
 * A plug-in in a process of its own, watched: what fails or hangs is refused, a process that is stuck or has ended is
 * replaced by a new one after a pause. Nothing a plug-in does reaches the server's own process.
 */
export class Supervisor {
  readonly name: string;
  readonly manifest: Manifest;
  readonly #options: SupervisorOptions;
  readonly #asked = new Map<number, Asked>();
  readonly #calls = new CallQueue();
  #serving = 0;
  #progress = 0;
  #progressAt = 0;
  #abandoned = 0;
  #lastId = 0;
  #pause = FIRST_PAUSE;
  #isWatching = false;
  #state: State;
  readonly #closing = new AbortController();

  private constructor(process: PluginProcess, manifest: Manifest, options: SupervisorOptions) {
    this.name = options.name;
    this.manifest = manifest;
    this.#options = options;
    this.#state = { name: 'running', process, since: performance.now() };
    this.#adopt(process);
  }

  /** Starts the process and sets the plug-in up. Rejects with what keeps it from starting, in words. */
  static async start(options: SupervisorOptions): Promise<Supervisor> {
    const { process, manifest } = await PluginProcess.start(options);
    return new Supervisor(process, manifest, options);
  }

  /** Asks and waits. Rejects with EINTERNAL where there is no answer in time, or none at all. */
  ask(hook: string, input: unknown, reply?: (value: JsonValue) => void): Promise<Verdict> {
    if (this.#state.name !== 'running') return this.#unavailable('is being restarted; try again');
    if (this.#asked.size >= MAX_ASKED || this.#isFull)
      return this.#unavailable('has too much to do; try again');
    return new Promise((resolve, reject) => {
      const id = this.#nextId();
      const since = performance.now();
      this.#asked.set(id, { resolve, reject, since, ...(reply ? { reply } : {}) });
      this.#post(id, hook, input);
    });
  }

  /** Tells without waiting. */
  tell(hook: string, input: unknown): void {
    if (this.#calls.count < MAX_TOLD && !this.#isFull && this.#state.name !== 'closed') {
      this.#post(-this.#nextId(), hook, input);
    } else {
      this.#options.events.outcome('dropped');
    }
  }

  /** Calls that wait: for their turn in the process, or for its answer. */
  get depth(): number {
    return Math.max(this.#asked.size, this.#calls.count);
  }

  get #isFull(): boolean {
    return this.#calls.bytes >= MAX_WAITING_BYTES;
  }

  /** Lets the plug-in do what it was told, and end. */
  async close(): Promise<void> {
    const state = this.#state;
    if (state.name === 'running') {
      this.#flush();
      this.#state = { name: 'closed' };
      await state.process.close();
    } else if (state.name === 'restarting') {
      state.cancel();
      this.#state = { name: 'closed' };
      this.#closing.abort();
    }
    this.#refuseAll(0, 'has ended');
  }

  #adopt(process: PluginProcess): void {
    process.listen({
      done: (outcomes, begun) => this.#done(outcomes, begun),
      reply: (id, value) => this.#asked.get(id)?.reply?.(value),
      hostCall: (call) => void this.#serve(process, call),
      fault: (hook, fault) => {
        this.#options.events.outcome('failed');
        this.#options.events.fault(hook, fault);
      },
      printed: (text) => this.#options.events.printed(text),
      ended: (reason) => {
        if (this.#state.name === 'running' && this.#state.process === process)
          this.#restart(reason, 'failed', 'failed: its process ended');
      },
    });
    this.#flushSoon();
  }

  async #serve(process: PluginProcess, call: HostCall): Promise<void> {
    if (this.#serving >= MAX_HOST_CALLS) {
      this.#restart('it asks too much of the server at once', 'failed', 'failed');
      return;
    }
    this.#serving++;
    const answer = await this.#options.serve(call).then(
      (value): HostAnswer => ({ id: call.id, value }),
      ({ code, message }: DomainError): HostAnswer => ({ id: call.id, code, message }),
    );
    this.#serving--;
    process.send({ answer });
  }

  #post(id: number, hook: string, input: unknown): void {
    try {
      this.#calls.gather(id, hook, input);
    } catch (cause) {
      this.#refuse(id, 'failed', 'can not be given this', cause);
      return;
    }
    if (this.#calls.gathered === 1) this.#flushSoon();
  }

  /** The rest of this tick may bring more. */
  #flushSoon(): void {
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    if (this.#state.name !== 'running' || this.#calls.gathered === 0) return;
    const { process } = this.#state;
    if (this.#calls.handed === 0) this.#progressAt = performance.now();
    this.#calls.handOver((calls) => process.sendCalls(calls));
    this.#watch();
  }

  #done(outcomes: readonly Outcome[], begun: number): void {
    if (begun > this.#calls.handed) {
      this.#restart('it answers what it was not asked', 'failed', 'failed');
      return;
    }
    this.#calls.begin(begun);
    for (const outcome of outcomes) this.#settle(outcome);
  }

  #settle(outcome: Outcome): void {
    const asked = this.#asked.get(outcome.id);
    if (!asked) {
      this.#abandoned = Math.max(this.#abandoned - 1, 0);
      return;
    }
    if ('failure' in outcome) {
      this.#refuse(outcome.id, 'failed', 'failed', new Error(outcome.failure));
      return;
    }
    this.#asked.delete(outcome.id);
    asked.resolve(outcome.verdict);
  }

  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    const pause = this.#options.limit / LOOKS;
    const due = performance.now() + pause;
    this.#options.timers.after(pause, () => {
      this.#isWatching = false;
      if (this.#state.name !== 'running') return;
      // Where the server was held up itself, answers may be here that it has not seen yet.
      if (performance.now() < due + pause) this.#look(this.#state.process);
      if (this.#calls.handed > 0 || this.#asked.size > 0) this.#watch();
    });
  }

  /** Gives up what takes too long, and the process where it is stuck. */
  #look({ board }: PluginProcess): void {
    const now = performance.now();
    const { progress, current } = board.read();
    if (progress !== this.#progress) this.#progressAt = now;
    this.#progress = progress;
    const { limit } = this.#options;
    if (this.#calls.handed > 0 && now - this.#progressAt >= limit) {
      this.#restart('it is stuck', 'timeout', `did not answer within ${limit} ms`, current);
      return;
    }
    for (const [id, { since }] of this.#asked) {
      if (now - since < limit) break;
      const hasBegun = current === 0 || id <= Math.abs(current);
      if (hasBegun) this.#refuse(id, 'timeout', `did not answer within ${limit} ms`);
      else this.#refuse(id, 'unavailable', 'has too much to do; try again');
      this.#abandoned++;
    }
    if (this.#abandoned >= MAX_ABANDONED)
      this.#restart('it leaves too much unanswered', 'timeout', 'is stuck');
  }

  /**
   * Replaces the process, after a pause.
   *
   * @param culprit the call to blame, if it is known; what else waited is refused as well, and may be tried again
   */
  #restart(reason: string, outcome: PluginOutcome, fault: string, culprit = this.#culprit()): void {
    if (this.#state.name !== 'running') return;
    const { process, since } = this.#state;
    if (performance.now() - since > HEALTHY_AFTER) this.#pause = FIRST_PAUSE;
    const pause = this.#pause;
    this.#pause = Math.min(pause * 2, LONGEST_PAUSE);
    this.#state = {
      name: 'restarting',
      cancel: this.#options.timers.after(pause, () => void this.#revive()),
    };
    process.terminate();
    this.#forget(culprit);
    this.#options.events.restarting(reason, pause);
    if (this.#asked.has(culprit)) this.#refuse(culprit, outcome, fault);
    else if (culprit < 0) this.#options.events.outcome(outcome);
    this.#refuseAll(culprit, 'is being restarted; try again');
  }

  #culprit(): number {
    return this.#state.name === 'running' ? this.#state.process.board.read().current : 0;
  }

  /** What the lost process had not finished is lost with it; what listeners are to be told later stays. */
  #forget(culprit: number): void {
    const told = this.#calls.lose();
    // The culprit is counted by itself.
    for (let lost = culprit < 0 ? 1 : 0; lost < told; lost++) this.#options.events.outcome('dropped');
    this.#abandoned = 0;
    this.#progress = 0;
  }

  async #revive(): Promise<void> {
    const pause = this.#pause;
    try {
      const { process } = await PluginProcess.start(this.#options, this.#closing.signal);
      this.#state = { name: 'running', process, since: performance.now() };
      this.#adopt(process);
    } catch (error) {
      if (this.#state.name === 'closed') return;
      this.#pause = Math.min(pause * 2, LONGEST_PAUSE);
      this.#state = {
        name: 'restarting',
        cancel: this.#options.timers.after(pause, () => void this.#revive()),
      };
      this.#options.events.restarting((error as Error).message, pause);
    }
  }

  #refuseAll(except: number, why: string): void {
    for (const id of [...this.#asked.keys()]) if (id !== except) this.#refuse(id, 'unavailable', why);
  }

  #refuse(id: number, outcome: PluginOutcome, why: string, cause?: unknown): void {
    const asked = this.#asked.get(id);
    this.#options.events.outcome(id < 0 ? 'dropped' : outcome);
    if (!asked) return;
    this.#asked.delete(id);
    asked.reject(this.#fault(why, cause));
  }

  #unavailable(why: string): Promise<never> {
    this.#options.events.outcome('unavailable');
    return Promise.reject(this.#fault(why));
  }

  #fault(why: string, cause?: unknown): DomainError {
    return new DomainError('EINTERNAL', `the plug-in ${this.name} ${why}`, { cause });
  }

  /** Fits the board, and is never 0. */
  #nextId(): number {
    this.#lastId = (this.#lastId % 0x7fffffff) + 1;
    return this.#lastId;
  }
}
