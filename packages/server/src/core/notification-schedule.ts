import type { Timestamp } from './model.ts';
import type { Notifications } from './notifications.ts';
import type { Clock } from './ports/clock.ts';
import type { Cancel, Timers } from './ports/timers.ts';

/** Longest delay that a timer takes, in ms. */
const MAX_DELAY = 2 ** 31 - 1;
/** When to try again after the store could not say what is due, in ms. */
const RETRY_AFTER = 1000;

export interface NotificationScheduleDeps {
  readonly notifications: Pick<Notifications, 'onPlanned' | 'tellDue'>;
  readonly clock: Clock;
  readonly timers: Timers;
  onError(error: unknown): void;
}

/** Tells planned notifications when their time comes. The plan is in the store: what fell due while no server ran is told at the start. */
export class NotificationSchedule {
  readonly #deps: NotificationScheduleDeps;
  #next: Timestamp = Number.POSITIVE_INFINITY;
  #cancel: Cancel = () => {};
  #running = Promise.resolve();
  #isClosed = false;

  constructor(deps: NotificationScheduleDeps) {
    this.#deps = deps;
    deps.notifications.onPlanned((at) => this.#await(at));
  }

  /** Resolves once what is due by now was told. */
  start(): Promise<void> {
    return this.#run();
  }

  /** Resolves once nothing is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#running;
  }

  #await(at: Timestamp): void {
    if (this.#isClosed || at >= this.#next) return;
    this.#cancel();
    const delay = at - this.#deps.clock.now();
    if (delay <= 0) {
      void this.#run();
      return;
    }
    this.#next = at;
    this.#cancel = this.#deps.timers.after(Math.min(delay, MAX_DELAY), () => void this.#run());
  }

  #run(): Promise<void> {
    this.#next = Number.POSITIVE_INFINITY;
    this.#running = this.#running.then(() => this.#tellDue());
    return this.#running;
  }

  async #tellDue(): Promise<void> {
    try {
      const next = await this.#deps.notifications.tellDue();
      if (next !== null) this.#await(next);
    } catch (error) {
      this.#deps.onError(error);
      this.#await(this.#deps.clock.now() + RETRY_AFTER);
    }
  }
}
