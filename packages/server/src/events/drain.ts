import type { Timestamp } from '../core/model.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Delivery, DeliveryClaim, DeliveryOutcome, EventStore } from '../core/ports/event-store.ts';
import type { Timers } from '../core/ports/timers.ts';
import { SerialTask } from '../core/serial-task.ts';

/** Dead letters to keep of one target. */
const MAX_DEAD = 10_000;
/** From one look at what other nodes left to the next, in ms. */
const LOOK_INTERVAL = 15_000;
/** What is due and could not be taken is in the hands of others, who are about to settle it. In ms. */
const SETTLING = 100;

export interface DrainDeps {
  readonly target: string;
  readonly store: Pick<EventStore, 'claimDeliveries' | 'nextDeliveryDue' | 'settleDeliveries'>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Deliveries of one batch. */
  readonly batch: number;
  /** Whether the target gets them in their order: then one node at a time delivers there. */
  readonly inOrder: boolean;
  /** How long a batch may take, in ms. Another node takes what this one has not dealt with by then. */
  readonly lease: number;
  /** Whether no other node drains this store. */
  readonly isAlone: boolean;
  /** False while nothing can be delivered; whoever knows that it can again wakes the drain. */
  isReady(): boolean;
  /** What became of each; throws where now is not the time: then all come again a little later. */
  deliver(deliveries: readonly Delivery[]): Promise<readonly DeliveryOutcome[]>;
  onError(error: unknown): void;
}

/**
 * Takes what is due for one target out of the outbox, batch by batch, and says what became of it. Several nodes may do so at
 * once: what one has taken is not the others' until it is settled, or was not in time.
 */
export class Drain {
  readonly #deps: DrainDeps;
  readonly #task: SerialTask;
  /** Whether a claim was made since the start. */
  #hasClaimed = false;

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
    while (!this.#task.isClosed && this.#deps.isReady()) {
      const claim = this.#newClaim();
      const claimed = await this.#deps.store.claimDeliveries(claim);
      this.#hasClaimed = true;
      if (claimed.length === 0) return this.#nextLook();
      await this.#deal(claim, claimed);
    }
    return null;
  }

  async #deal(claim: DeliveryClaim, claimed: readonly Delivery[]): Promise<void> {
    let outcomes: readonly DeliveryOutcome[] = [];
    try {
      outcomes = await this.#deps.deliver(claimed);
    } finally {
      const { target, until, inOrder } = claim;
      const known = new Set(outcomes.map(({ id }) => id));
      const undone = claimed.map(({ id }) => id).filter((id) => !known.has(id));
      await this.#deps.store.settleDeliveries({
        ...{ target, until, inOrder, outcomes, undone },
        maxDead: MAX_DEAD,
      });
    }
  }

  #newClaim(): DeliveryClaim {
    const { target, clock, lease, batch, inOrder, isAlone } = this.#deps;
    const now = clock.now();
    // What is taken when a node that is alone starts, was so by one that is no more.
    const isOver = isAlone && !this.#hasClaimed;
    const claim = { target, now, until: now + lease, limit: batch, inOrder };
    return isOver ? { ...claim, endedBy: Number.MAX_SAFE_INTEGER } : claim;
  }

  async #nextLook(): Promise<Timestamp | null> {
    const { store, target, clock, isAlone } = this.#deps;
    const next = await store.nextDeliveryDue(target);
    const due = next === null ? null : Math.max(next, clock.now() + SETTLING);
    if (isAlone) return due;
    return Math.min(due ?? Number.POSITIVE_INFINITY, clock.now() + LOOK_INTERVAL);
  }
}
