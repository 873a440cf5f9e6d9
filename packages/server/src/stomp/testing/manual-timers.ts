import type { Cancel, Timers } from '../timers.ts';

interface Timer {
  due: number;
  readonly period: number | undefined;
  readonly run: () => void;
}

/** Time that passes only when the test says so. */
export class ManualTimers implements Timers {
  #now = 0;
  readonly #timers = new Set<Timer>();

  /** Timers that are waiting. */
  get pending(): number {
    return this.#timers.size;
  }

  after(delay: number, run: () => void): Cancel {
    return this.#start({ due: this.#now + delay, period: undefined, run });
  }

  every(period: number, run: () => void): Cancel {
    return this.#start({ due: this.#now + period, period, run });
  }

  /** Lets time pass, running what becomes due in its order. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#now = timer.due;
      if (timer.period === undefined) this.#timers.delete(timer);
      else timer.due += timer.period;
      timer.run();
    }
    this.#now = end;
  }

  #start(timer: Timer): Cancel {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  #next(end: number): Timer | undefined {
    const due = [...this.#timers].filter((timer) => timer.due <= end);
    return due.sort((a, b) => a.due - b.due)[0];
  }
}
