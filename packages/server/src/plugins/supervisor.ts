import { DomainError } from '../core/errors.ts';
import type { Cancel, Timers } from '../core/ports/timers.ts';
import { PluginWorker, type WorkerOptions } from './plugin-worker.ts';
import type { Call, HostAnswer, HostCall, Manifest, Outcome, Taken, Verdict } from './protocol.ts';

/** Questions that may wait for their answer; one more is refused. */
const MAX_ASKED = 10_000;
/** What listeners may be behind; what is told beyond is dropped. */
const MAX_TOLD = 10_000;
/** Answers given up that may still be worked on in the thread, before it is restarted to be rid of them. */
const MAX_ABANDONED = 100;
/** Looks at the thread within one limit. */
const LOOKS = 4;
/** The first pause before a restart, in ms; each further one is twice as long. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 30_000;
/** A thread that ran so long is a healthy one, in ms: the pauses begin anew. */
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

export interface SupervisorOptions extends WorkerOptions {
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
  reply?(json: string): void;
  readonly since: number;
}

type State =
  | { readonly name: 'running'; readonly worker: PluginWorker; readonly since: number }
  | { readonly name: 'restarting'; readonly cancel: Cancel }
  | { readonly name: 'closed' };

/**
 * A plug-in in a thread of its own, watched: what fails or hangs is refused, a thread that is stuck or has ended is
 * replaced by a new one after a pause. Nothing a plug-in does reaches the server's own thread.
 */
export class Supervisor {
  readonly name: string;
  readonly manifest: Manifest;
  readonly #options: SupervisorOptions;
  readonly #asked = new Map<number, Asked>();
  /** Calls of this tick. */
  #batch: Call[] = [];
  /** Calls handed to the thread that it has not begun. */
  #behind = 0;
  /** Of these, what listeners are told. */
  #untold = 0;
  #progress = 0;
  #progressAt = 0;
  #abandoned = 0;
  #lastId = 0;
  #pause = FIRST_PAUSE;
  #isWatching = false;
  #state: State;

  private constructor(worker: PluginWorker, manifest: Manifest, options: SupervisorOptions) {
    this.name = options.name;
    this.manifest = manifest;
    this.#options = options;
    this.#state = { name: 'running', worker, since: performance.now() };
    this.#adopt(worker);
  }

  /** Starts the thread and sets the plug-in up. Rejects with what keeps it from starting, in words. */
  static async start(options: SupervisorOptions): Promise<Supervisor> {
    const { worker, manifest } = await PluginWorker.start(options);
    return new Supervisor(worker, manifest, options);
  }

