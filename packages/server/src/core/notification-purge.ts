import type { Notifications } from './notifications.ts';
import type { Cancel, Timers } from './ports/timers.ts';

/** Time between two purges, in ms. */
const INTERVAL = 3_600_000;

export interface NotificationPurgeDeps {
  readonly notifications: Pick<Notifications, 'purge'>;
  readonly timers: Timers;
  onError(error: unknown): void;
}

/** Removes notifications that nobody will see any more: at the start, and from time to time. */
export class NotificationPurge {
  readonly #deps: NotificationPurgeDeps;
  #cancel: Cancel = () => {};
  #running = Promise.resolve();
  #isClosed = false;

  constructor(deps: NotificationPurgeDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves once nothing is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#isClosed && (await this.#deps.notifications.purge()));
    } catch (error) {
      this.#deps.onError(error);
    }
    if (!this.#isClosed) this.#cancel = this.#deps.timers.after(INTERVAL, () => this.start());
  }
}
