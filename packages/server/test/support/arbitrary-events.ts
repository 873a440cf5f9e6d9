import fc from 'fast-check';
import type { CoreEvent } from '../../src/core/events.ts';
import {
  CONTENT_TYPES,
  type Content,
  type Conversation,
  type JsonValue,
  MEMBER_ROLES,
  type Message,
  NOTIFICATION_TYPES,
  type Person,
  PRIORITIES,
  ROLES,
  type Room,
} from '../../src/core/model.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom('', '\0', '{}', '\n:', '💬'),
);
const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });
/** Times beyond what a `Date` can hold too: a store may have some from before they were refused. */
const time = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.constantFrom(0, 8.64e15, 8.64e15 + 1, Number.MAX_SAFE_INTEGER),
);
const count = fc.maxSafeNat();
const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;
const fields = fc.dictionary(id, json, { maxKeys: 3 });
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value);
/** With each of these fields or without. */
const optional = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
const both = <A extends object, B extends object>(one: fc.Arbitrary<A>, other: fc.Arbitrary<B>) =>
  fc.tuple(one, other).map(([a, b]) => ({ ...a, ...b }));

const profile = fc.record({ name: text, number: text, nickname: text, avatar: text });
const party = fc.record({ name: text, uid: fc.integer(), nickname: text, avatar: text });
const person: fc.Arbitrary<Person> = fc.record({ id, profile });
const kind = fc.constantFrom('single', 'group', 'room', 'service');
const content = both(
  fc.record({
    type: fc.constantFrom(...CONTENT_TYPES),
    text,
    extra: orNull(fc.oneof(json, fc.record({ url: text, name: text, latitude: fc.double(), userId: text }))),
  }),
  optional({ fields }),
) as fc.Arbitrary<Content>;
const reference = fc.record({
  kind: fc.constantFrom('quote', 'forward'),
  messageId: id,
  senderId: id,
  text,
  isRecalled: fc.boolean(),
  reason: text,
});
const message = both(
  fc.record({
    tenant: id,
    id,
    clientId: id,
    conversationId: id,
    kind,
    seq: count,
    number: count,
    senderId: fc.oneof(
      id,
      id.map((name) => `guest:${name}`),
    ),
    targetId: id,
    parties: fc.record({ sender: party, target: party }),
    content,
    reference: orNull(reference),
    state: fc.constantFrom('normal', 'edited', 'recalled', 'deleted'),
    revision: count,
    source: text,
    deviceId: text,
    changeReason: text,
    createdAt: time,
    changedAt: time,
  }),
  optional({ guest: profile }),
) as fc.Arbitrary<Message>;
const conversation: fc.Arbitrary<Conversation> = fc.record({
  tenant: id,
  id,
  uid: fc.integer(),
  kind,
  name: text,
  avatar: text,
  memberCount: count,
  lastSeq: count,
  revision: count,
  createdAt: time,
}) as fc.Arbitrary<Conversation>;
const room: fc.Arbitrary<Room> = both(
  conversation,
  fc.record({ description: text, isOpen: fc.boolean(), owner: orNull(person) }),
);
const notification = fc.record({
  tenant: id,
  id,
  type: fc.constantFrom(...NOTIFICATION_TYPES),
  body: both(
    fc.record({ title: text, content: text }),
    optional({ priority: fc.constantFrom(...PRIORITIES), category: text, action: text, data: fields }),
  ),
  at: time,
  expiresAt: orNull(time),
  createdBy: id,
  createdAt: time,
});
const session = fc.record({
  tenant: id,
  id,
  customerId: id,
  agentId: orNull(id),
  state: fc.constantFrom('queued', 'active', 'closed'),
  skill: text,
  openedAt: time,
  assignedAt: orNull(time),
  answeredAt: orNull(time),
  closedAt: orNull(time),
  closedBy: orNull(id),
  rating: orNull(fc.record({ score: count, comment: text, at: time })),
});
const agent = fc.record({
  userId: id,
  status: fc.constantFrom('online', 'busy', 'away'),
  isConnected: fc.boolean(),
  capacity: count,
  skills: fc.array(text, { maxLength: 3 }),
  active: count,
});
const act = { tenant: id, id, actorId: id, reason: text, at: time };
const member = {
  tenant: id,
  conversationId: id,
  kind,
  userId: id,
  role: fc.constantFrom(...MEMBER_ROLES),
  actorId: id,
};
const settings = fc.record({ maxMessageLength: count, fileUploadLimit: count });
const permission = fc.constantFrom('full_access', 'read_only');
const attendance = { tenant: id, room, person, turn: count };
const pinned = { message, scope: fc.constantFrom('everyone', 'self'), actorId: id };

