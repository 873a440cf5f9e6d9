import type { BusinessEvent } from './business-event.ts';
import type { KnownEventType } from './business-event-schemas.ts';
import type {
  AttendanceChanged,
  ConversationChanged,
  ConversationCreated,
  CoreEvent,
  GroupDissolved,
  MemberAdded,
  MemberChanged,
  MemberRemoved,
  MessageChanged,
  MessageCreated,
  MessageHidden,
  MessagePinned,
  PermissionChanged,
  ServiceChanged,
  SettingsChanged,
  SingleCreated,
  UserChanged,
  UserSession,
  UserStatusChanged,
} from './events.ts';
import type { JsonValue, Message, Timestamp } from './model.ts';
import { isoTime } from './time.ts';

/** What of the core's events other systems and `im` clients learn, in the words of sections 6.2 and 7.3 of the document. */
export interface Fact {
  readonly tenant: string;
  readonly eventType: string;
  readonly fields: { readonly [field: string]: JsonValue };
}

/** How other systems learn of events of a type, and what. */
interface FactRule<Event extends CoreEvent> {
  /**
   * `log`: by the change log, as the event tells what the store did. `event`: by the event itself, as nobody stores it.
   * `never`: it came from outside, or is between the server and its clients.
   */
  readonly by: 'log' | 'event' | 'never';
  readonly facts: (event: Event, now: Timestamp) => Fact[];
}

const logged = <Event extends CoreEvent>(facts: FactRule<Event>['facts']): FactRule<Event> => ({
  by: 'log',
  facts,
});
const told = <Event extends CoreEvent>(facts: FactRule<Event>['facts']): FactRule<Event> => ({
  by: 'event',
  facts,
});
const NEVER: FactRule<CoreEvent> = { by: 'never', facts: () => [] };

/** The whole mapping: which event of the core becomes which subject, and by which way. */
const FACTS: { readonly [Type in CoreEvent['type']]: FactRule<CoreEvent & { type: Type }> } = {
  'message.created': logged(messageSent),
  'message.changed': logged(messageChanged),
  'message.hidden': logged(messageHidden),
  'message.pinned': logged(pinChanged),
  'message.unpinned': logged(pinChanged),
  'conversation.created': logged(groupCreated),
  'single.created': logged(singleCreated),
  'conversation.changed': logged(groupUpdated),
  'group.dissolved': logged(groupDissolved),
  'member.added': logged((event, now) => memberChanged(event, { memberRole: event.role }, now)),
  'member.changed': logged(roleChanged),
  'member.removed': logged((event, now) => memberChanged(event, {}, now)),
  'service.changed': logged(serviceChanged),
  'user.changed': logged(profileUpdated),
  'settings.changed': logged(configChanged),
  'permission.changed': logged(permissionChanged),
  'attendance.joined': told(attendanceChanged('business.conversation.member.added')),
  'attendance.left': told(attendanceChanged('business.conversation.member.removed')),
  'user.status': told(presenceChanged),
  'user.login': told(login),
  'user.logout': told(logout),
  business: NEVER,
  'message.status': NEVER,
  receipt: NEVER,
  'user.deleted': NEVER,
  'user.access': NEVER,
  'room.closed': NEVER,
  notification: NEVER,
  'service.position': NEVER,
  'service.typing': NEVER,
  typing: NEVER,
  'service.noted': NEVER,
  'desk.changed': NEVER,
  broadcast: NEVER,
  'user.told': NEVER,
};

/** The fact of an event, or none where it is no business of other systems. */
export function factsOf(event: CoreEvent, now: Timestamp): Fact[] {
  // The event's type chooses the mapping, which the compiler cannot see.
  return (FACTS[event.type].facts as FactRule<CoreEvent>['facts'])(event, now);
}

/** Whether an event tells what the store did, and so is in the change log where other systems learn of it. */
export function isStored({ type }: CoreEvent): boolean {
  return FACTS[type].by === 'log';
}

/** The event that tells a fact. */
export function toEvent(
  { tenant, eventType, fields }: Fact,
  { eventId, origin }: { eventId: string; origin: string },
): BusinessEvent {
  return { eventId, eventType, ...fields, appId: tenant, origin };
}

