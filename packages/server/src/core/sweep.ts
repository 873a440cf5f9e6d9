import type { Cancel, Timers } from './ports/timers.ts';

/** Batches in a row: the rest waits for the next sweep. */
const MAX_BATCHES = 50;

export interface SweepDeps {
  /** Removes one bounded batch of what is of no use any more; whether there may be more. */
  removeBatch(): Promise<boolean>;
  readonly timers: Timers;
  /** From the end of a sweep to the next, in ms. */
  readonly interval: number;
  onError(error: unknown): void;
}

/** Removes what is of no use any more, again and again. What one sweep could not remove, the next one tries again. */
export class Sweep {
  readonly #deps: SweepDeps;
  #cancel: Cancel = () => {};
  #running = Promise.resolve();
  #isClosed = false;

  constructor(deps: SweepDeps) {
    this.#deps = deps;
  }

  /** Sweeps now, and then every interval. */
  start(): void {
    this.#running = this.#sweep().finally(() => this.#await());
  }

  /** Resolves once nothing is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#running;
  }

  #await(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#deps.timers.after(this.#deps.interval, () => this.start());
  }

  async #sweep(): Promise<void> {
    try {
      for (let batch = 0; batch < MAX_BATCHES && !this.#isClosed; batch++) {
        if (!(await this.#deps.removeBatch())) return;
      }
    } catch (error) {
      this.#deps.onError(error);
    }
  }
}
