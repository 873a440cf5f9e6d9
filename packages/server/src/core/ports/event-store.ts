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
  /** What is due by now of a target, the earliest first. */
  listDueDeliveries(target: string, now: Timestamp, limit: number): Promise<Delivery[]>;
  /** When the next delivery of a target is due; null where nothing waits. */
  nextDeliveryDue(target: string): Promise<Timestamp | null>;
  /** Outcomes of deliveries that are gone are passed over. Of a target's dead ones the newest `maxDead` are kept. */
  settleDeliveries(outcomes: readonly DeliveryOutcome[], maxDead: number): Promise<void>;
  /** The newest first; those older than `after`. */
  listDeadLetters(tenant: string, page: Page): Promise<DeadLetter[]>;
  /** Makes it due now, with all its tries anew. Returns its target. ENOENT (field `id`). */
  retryDeadLetter(tenant: string, id: string, at: Timestamp): Promise<string>;
}