function messageSent({ message, isRetold }: MessageCreated): Fact[] {
  if (isRetold) return [];
  const { kind, seq, senderId, targetId, clientId, content, source, createdAt } = message;
  const fields = {
    conversationType: kind,
    senderId,
    receiverId: targetId,
    clientMessageId: clientId,
    sequence: seq,
    messageType: content.type,
    content: content.text,
    contentExtra: content.extra,
    source,
    timestamp: isoTime(createdAt),
  };
  return [ofMessage('communication.message.sent', message, fields)];
}

function singleCreated({ message }: SingleCreated): Fact[] {
  const { tenant, conversationId, senderId, targetId, createdAt } = message;
  const memberIds = senderId === targetId ? [senderId] : [senderId, targetId];
  const made = { creatorId: senderId, memberIds, createTime: isoTime(createdAt) };
  const fields = { conversationId, conversationType: 'single', ...made };
  return [fact(tenant, 'business.conversation.created', fields)];
}

function messageChanged({ change, message, actorId }: MessageChanged): Fact[] {
  const { senderId, content, changeReason: reason, changedAt } = message;
  const text = change === 'edited' ? { content: content.text, contentExtra: content.extra } : {};
  const scope = change === 'deleted' ? { deleteScope: 1 } : {};
  const fields = { operatorId: actorId, senderId, ...text, ...scope, reason, timestamp: isoTime(changedAt) };
  return [ofMessage(`communication.message.${change}`, message, fields)];
}

/** Out of one user's sight, scope 0 of the document's deletions. */
function messageHidden({ message, userId }: MessageHidden, now: Timestamp): Fact[] {
  const fields = { operatorId: userId, deleteScope: 0, timestamp: isoTime(now) };
  return [ofMessage('communication.message.deleted', message, fields)];
}

/** One's own pins are nobody else's business. */
function pinChanged(event: MessagePinned, now: Timestamp): Fact[] {
  return event.scope === 'everyone' ? [pinFact(event, now)] : [];
}

/** The fact of a pin, also of one that is the actor's own. */
export function pinFact({ type, message, scope, actorId }: MessagePinned, now: Timestamp): Fact {
  const { tenant, conversationId, id: messageId } = message;
  const updateType = type === 'message.pinned' ? 'message_pinned' : 'message_unpinned';
  const pin = { messageId, pinScope: scope === 'everyone' ? 1 : 0 };
  const fields = { conversationId, groupId: conversationId, updateType, ...pin, ...act(actorId, now) };
  return fact(tenant, 'business.conversation.updated', fields);
}

function groupCreated({ conversation, actorId }: ConversationCreated): Fact[] {
  const { tenant, id: groupId, name: groupName, memberCount, createdAt } = conversation;
  const made = { groupName, creatorId: actorId, memberCount, createTime: isoTime(createdAt) };
  const fields = { groupId, updateType: 'group_created', ...made, ...act(actorId, createdAt) };
  return [fact(tenant, 'business.group.created', fields)];
}

function groupUpdated({ conversation, actorId }: ConversationChanged, now: Timestamp): Fact[] {
  const { tenant, id: groupId, name: groupName, avatar } = conversation;
  const fields = { groupId, updateType: 'group_updated', groupName, avatar, ...act(actorId, now) };
  return [fact(tenant, 'business.group.updated', fields)];
}

function groupDissolved(event: GroupDissolved, now: Timestamp): Fact[] {
  const { tenant, conversationId: groupId, actorId } = event;
  const fields = { groupId, updateType: 'group_dissolved', ...act(actorId, now) };
  return [fact(tenant, 'business.group.updated', fields)];
}

function roleChanged(event: MemberChanged, now: Timestamp): Fact[] {
  const { tenant, conversationId: groupId, userId: memberId, role: memberRole, actorId } = event;
  const change = { updateType: 'member_role_changed', memberId, memberRole };
  const fields = { groupId, ...change, ...act(actorId, now) };
  return [fact(tenant, 'business.group.updated', fields)];
}

