import type { Files } from './files.ts';
import type { Cancel, Timers } from './ports/timers.ts';

/** Files removed at a time, and times in a row: the rest waits for the next sweep. */
const BATCH = 100;
const MAX_BATCHES = 50;

export interface FileSweepDeps {
  readonly files: Pick<Files, 'removeUnused'>;
  readonly timers: Timers;
  /** From the end of a sweep to the next, in ms. */
  readonly interval: number;
  onError(error: unknown): void;
}

/** Removes files that no message holds, again and again. What one sweep could not remove, the next one tries again. */
export class FileSweep {
  readonly #deps: FileSweepDeps;
  #cancel: Cancel = () => {};
  #running = Promise.resolve();
  #isClosed = false;

  constructor(deps: FileSweepDeps) {
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
        if (!(await this.#deps.files.removeUnused(BATCH))) return;
      }
    } catch (error) {
      this.#deps.onError(error);
    }
  }
}
