import type { Timestamp } from './model.ts';
import type { Clock } from './ports/clock.ts';
import type { Cancel, Timers } from './ports/timers.ts';

/** Longest delay that a timer takes, in ms. */
const MAX_DELAY = 2 ** 31 - 1;
const DEFAULT_PAUSES: Pauses = { first: 1000, longest: 15_000 };

/** How long to wait after a run that failed, in ms: the first time, doubled with each further failure up to the longest. */
export interface Pauses {
  readonly first: number;
  readonly longest: number;
}

export interface SerialTaskDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  /**
   * Does what is due, and returns when there is more to do; null where the task waits until it is asked for. Looks by
   * itself what is due: it may run early, and once for several times it was asked for.
   */
  run(): Promise<Timestamp | null>;
  readonly pauses?: Pauses;
  /** Told of each run that failed. May not throw. */
  onError(error: unknown): void;
}

/**
 * Work that runs one at a time: when somebody asks for it, and when its time comes. Whoever asks while it runs gets another
 * run afterwards. A run that fails is repeated after a pause, whoever asked meanwhile; who asks during the pause ends it.
 */
export class SerialTask {
  readonly #deps: SerialTaskDeps;
  readonly #pauses: Pauses;
  #isAsked = false;
  #isRunning = false;
  #running = Promise.resolve();
  #isClosed = false;
  #failures = 0;
  /** When it runs next, if nobody asks before. */
  #dueAt: Timestamp = Number.POSITIVE_INFINITY;
  #cancelWait: Cancel = () => {};

  constructor(deps: SerialTaskDeps) {
    this.#deps = deps;
    this.#pauses = deps.pauses ?? DEFAULT_PAUSES;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Runs now, or once more after the run that is under way. */
  ask(): void {
    if (this.#isClosed) return;
    this.#isAsked = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#running = this.#runWhileAsked();
  }

  /** Runs at this time at the latest; now where it has passed. Forgotten once a run begins. */
  askBy(at: Timestamp): void {
    if (this.#isClosed || at >= this.#dueAt) return;
    this.#dueAt = at;
    if (!this.#isRunning) this.#wait();
  }

  /** Runs once this tick is over, so that one run serves all who ask in it. */
  askSoon(): void {
    const now = this.#deps.clock.now();
    if (this.#isClosed || now >= this.#dueAt) return;
    this.#dueAt = now;
    if (!this.#isRunning) this.#startTimer(0);
  }

  /** Resolves once nothing runs, nor is to run now. */
  async settled(): Promise<void> {
    while (this.#isRunning) await this.#running;
  }

  /** Stops for ever; resolves once the run under way has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelWait();
    await this.settled();
  }

  async #runWhileAsked(): Promise<void> {
    try {
      while (this.#isAsked && !this.#isClosed) {
        this.#isAsked = false;
        this.#cancelWait();
        this.#dueAt = Number.POSITIVE_INFINITY;
        await this.#runOnce();
      }
    } finally {
      this.#isRunning = false;
      this.#wait();
    }
  }

  async #runOnce(): Promise<void> {
    try {
      const next = await this.#deps.run();
      this.#failures = 0;
      if (next !== null) this.askBy(next);
    } catch (error) {
      // Whoever asked meanwhile waits for the repetition: a task that asks for itself would never rest.
      this.#isAsked = false;
      this.askBy(this.#deps.clock.now() + this.#nextPause());
      this.#deps.onError(error);
    }
  }

  #nextPause(): number {
    const { first, longest } = this.#pauses;
    return Math.min(first * 2 ** this.#failures++, longest);
  }

  #wait(): void {
    if (this.#isClosed || this.#dueAt === Number.POSITIVE_INFINITY) return;
    const delay = this.#dueAt - this.#deps.clock.now();
    if (delay <= 0) this.ask();
    else this.#startTimer(Math.min(delay, MAX_DELAY));
  }

  #startTimer(delay: number): void {
    this.#cancelWait();
    this.#cancelWait = this.#deps.timers.after(delay, () => this.ask());
  }
}
