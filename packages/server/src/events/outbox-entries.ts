import { type Fact, toEvent } from '../core/facts.ts';
import type { Timestamp } from '../core/model.ts';
import type { OutboxEntry } from '../core/ports/event-store.ts';
import type { Targets } from './targets.ts';

export interface OutboxEntriesDeps {
  readonly targets: Targets;
  /** Of this deployment. */
  readonly origin: string;
}

/** The entries by which a fact goes to everybody who wants it: one event, written once. None where nobody does. */
export function outboxEntriesOf(
  fact: Fact,
  { eventId, at }: Pick<OutboxEntry, 'eventId'> & { readonly at: Timestamp },
  { targets, origin }: OutboxEntriesDeps,
): OutboxEntry[] {
  const { tenant, eventType } = fact;
  const wanted = targets.of(tenant, eventType);
  if (wanted.length === 0) return [];
  const body = JSON.stringify(toEvent(fact, { eventId, origin }));
  return wanted.map((target) => ({ tenant, target, eventId, eventType, body, at }));
}
