import type { CoreEvent } from '../events.ts';
import { type Fact, factsOf, isStored } from '../facts.ts';
import type { Timestamp } from '../model.ts';
import type { LogEntry } from './log-entry.ts';
import { tellingsOf } from './tellings.ts';

/** Whether other systems learn of an entry, which is what it tells here that they learn of. */
export function isFact(entry: LogEntry): boolean {
  for (const _ of toldOutside(entry)) return true;
  return false;
}

/** What other systems learn of an entry, in the order in which it is told here. @param at when it was stored */
export function* factsOfEntry(entry: LogEntry, at: Timestamp): Iterable<Fact> {
  for (const event of toldOutside(entry)) yield* factsOf(event, at);
}

function* toldOutside(entry: LogEntry): Iterable<CoreEvent> {
  for (const { event, how } of tellingsOf(entry)) {
    if (how === 'publish' && isStored(event) && !isToldToMember(event) && !isOfRoom(event)) yield event;
  }
}

/** Of a group that ended other systems learn once, and not once a member. */
function isToldToMember(event: CoreEvent): boolean {
  return event.type === 'member.removed' && event.isOfEnded === true;
}

/** Who is in a room they learn by attendance. */
function isOfRoom(event: CoreEvent): boolean {
  return (event.type === 'member.added' || event.type === 'member.removed') && event.kind === 'room';
}
