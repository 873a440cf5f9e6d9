import type { Clock } from '../core/ports/clock.ts';
import type { Delivery, DeliveryOutcome, EventStore } from '../core/ports/event-store.ts';
import type { Cancel, Timers } from '../core/ports/timers.ts';

/** When to try again after a batch could not be dealt with at all, in ms. */
const RETRY_AFTER = 1000;
/** Longest delay that a timer takes, in ms. */
const MAX_DELAY = 2 ** 31 - 1;
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
  #cancel: Cancel = () => {};
  #running: Promise<void> | undefined;
  #isWoken = false;
  #isClosed = false;

  constructor(deps: DrainDeps) {
    this.#deps = deps;
  }

  /** There may be something due. */
  wake(): void {
    if (this.#isClosed) return;
    this.#isWoken = true;
    this.#cancel();
    this.#running ??= this.#run();
  }

  /** Resolves once nothing is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    let next: number | null = null;
    const { clock, onError } = this.#deps;
    try {
      while (this.#isWoken && !this.#isClosed) {
        this.#isWoken = false;
        next = await this.#empty();
      }
    } catch (error) {
      onError(error);
      next = clock.now() + RETRY_AFTER;
    }
    this.#running = undefined;
    if (next !== null && !this.#isClosed) this.#wakeAt(next);
  }

  /** Delivers until nothing is due; returns when the next one is. */
  async #empty(): Promise<number | null> {
    const { target, store, clock, batch, deliver } = this.#deps;
    while (!this.#isClosed && this.#deps.isReady()) {
      const due = await store.listDueDeliveries(target, clock.now(), batch);
      if (due.length === 0) return store.nextDeliveryDue(target);
      await store.settleDeliveries(await deliver(due), MAX_DEAD);
    }
    return null;
  }

  #wakeAt(at: number): void {
    const delay = Math.min(Math.max(at - this.#deps.clock.now(), 0), MAX_DELAY);
    this.#cancel = this.#deps.timers.after(delay, () => this.wake());
  }
}
