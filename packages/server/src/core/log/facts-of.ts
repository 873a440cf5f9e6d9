import type { CoreEvent } from '../events.ts';
import { type Fact, factsOf } from '../facts.ts';
import type { Timestamp } from '../model.ts';
import type { LogEntry } from './log-entry.ts';
import { tellingsOf } from './tellings.ts';

/** Entries that no system outside of this deployment learns of. */
const INTERNAL: ReadonlySet<LogEntry['type']> = new Set([
  'room-closed',
  'members-out',
  'access-ended',
  'note-added',
  'notification-published',
]);

/** Whether other systems learn of an entry. Who is in a room they learn by attendance. */
export function isFact(entry: LogEntry): boolean {
  const isOfRoom =
    (entry.type === 'members-added' || entry.type === 'member-removed') && entry.kind === 'room';
  return !isOfRoom && !INTERNAL.has(entry.type);
}

/** What other systems learn of an entry, in the order in which it is told here. @param at when it was stored */
export function* factsOfEntry(entry: LogEntry, at: Timestamp): Iterable<Fact> {
  for (const { event, how } of tellingsOf(entry)) {
    if (how === 'publish' && !isToldToMember(event)) yield* factsOf(event, at);
  }
}

/** Of a group that ended other systems learn once, and not once a member. */
function isToldToMember(event: CoreEvent): boolean {
  return event.type === 'member.removed' && event.isOfEnded === true;
}
