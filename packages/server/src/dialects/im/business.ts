import { type ImEventMessage, ImMessageStatus, ImMessageType } from '@haina/wire';
import { categoryOf, type EventCategory } from '../../core/business-event.ts';
import type { BusinessEventTold, CoreEvent } from '../../core/events.ts';
import { factsOf, pinFact } from '../../core/facts.ts';
import { eventIdOf, serverEnvelope } from './envelope.ts';

const TYPES: Record<EventCategory, ImEventMessage['type']> = {
  user: ImMessageType.EVENT_USER_STATUS_CHANGE,
  conversation: ImMessageType.EVENT_GROUP_UPDATE,
  message: ImMessageType.EVENT_MESSAGE_STATUS_CHANGE,
  system: ImMessageType.EVENT_SYSTEM_CONFIG_CHANGE,
};
const STATUSES: ReadonlyMap<string, ImMessageStatus> = new Map([
  ['communication.message.sent', ImMessageStatus.MESSAGE_SENT],
  ['communication.message.recalled', ImMessageStatus.MESSAGE_RECALLED],
  ['communication.message.edited', ImMessageStatus.MESSAGE_EDITED],
  ['communication.message.deleted', ImMessageStatus.MESSAGE_DELETED],
]);

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
      status: STATUSES.get(eventType) ?? ImMessageStatus.MESSAGE_NORMAL,
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

/** What becomes of users and conversations, by its place. Messages, settings and permissions have forms of their own. */
const FACTS: Partial<Record<CoreEvent['type'], 'presence' | 'group'>> = {
  'user.login': 'presence',
  'user.logout': 'presence',
  'user.status': 'presence',
  'user.changed': 'presence',
  'single.created': 'group',
  'conversation.created': 'group',
  'conversation.changed': 'group',
  'group.dissolved': 'group',
  'member.added': 'group',
  'member.changed': 'group',
  'member.removed': 'group',
  'attendance.joined': 'group',
  'attendance.left': 'group',
  'service.changed': 'group',
  'message.pinned': 'group',
  'message.unpinned': 'group',
};

/** Where somebody is and by what is nobody's business: its place is kept, so that the form is the same for all. */
const PRIVATE = { ipAddress: '', userAgent: '' };

/** What happened here to a user or a conversation, as other systems are told of it; undefined for other events. */
export function renderFact(event: CoreEvent, now: number): ImEventMessage | undefined {
  if (FACTS[event.type] === undefined) return undefined;
  const isPin = event.type === 'message.pinned' || event.type === 'message.unpinned';
  const [fact] = isPin ? [pinFact(event, now)] : factsOf(event, now);
  if (!fact) return undefined;
  const { eventType } = fact;
  const fields = event.type === 'user.login' ? { ...fact.fields, ...PRIVATE } : fact.fields;
  const field = (...names: string[]) => textOf(names.map((name) => fields[name]));
  const eventId = eventIdOf(event);
  return {
    ...serverEnvelope('at' in event ? event.at : now, {
      messageId: eventId,
      senderId: field('operatorId', 'creatorId', 'userId'),
      receiverId: field('groupId'),
      conversationId: field('conversationId', 'groupId'),
    }),
    type: TYPES[categoryOf(eventType) as EventCategory],
    event: { content: JSON.stringify({ eventType, ...fields }), eventType, eventId },
  };
}

/** As `renderFact`, at the one of the two places that is for it. */
export function renderFactAt(
  place: 'presence' | 'group',
  event: CoreEvent,
  now: number,
): ImEventMessage | undefined {
  return FACTS[event.type] === place ? renderFact(event, now) : undefined;
}
