import type { Timestamp } from '../core/model.ts';
import type { Clock } from '../core/ports/clock.ts';

/** What an account, or a network, is allowed before its tries are answered late. */
export interface FailureRule {
  /** Failures a window that cost nothing. */
  readonly free: number;
  /** Longest wait of a try, in ms; the first is `FIRST_DELAY`, each further one twice as long. */
  readonly maxDelay: number;
  /** Tries that may wait for their delay at a time. */
  readonly maxDelayed: number;
  /** Tries that may wait at a time until running ones turn out right or wrong. */
  readonly maxUndecided: number;
}

/** In ms. */
export const FIRST_DELAY = 1000;
/** How long a failure counts, in ms. */
export const FAILURE_WINDOW = 600_000;

/** The failures of an account or a network, and the tries on it that are under way. */
export class FailureLog {
  readonly #rule: FailureRule;
  readonly #clock: Clock;
  /** When, ascending. No more are kept than the longest delay takes. */
  #failures: Timestamp[] = [];
  #tries = 0;
  #running = 0;
  #delayed = 0;
  readonly #undecided = new Set<() => void>();

  constructor(rule: FailureRule, clock: Clock) {
    this.#rule = rule;
    this.#clock = clock;
  }

  /** Whether a try is under way, so that it must not be replaced by a new one. */
  get isInUse(): boolean {
    return this.#tries > 0;
  }

  /** Whether it may be forgotten: it is like a new one. */
  get isEmpty(): boolean {
    return !this.isInUse && this.#recent() === 0;
  }

  /** A try begins; `leave` ends it, whatever became of it. */
  enter(): void {
    this.#tries++;
  }

  leave(): void {
    this.#tries--;
  }

  /** How late the next try is answered, in ms; those that wait already count as failures. */
  get delay(): number {
    const { free, maxDelay } = this.#rule;
    const excess = this.#recent() - free;
    return excess < 0 ? 0 : Math.min(maxDelay, FIRST_DELAY * 2 ** (excess + this.#delayed));
  }

  /** Whether the running tries would use up the free failures, if all of them were wrong. */
  get isUndecided(): boolean {
    return this.#recent() + this.#running >= this.#rule.free;
  }

  get mayDelay(): boolean {
    return this.#delayed < this.#rule.maxDelayed;
  }

  get mayWait(): boolean {
    return this.#undecided.size < this.#rule.maxUndecided;
  }

  /** Counts a try that waits for its delay, until the returned function is called. */
  delaying(): () => void {
    this.#delayed++;
    return () => {
      this.#delayed--;
    };
  }

  /** Counts a try that runs, until the returned function is called. */
  running(): () => void {
    this.#running++;
    return () => {
      this.#running--;
      for (const wake of [...this.#undecided]) wake();
    };
  }

  /** Resolves once a running try has ended, or the client hung up. */
  decided(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#undecided.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#undecided.add(wake);
      signal?.addEventListener('abort', wake);
    });
  }

  failed(): void {
    const { free, maxDelay } = this.#rule;
    const kept = free + Math.ceil(Math.log2(maxDelay / FIRST_DELAY));
    this.#failures = [...this.#failures.slice(-kept), this.#clock.now()];
  }

  /** Takes back the newest failure: it turned out to be a slip of the fingers. */
  forgive(): void {
    this.#failures.pop();
  }

  #recent(): number {
    const since = this.#clock.now() - FAILURE_WINDOW;
    while (this.#failures[0] !== undefined && this.#failures[0] <= since) this.#failures.shift();
    return this.#failures.length;
  }
}