/** What an event of each type may hold. Whoever adds a type says so here. */
const MODELS: { readonly [Type in CoreEvent['type']]: Record<string, fc.Arbitrary<unknown>> } = {
  'message.created': { message, memberCount: count },
  'message.changed': { message, change: fc.constantFrom('edited', 'recalled', 'deleted'), actorId: id },
  'message.status': {
    message,
    status: fc.constantFrom('sent', 'edited', 'recalled', 'hidden'),
    actorId: id,
    at: time,
  },
  'message.hidden': { message, userId: id },
  'message.pinned': pinned,
  'message.unpinned': pinned,
  receipt: {
    status: fc.constantFrom('delivered', 'read'),
    tenant: id,
    conversationId: id,
    userId: id,
    senderId: id,
    messageId: id,
    clientId: id,
    at: time,
  },
  'member.added': member,
  'member.changed': member,
  'member.removed': member,
  'conversation.created': { conversation, actorId: id },
  'conversation.changed': { conversation: fc.oneof(conversation, room), actorId: id },
  'attendance.joined': attendance,
  'attendance.left': attendance,
  'group.dissolved': { tenant: id, conversationId: id, actorId: id },
  'room.closed': { tenant: id, roomId: id },
  'user.changed': {
    user: fc.record({
      tenant: id,
      id,
      uid: count,
      username: text,
      nickname: text,
      avatar: text,
      role: fc.constantFrom(...ROLES),
      createdAt: time,
    }),
    actorId: id,
  },
  'user.deleted': { tenant: id, userId: id },
  'user.access': { tenant: id, userId: id, cause: fc.constant('user-disabled'), role: fc.constant('user') },
  'user.status': { tenant: id, userId: id, status: fc.constantFrom('online', 'offline'), at: time },
  'user.login': { tenant: id, userId: id, at: time },
  'user.logout': { tenant: id, userId: id, at: time },
  'single.created': { message },
  notification: { notification },
  'settings.changed': { ...act, configType: fc.constant('chat_settings'), old: settings, new: settings },
  'permission.changed': {
    ...act,
    permissionType: fc.constant('chat_permission'),
    userId: id,
    old: permission,
    new: permission,
  },
  business: {
    tenant: id,
    category: fc.constantFrom('user', 'conversation', 'message', 'system'),
    event: both(fields, fc.record({ eventId: id, eventType: id, userId: json, operatorId: json })),
    source: text,
    isPersonal: fc.boolean(),
    at: time,
  },
  'service.changed': {
    change: fc.constantFrom('opened', 'assigned', 'transferred', 'requeued', 'closed', 'rated'),
    session,
    formerAgentId: orNull(id),
  },
  'service.position': { tenant: id, sessionId: id, position: count },
  'service.typing': {
    tenant: id,
    sessionId: id,
    userId: id,
    isTyping: fc.boolean(),
    at: time,
    expiresAt: time,
  },
  typing: {
    tenant: id,
    conversationId: id,
    kind: fc.constantFrom('single', 'group', 'room'),
    userId: id,
    targetId: id,
    isTyping: fc.boolean(),
    at: time,
    expiresAt: time,
  },
  'service.noted': {
    note: fc.record({ tenant: id, id, clientId: id, sessionId: id, authorId: id, content: text, at: time }),
  },
  'desk.changed': {
    board: fc.record({
      tenant: id,
      waiting: fc.array(fc.record({ skill: text, count }), { maxLength: 3 }),
      waitingTotal: count,
      agents: fc.array(agent, { maxLength: 3 }),
    }),
  },
  broadcast: {
    tenant: id,
    name: text,
    senderId: id,
    contentType: fc.constantFrom('text/plain', 'application/json', ''),
    headers: fc.array(fc.tuple(id, text), { maxLength: 3 }),
    body: fc.uint8Array({ maxLength: 50 }),
  },
  'user.told': { tenant: id, userId: id, queue: text, body: text },
};

/** Any event that the core may publish. */
export const arbitraryEvent = fc.oneof(
  ...Object.entries(MODELS).map(([type, model]) => fc.record({ ...model, type: fc.constant(type) })),
) as unknown as fc.Arbitrary<CoreEvent>;

const rubbish = fc.oneof(
  fc.anything(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1e300, 1.5, 10n, '\ud800', undefined, null),
);

/** An event that the core must not publish: one of its values is anything. */
export const brokenEvent = fc
  .tuple(arbitraryEvent, fc.nat(), rubbish)
  .map(([event, place, value]) => breakAt(event, place, value));

function breakAt(event: CoreEvent, place: number, value: unknown): CoreEvent {
  const names = Object.keys(event).filter((name) => name !== 'type');
  const name = names[place % names.length] as string;
  const inner: unknown = (event as unknown as Record<string, unknown>)[name];
  if (place % 3 === 0 || typeof inner !== 'object' || inner === null || Array.isArray(inner))
    return { ...event, [name]: value } as CoreEvent;
  const keys = Object.keys(inner);
  const broken = { ...inner, [keys[place % Math.max(keys.length, 1)] ?? 'x']: value };
  return { ...event, [name]: broken } as CoreEvent;
}
