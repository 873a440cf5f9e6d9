import type { BaseConnection } from './base-connection.ts';

/** The passing of time. Delays are in milliseconds. */
export interface DrainTimers {
  /** Returns what undoes it, which is harmless when it is over already. */
  after(delay: number, run: () => void): () => void;
}

/** Shortest time between two steps, in ms: a hundred thousand connections need no hundred thousand timers. */
const MIN_STEP = 50;

export interface DrainOptions {
  readonly timers: DrainTimers;
  /** To which no others come. */
  readonly connections: readonly BaseConnection[];
  /** In ms, more than 0. */
  readonly time: number;
  /** Resolves once they are closed. Never rejects. */
  close(connections: readonly BaseConnection[]): Promise<void>;
}

/**
 * Closes connections one after the other, spread evenly over a time, so that their clients don't all connect elsewhere at
 * once. The longest connected goes first, the last one when the time is over.
 */
export class Drain {
  readonly #options: DrainOptions;
  readonly #closing: Promise<void>[] = [];
  readonly #over = Promise.withResolvers<void>();
  #isOver = false;
  #cancelStep = (): void => {};

  constructor(options: DrainOptions) {
    this.#options = options;
    const { connections, time } = options;
    const steps = Math.max(1, Math.min(connections.length, Math.floor(time / MIN_STEP)));
    this.#await(1, steps, time / steps);
  }

  /** Resolves once all are closed, also where they went by themselves, or it was told to hurry. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Ends the waiting; who is connected still stays so. False where it is over. */
  hurry(): boolean {
    if (this.#isOver) return false;
    this.#cancelStep();
    this.#end();
    return true;
  }

  #await(step: number, steps: number, delay: number): void {
    const { timers, connections, close } = this.#options;
    if (step > steps || !connections.some(({ isOpen }) => isOpen)) {
      void Promise.all(this.#closing).then(() => this.#end());
      return;
    }
    this.#cancelStep = timers.after(delay, () => {
      const [from, to] = [step - 1, step].map((each) => Math.ceil((connections.length * each) / steps));
      this.#closing.push(close(connections.slice(from, to)));
      this.#await(step + 1, steps, delay);
    });
  }

  #end(): void {
    this.#isOver = true;
    this.#over.resolve();
  }
}
