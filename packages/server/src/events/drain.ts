import type { Timestamp } from '../core/model.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Delivery, DeliveryOutcome, EventStore } from '../core/ports/event-store.ts';
import type { Timers } from '../core/ports/timers.ts';
import { SerialTask } from '../core/serial-task.ts';

/** Dead letters to keep of one target. */
const MAX_DEAD = 10_000;

export interface DrainDeps {
  readonly target: string;
  readonly store: Pick<EventStore, 'listDueDeliveries' | 'nextDeliveryDue' | 'settleDeliveries'>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Deliveries of one batch. */
  readonly batch: number;
  /** False while nothing can be delivered; whoever knows that it can again wakes the drain. */
  isReady(): boolean;
  /** What became of each; throws where now is not the time: then all come again a little later. */
  deliver(deliveries: readonly Delivery[]): Promise<readonly DeliveryOutcome[]>;
  onError(error: unknown): void;
}

/** Takes what is due for one target out of the outbox, batch by batch, and says what became of it. */
export class Drain {
  readonly #deps: DrainDeps;
  readonly #task: SerialTask;

  constructor(deps: DrainDeps) {
    this.#deps = deps;
    this.#task = new SerialTask({ ...deps, run: () => this.#empty() });
  }

  /** There may be something due. */
  wake(): void {
    this.#task.ask();
  }

  /** Resolves once nothing is under way. */
  close(): Promise<void> {
    return this.#task.close();
  }

  /** Delivers until nothing is due; returns when the next one is. */
  async #empty(): Promise<Timestamp | null> {
    const { target, store, clock, batch, deliver } = this.#deps;
    while (!this.#task.isClosed && this.#deps.isReady()) {
      const due = await store.listDueDeliveries(target, clock.now(), batch);
      if (due.length === 0) return store.nextDeliveryDue(target);
      await store.settleDeliveries(await deliver(due), MAX_DEAD);
    }
    return null;
  }
}
