import type { Timestamp } from './model.ts';
import type { Clock } from './ports/clock.ts';
import type { Timers } from './ports/timers.ts';
import { SerialTask } from './serial-task.ts';

/** Batches in a row: the rest waits for the next sweep. */
const MAX_BATCHES = 50;

export interface SweepDeps {
  /** Removes one bounded batch of what is of no use any more; whether there may be more. */
  removeBatch(): Promise<boolean>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** From the end of a sweep to the next, in ms. */
  readonly interval: number;
  /** After each batch, in ms: what others do meanwhile is not held up. Several in a row where absent. */
  readonly pause?: number;
  onError(error: unknown): void;
}

/** Removes what is of no use any more, again and again. What one sweep could not remove, the next one tries again. */
export class Sweep {
  readonly #deps: SweepDeps;
  readonly #task: SerialTask;

  constructor(deps: SweepDeps) {
    const { interval } = deps;
    this.#deps = deps;
    this.#task = new SerialTask({
      ...deps,
      pauses: { first: interval, longest: interval },
      run: () => this.#sweep(),
    });
  }

  /** Sweeps now, and then every interval. */
  start(): void {
    this.#task.ask();
  }

  /** There is something to sweep before the interval has passed. */
  ask(): void {
    this.#task.askSoon();
  }

  /** Resolves once nothing is under way. */
  close(): Promise<void> {
    return this.#task.close();
  }

  async #sweep(): Promise<Timestamp> {
    const { removeBatch, clock, interval, pause } = this.#deps;
    if (pause !== undefined) return clock.now() + ((await removeBatch()) ? pause : interval);
    for (let batch = 0; batch < MAX_BATCHES && !this.#task.isClosed; batch++) {
      if (!(await removeBatch())) break;
    }
    return clock.now() + interval;
  }
}
