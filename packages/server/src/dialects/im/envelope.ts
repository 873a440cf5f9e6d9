import { randomUUID } from 'node:crypto';
import { type ImEnvelope, ImMessageStatus } from '@haina/wire';
import type { CoreEvent } from '../../core/events.ts';

/** Version of the protocol's document. */
export const IM_VERSION = '2.0';

/** The `source` of what the server says by itself. */
export const SERVER_SOURCE = 'haina';

/**
 * The envelope of what the server says by itself, at this time; what it does not name says nothing. Its id is its own
 * where it has none of a message or event, as clients drop what has an id that they have seen.
 */
export function serverEnvelope(timestamp: number, named: Partial<ImEnvelope> = {}): ImEnvelope {
  return {
    messageId: randomUUID(),
    status: ImMessageStatus.MESSAGE_NORMAL,
    senderId: '',
    receiverId: '',
    conversationId: '',
    clientMessageId: '',
    version: IM_VERSION,
    deviceId: '',
    source: SERVER_SOURCE,
    timestamp,
    sequence: 0,
    ...named,
  };
}

const eventIds = new WeakMap<CoreEvent, string>();

/** An id for an event that has none: the same in every form and at every place where it is told. */
export function eventIdOf(event: CoreEvent): string {
  const id = eventIds.get(event) ?? randomUUID();
  eventIds.set(event, id);
  return id;
}