  /** Asks and waits. Rejects with EINTERNAL where there is no answer in time, or none at all. */
  ask(hook: string, input: unknown, reply?: (json: string) => void): Promise<Verdict> {
    if (this.#state.name !== 'running') return this.#unavailable('is being restarted; try again');
    if (this.#asked.size >= MAX_ASKED) return this.#unavailable('has too much to do; try again');
    return new Promise((resolve, reject) => {
      const id = this.#nextId();
      const since = performance.now();
      this.#asked.set(id, { resolve, reject, since, ...(reply ? { reply } : {}) });
      this.#post({ id, hook, input });
    });
  }

  /** Tells without waiting. */
  tell(hook: string, input: unknown): void {
    if (this.#behind + this.#batch.length < MAX_TOLD && this.#state.name !== 'closed') {
      this.#post({ id: -this.#nextId(), hook, input });
    } else {
      this.#options.events.outcome('dropped');
    }
  }

  /** Calls that wait: for their turn in the thread, or for its answer. */
  get depth(): number {
    return Math.max(this.#asked.size, this.#behind + this.#batch.length);
  }

  /** Lets the plug-in do what it was told, and end. */
  async close(): Promise<void> {
    const state = this.#state;
    if (state.name === 'running') {
      this.#flush();
      this.#state = { name: 'closed' };
      await state.worker.close();
    } else if (state.name === 'restarting') {
      state.cancel();
      this.#state = { name: 'closed' };
    }
    this.#refuseAll(0, 'has ended');
  }

  #adopt(worker: PluginWorker): void {
    worker.listen({
      done: (outcomes, taken) => this.#done(outcomes, taken),
      reply: (id, json) => this.#asked.get(id)?.reply?.(json),
      hostCall: (call) => void this.#serve(worker, call),
      fault: (hook, fault) => {
        this.#options.events.outcome('failed');
        this.#options.events.fault(hook, fault);
      },
      printed: (text) => this.#options.events.printed(text),
      ended: (reason) => {
        if (this.#state.name === 'running' && this.#state.worker === worker)
          this.#restart(reason, 'failed', 'failed: its thread ended');
      },
    });
    this.#flushSoon();
  }

  async #serve(worker: PluginWorker, call: HostCall): Promise<void> {
    const answer = await this.#options.serve(call).then(
      (value): HostAnswer => ({ id: call.id, value }),
      ({ code, message }: DomainError): HostAnswer => ({ id: call.id, code, message }),
    );
    worker.post({ answer });
  }

  #post(call: Call): void {
    this.#batch.push(call);
    if (this.#batch.length === 1) this.#flushSoon();
  }

  /** The rest of this tick may bring more. */
  #flushSoon(): void {
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    if (this.#state.name !== 'running' || this.#batch.length === 0) return;
    const calls = this.#batch;
    this.#batch = [];
    try {
      this.#state.worker.post({ calls });
    } catch (cause) {
      for (const { id } of calls) this.#refuse(id, 'failed', 'can not be given this', cause);
      return;
    }
    if (this.#behind === 0) this.#progressAt = performance.now();
    this.#behind += calls.length;
    for (const { id } of calls) if (id < 0) this.#untold++;
    this.#watch();
  }

  #done(outcomes: readonly Outcome[], { asked, told }: Taken): void {
    this.#behind -= asked + told;
    this.#untold -= told;
    for (const outcome of outcomes) this.#settle(outcome);
  }

  #settle(outcome: Outcome): void {
    const asked = this.#asked.get(outcome.id);
    if (!asked) {
      this.#abandoned--;
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
      // Where this thread was held up itself, answers may be here that it has not seen yet.
      if (performance.now() < due + pause) this.#look(this.#state.worker);
      if (this.#behind > 0 || this.#asked.size > 0) this.#watch();
    });
  }

  /** Gives up what takes too long, and the thread where it is stuck. */
  #look({ board }: PluginWorker): void {
    const now = performance.now();
    const { progress, current } = board;
    if (progress !== this.#progress) this.#progressAt = now;
    this.#progress = progress;
    const { limit } = this.#options;
    if (this.#behind > 0 && now - this.#progressAt >= limit) {
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
   * Replaces the thread, after a pause.
   *
   * @param culprit the call to blame, if it is known; what else waited is refused as well, and may be tried again
   */
  #restart(reason: string, outcome: PluginOutcome, fault: string, culprit = this.#culprit()): void {
    if (this.#state.name !== 'running') return;
    const { worker, since } = this.#state;
    if (performance.now() - since > HEALTHY_AFTER) this.#pause = FIRST_PAUSE;
    const pause = this.#pause;
    this.#pause = Math.min(pause * 2, LONGEST_PAUSE);
    this.#state = {
      name: 'restarting',
      cancel: this.#options.timers.after(pause, () => void this.#revive()),
    };
    worker.terminate();
    this.#forget(culprit);
    this.#options.events.restarting(reason, pause);
    if (this.#asked.has(culprit)) this.#refuse(culprit, outcome, fault);
    else if (culprit < 0) this.#options.events.outcome(outcome);
    this.#refuseAll(culprit, 'is being restarted; try again');
  }

  #culprit(): number {
    return this.#state.name === 'running' ? this.#state.worker.board.current : 0;
  }

  /** What the lost thread had not finished is lost with it; what listeners are to be told later stays. */
  #forget(culprit: number): void {
    // The culprit is counted by itself.
    for (let lost = culprit < 0 ? 1 : 0; lost < this.#untold; lost++) this.#options.events.outcome('dropped');
    this.#untold = 0;
    this.#batch = this.#batch.filter(({ id }) => id < 0);
    this.#behind = 0;
    this.#abandoned = 0;
    this.#progress = 0;
  }

  async #revive(): Promise<void> {
    const pause = this.#pause;
    try {
      const { worker } = await PluginWorker.start(this.#options);
      if (this.#state.name === 'closed') {
        worker.terminate();
        return;
      }
      this.#state = { name: 'running', worker, since: performance.now() };
      this.#adopt(worker);
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

  /** Fits a cell of the board, and is never 0. */
  #nextId(): number {
    this.#lastId = (this.#lastId % 0x7fffffff) + 1;
    return this.#lastId;
  }
}
