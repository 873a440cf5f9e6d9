import type { Delivery } from '../../core/ports/event-store.ts';
import { get, type Op } from './statement.ts';

export interface DeliveryRow {
  pk: number;
  tenant: string;
  target: string;
  event_id: string;
  event_type: string;
  body: string;
  at: number;
  tries: number;
  failure: string;
}

export const DELIVERY_COLUMNS = 'pk, tenant, target, event_id, event_type, body, at, tries, failure';

export function toDelivery({ pk, event_id: eventId, event_type: eventType, ...row }: DeliveryRow): Delivery {
  const { tenant, target, body, at, tries } = row;
  return { id: String(pk), tenant, target, eventId, eventType, body, at, tries };
}

/** Whether a webhook was deleted, whose rows are still to be removed. */
export function* isDeleted(target: string): Op<boolean> {
  return (yield* get("SELECT 1 FROM remains WHERE kind = 'webhook' AND name = ?", target)) !== undefined;
}
