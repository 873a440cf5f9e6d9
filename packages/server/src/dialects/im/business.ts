import { type ImEventMessage, ImMessageStatus, ImMessageType } from '@haina/wire';
import type { EventCategory } from '../../core/business-event.ts';
import type { BusinessEventTold, CoreEvent } from '../../core/events.ts';
import { isoTime } from '../../core/time.ts';
import { eventIdOf, serverEnvelope } from './envelope.ts';

const TYPES: Record<EventCategory, ImEventMessage['type']> = {
  user: ImMessageType.EVENT_USER_STATUS_CHANGE,
  conversation: ImMessageType.EVENT_GROUP_UPDATE,
  message: ImMessageType.EVENT_MESSAGE_STATUS_CHANGE,
  system: ImMessageType.EVENT_SYSTEM_CONFIG_CHANGE,
};
const STATUSES: Readonly<Record<string, ImMessageStatus>> = {
  'communication.message.sent': ImMessageStatus.MESSAGE_SENT,
  'communication.message.recalled': ImMessageStatus.MESSAGE_RECALLED,
  'communication.message.edited': ImMessageStatus.MESSAGE_EDITED,
  'communication.message.deleted': ImMessageStatus.MESSAGE_DELETED,
};

/** Where the events of a category go beside `/user/queue/events`, which gets all of them. */
export type BusinessPlace = 'presence' | 'group' | 'status' | 'notifications';
const PLACES: Record<EventCategory, BusinessPlace> = {
  user: 'presence',
  conversation: 'group',
  message: 'status',
  system: 'notifications',
};

/** An event of another system, section 7, at one of the places; undefined for other events, and where it does not go. */
export function renderBusinessAt(place: BusinessPlace, event: CoreEvent): ImEventMessage | undefined {
  if (event.type !== 'business' || event.isPersonal || PLACES[event.category] !== place) return undefined;
  return renderBusiness(event);
}

/** An event of another system, section 7, as `/user/queue/events` gets it; undefined for other events. */
export function renderBusinessEvent(event: CoreEvent): ImEventMessage | undefined {
  return event.type === 'business' ? renderBusiness(event) : undefined;
}

function renderBusiness({ event, category, source, at }: BusinessEventTold): ImEventMessage {
  const { eventId, eventType } = event;
  const field = (...names: string[]) => textOf(names.map((name) => event[name]));
  return {
    ...serverEnvelope(at, {
      messageId: field('messageId') || eventId,
      status: STATUSES[eventType] ?? ImMessageStatus.MESSAGE_NORMAL,
      senderId: field('operatorId', 'senderId', 'creatorId', 'userId'),
      receiverId: field('receiverId', 'groupId'),
      conversationId: field('conversationId', 'groupId'),
      clientMessageId: field('clientMessageId'),
      deviceId: field('deviceId'),
      source,
    }),
    type: TYPES[category],
    event: { content: JSON.stringify(event), eventType, eventId },
  };
}

/** The first text there is. */
function textOf(values: readonly unknown[]): string {
  return values.find((value): value is string => typeof value === 'string') ?? '';
}

/** A user who shares a conversation with the subscriber has another name or picture; undefined for other events. */
export function renderProfile(event: CoreEvent, now: number): ImEventMessage | undefined {
  if (event.type !== 'user.changed') return undefined;
  const { id: userId, username, nickname, avatar } = event.user;
  const eventType = 'business.user.profile.updated';
  const eventId = eventIdOf(event);
  const timestamp = isoTime(now);
  return {
    ...serverEnvelope(now, { messageId: eventId, senderId: userId }),
    type: ImMessageType.EVENT_USER_STATUS_CHANGE,
    event: {
      content: JSON.stringify({ eventType, userId, username, nickname, avatar, timestamp }),
      eventType,
      eventId,
    },
  };
}
