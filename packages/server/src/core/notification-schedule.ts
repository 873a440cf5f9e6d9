import type { Notifications } from './notifications.ts';
import type { Clock } from './ports/clock.ts';
import type { Timers } from './ports/timers.ts';
import { SerialTask } from './serial-task.ts';

export interface NotificationScheduleDeps {
  readonly notifications: Pick<Notifications, 'onPlanned' | 'tellDue'>;
  readonly clock: Clock;
  readonly timers: Timers;
  onError(error: unknown): void;
}

/** Tells planned notifications when their time comes. The plan is in the store: what fell due while no server ran is told at the start. */
export class NotificationSchedule {
  readonly #task: SerialTask;

  constructor({ notifications, ...deps }: NotificationScheduleDeps) {
    this.#task = new SerialTask({ ...deps, run: () => notifications.tellDue() });
    notifications.onPlanned((at) => this.#task.askBy(at));
  }

  /** Resolves once what is due by now was told. */
  start(): Promise<void> {
    this.#task.ask();
    return this.#task.settled();
  }

  /** Resolves once nothing is under way. */
  close(): Promise<void> {
    return this.#task.close();
  }
}