/** Of a room attendance tells, guests included. */
function memberChanged(event: MemberAdded | MemberRemoved, fields: Fact['fields'], now: Timestamp): Fact[] {
  const { tenant, conversationId, kind, userId: memberId, actorId } = event;
  const isAdded = event.type === 'member.added';
  const member = { memberId, ...fields, ...act(actorId, now) };
  switch (kind) {
    case 'room':
      return [];
    case 'service': {
      const eventType = `business.conversation.member.${isAdded ? 'added' : 'removed'}` as const;
      return [fact(tenant, eventType, { conversationId, conversationType: kind, ...member })];
    }
    default: {
      const eventType = `business.group.member.${isAdded ? 'joined' : 'left'}` as const;
      const updateType = isAdded ? 'member_added' : 'member_removed';
      return [fact(tenant, eventType, { groupId: conversationId, updateType, ...member })];
    }
  }
}

function presenceChanged({ tenant, userId, status, at }: UserStatusChanged): Fact[] {
  return [fact(tenant, 'business.user.status.changed', { userId, status, timestamp: isoTime(at) })];
}

function login({ tenant, userId, at, device }: UserSession): Fact[] {
  const { deviceId = '', clientType = '', ipAddress = '', userAgent = '' } = device ?? {};
  const fields = { userId, deviceId, loginTime: isoTime(at), ipAddress, clientType, userAgent };
  return [fact(tenant, 'business.user.login', fields)];
}

function logout({ tenant, userId, at, device }: UserSession): Fact[] {
  const fields = { userId, deviceId: device?.deviceId ?? '', logoutTime: isoTime(at) };
  return [fact(tenant, 'business.user.logout', fields)];
}

/** Whoever attends a room is its member as long; at a group attendance says nothing about members. */
function attendanceChanged(eventType: KnownEventType) {
  return ({ tenant, room, person }: AttendanceChanged, now: Timestamp): Fact[] =>
    room.kind === 'room'
      ? [
          fact(tenant, eventType, {
            conversationId: room.id,
            conversationType: 'room',
            memberId: person.id,
            memberName: person.profile.name,
            timestamp: isoTime(now),
          }),
        ]
      : [];
}

function serviceChanged({ change, session }: ServiceChanged, now: Timestamp): Fact[] {
  const { tenant, id: conversationId, customerId, agentId, state, skill, rating } = session;
  const service = { conversationId, conversationType: 'service', customerId, agentId, state, skill };
  if (change === 'opened') {
    const opening = { creatorId: customerId, memberIds: [customerId], createTime: isoTime(session.openedAt) };
    return [fact(tenant, 'business.conversation.created', { ...service, ...opening })];
  }
  const fields = { ...service, updateType: `service_${change}`, timestamp: isoTime(now) };
  return [
    fact(tenant, 'business.conversation.updated', rating ? { ...fields, score: rating.score } : fields),
  ];
}

function profileUpdated({ user, actorId }: UserChanged, now: Timestamp): Fact[] {
  const { tenant, id: userId, username, nickname, avatar, role } = user;
  const by = { operatorId: actorId, timestamp: isoTime(now) };
  return [fact(tenant, 'business.user.profile.updated', { userId, username, nickname, avatar, role, ...by })];
}

function configChanged(event: SettingsChanged): Fact[] {
  const { configType } = event;
  const values = { configType, oldConfig: { ...event.old }, newConfig: { ...event.new } };
  return [other(event.tenant, 'business.config.changed', { ...values, ...adminAct(event) })];
}

function permissionChanged(event: PermissionChanged): Fact[] {
  const { userId, permissionType } = event;
  const values = { userId, permissionType, oldPermission: event.old, newPermission: event.new };
  return [other(event.tenant, 'business.permission.changed', { ...values, ...adminAct(event) })];
}

/** Who did it and when, by the names of both sections. */
function act(actorId: string, at: Timestamp) {
  return { operatorId: actorId, updatedBy: actorId, timestamp: isoTime(at) };
}

function adminAct({ actorId, reason, at }: SettingsChanged | PermissionChanged) {
  return { changedBy: actorId, reason, timestamp: isoTime(at) };
}

function ofMessage(eventType: KnownEventType, message: Message, fields: Fact['fields']): Fact {
  const { tenant, id: messageId, conversationId } = message;
  return fact(tenant, eventType, { messageId, conversationId, ...fields });
}

function fact(tenant: string, eventType: KnownEventType, fields: Fact['fields']): Fact {
  return other(tenant, eventType, fields);
}

/** A fact that section 7.1 has no type for. */
function other(tenant: string, eventType: string, fields: Fact['fields']): Fact {
  return { tenant, eventType, fields };
}
