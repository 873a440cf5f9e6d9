import type { Timestamp } from '../model.ts';
import type { Page } from './page.ts';

/** An address that gets a tenant's events by HTTP. */
export interface Webhook {
  readonly tenant: string;
  readonly id: string;
  readonly url: string;
  /** Types, or prefixes of types that end in `.*`; `*` for all. */
  readonly events: readonly string[];
  /** Signs what is sent there. */
  readonly secret: string;
  readonly createdBy: string;
  readonly createdAt: Timestamp;
}

/** An event that waits to leave. */
export interface OutboxEntry {
  readonly tenant: string;
  /** The webhook's id; empty for the message bus. */
  readonly target: string;
  readonly eventId: string;
  readonly eventType: string;
  /** The event as JSON. */
  readonly body: string;
  readonly at: Timestamp;
}

export interface Delivery extends OutboxEntry {
  /** Sorts as the entries were recorded. */
  readonly id: string;
  /** That failed so far. */
  readonly tries: number;
}

/** Who takes deliveries says until when they are in its hands. What it has not settled by then others may take. */
export interface DeliveryClaim {
  readonly target: string;
  readonly now: Timestamp;
  /** Later than `now`. What was taken is settled by it. */
  readonly until: Timestamp;
  readonly limit: number;
  /** Whether deliveries of this target leave in their order: one claim at a time has any of them. */
  readonly inOrder: boolean;
  /** Claims of others until then have ended, too: a node that is alone goes on at once where it was cut off. `now` where absent. */
  readonly endedBy?: Timestamp;
}

/** What became of the deliveries of a claim. */
export interface DeliverySettlement extends Pick<DeliveryClaim, 'target' | 'until' | 'inOrder'> {
  readonly outcomes: readonly DeliveryOutcome[];
  /** Ids of those of which nothing became: they are due as before. */
  readonly undone: readonly string[];
  /** Of the target's dead ones the newest are kept. */
  readonly maxDead: number;
}

/** What became of a delivery. */
export type DeliveryOutcome =
  | { readonly id: string; readonly result: 'done' }
  | { readonly id: string; readonly result: 'retry'; readonly dueAt: Timestamp; readonly failure: string }
  | { readonly id: string; readonly result: 'dead'; readonly failure: string };

/** A delivery that was given up. */
export interface DeadLetter extends Delivery {
  /** Why its last try failed. */
  readonly failure: string;
}

/** The events on their way out, and where they go. */
export interface EventStore {
  /** ECONFLICT where the tenant has so many already. */
  createWebhook(webhook: Webhook, maxWebhooks: number): Promise<void>;
  /** Of all tenants, in the order they were made. */
  listWebhooks(): Promise<Webhook[]>;
  /** What waits for it, and what was given up, goes too: out of sight at once, its rows are remains. ENOENT (field `id`). */
  deleteWebhook(tenant: string, id: string): Promise<void>;
  /** Appends entries that are due at once. Those of a target that has `maxWaiting` already are left out, and counted. */
  recordDeliveries(entries: readonly OutboxEntry[], maxWaiting: number): Promise<number>;
  /**
   * Takes what is due by now of a target and in nobody's hands, the earliest first. Of several who ask at once each gets others; where
   * the target has an order, one gets some and the others none, until it has settled them.
   */
  claimDeliveries(claim: DeliveryClaim): Promise<Delivery[]>;
  /** When there may next be something to take of a target; null where nothing waits. */
  nextDeliveryDue(target: string): Promise<Timestamp | null>;
  /**
   * Ends a claim. Deliveries that are gone are passed over, and so are those that others have taken since the claim ended by
   * itself, but for what is done.
   */
  settleDeliveries(settlement: DeliverySettlement): Promise<void>;
  /** The newest first; those older than `after`. */
  listDeadLetters(tenant: string, page: Page): Promise<DeadLetter[]>;
  /** Makes it due now, with all its tries anew. Returns its target. ENOENT (field `id`). */
  retryDeadLetter(tenant: string, id: string, at: Timestamp): Promise<string>;
}
