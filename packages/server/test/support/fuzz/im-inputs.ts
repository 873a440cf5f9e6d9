import { encodeImBody, type ImBodies, ImCodecError, type ImDestination } from '@haina/wire';
import { ATTACKERS, anyJson, type Dialect, GROUP, type Json } from './inputs.ts';
import { mutate, type Random } from './random.ts';

const PROTOBUF = 'application/x-protobuf';
const URL = 'https://example.com/a';

const KEYS = [
  'conversationId',
  'receiverId',
  'groupId',
  'quotedMessageId',
  'originalMessageId',
  'content',
  'contentExtra',
  'msgType',
  'clientMsgId',
  'timestamp',
  'messageId',
  'newContent',
  'deleteScope',
  'pinScope',
  'sinceSequence',
  'token',
  '__proto__',
  '',
];

const anyId = (random: Random): string => `m${random.below(500)}`;

function anyContent(random: Random): Json {
  return random.pick<Json>([
    'hello',
    '你好',
    'x'.repeat(1900),
    { content: 'x', contentExtra: null },
    { content: 'x', contentExtra: { url: URL, width: 1, latitude: 1, longitude: 1, userId: 'x' }, more: [1] },
    { content: 'x', quotedMessageId: anyId(random) },
    { originalMessageId: anyId(random), forwardReason: 'why' },
    JSON.stringify({ content: 'x', contentExtra: { url: URL } }),
  ]);
}

const chat = (random: Random) => ({
  content: anyContent(random),
  msgType: random.pick([0, 0, 0, 1, 2, 5, 11, 12, 13, 99]),
  clientMsgId: anyId(random),
  timestamp: random.below(2 ** 31),
});

const anyRole = (random: Random) => random.pick(['owner', 'admin', 'member', 'king']);

const BODIES: Readonly<Record<ImDestination, (random: Random) => Record<string, Json>>> = {
  '/app/chat': (random) => ({
    ...chat(random),
    conversationId: random.pick([GROUP, GROUP, 'single:attacker0:attacker1']),
  }),
  '/app/private-message': (random) => ({ ...chat(random), receiverId: random.pick(ATTACKERS) }),
  '/app/group-message': (random) => ({ ...chat(random), groupId: random.pick([GROUP, anyId(random)]) }),
  '/app/quote-message': (random) => ({
    ...chat(random),
    conversationId: GROUP,
    quotedMessageId: anyId(random),
  }),
  '/app/forward-message': (random) => ({
    content: anyContent(random),
    receiverId: random.pick(ATTACKERS),
    originalMessageId: anyId(random),
    clientMsgId: anyId(random),
  }),
  '/app/edit-message': (random) => ({ messageId: anyId(random), newContent: anyContent(random) }),
  '/app/delete-message': (random) => ({ messageId: anyId(random), deleteScope: random.below(3) }),
  '/app/pin-message': (random) => ({
    messageId: anyId(random),
    pinScope: random.below(3),
    pinned: random.happens(0.5),
  }),
  '/app/read-message': (random) => ({ messageId: anyId(random) }),
  '/app/typing': (random) => ({ receiverId: random.pick(ATTACKERS), typing: random.happens(0.5) }),
  '/app/sync': (random) =>
    random.happens(0.5) ? {} : { conversationId: GROUP, sinceSequence: random.below(9) },
  '/app/conversations': (random) => ({ after: anyId(random), limit: random.below(300) }),
  '/app/group-add-members': (random) => ({ groupId: GROUP, userIds: [anyId(random)], role: anyRole(random) }),
  '/app/group-remove-member': (random) => ({ groupId: anyId(random), userId: anyId(random) }),
  '/app/group-update': (random) => ({ groupId: GROUP, name: anyId(random) }),
  '/app/group-set-role': (random) => ({ groupId: GROUP, userId: anyId(random), role: anyRole(random) }),
  '/app/group-hand-over': (random) => ({ groupId: GROUP, userId: random.pick(ATTACKERS) }),
  // Whoever left could not try the rest.
  '/app/group-leave': (random) => ({ groupId: anyId(random), successorId: anyId(random) }),
  '/app/group-dissolve': (random) => ({ groupId: GROUP, timestamp: random.below(9) }),
  '/app/heartbeat': () => ({ timestamp: 1 }),
  '/app/auth': () => ({ token: 'a.b.c' }),
};
export const IM_DESTINATIONS = Object.keys(BODIES) as ImDestination[];

/** A body of a destination, mostly right, and the content-type to send it by. */
export function anyImBody(random: Random, destination: ImDestination): { body: Buffer; type: string } {
  const sound = BODIES[destination](random);
  if (random.happens(0.2)) sound[random.pick(KEYS)] = anyJson(random);
  const body = random.happens(0.5) ? protobufOf(destination, sound) : undefined;
  const whole = body ?? Buffer.from(JSON.stringify(sound));
  // Now and then the one is said to be the other.
  const type = (body === undefined) === random.happens(0.97) ? 'application/json' : PROTOBUF;
  return { body: random.happens(0.2) ? mutate(whole, random) : whole, type };
}

/** Undefined for what protobuf can not carry. */
function protobufOf(destination: ImDestination, body: unknown): Buffer | undefined {
  try {
    return Buffer.from(encodeImBody(destination, body as ImBodies[ImDestination]));
  } catch (error) {
    if (error instanceof ImCodecError || error instanceof TypeError) return undefined;
    throw error;
  }
}

const QUEUES = [
  'private-messages',
  'message-status',
  'user-status',
  'events',
  'errors',
  'conversations',
  'nothing',
];

/** What clients of `im` say, in both encodings. */
export const IM: Dialect = {
  commands: [...IM_DESTINATIONS, ...IM_DESTINATIONS, '/app/nothing'],
  connectHeaders: (random) => [
    ['accept', random.pick(['application/json', PROTOBUF, 'x'])],
    ['deviceId', random.happens(0.03) ? 'x'.repeat(129) : random.pick(['phone', ''])],
  ],
  destinations: [
    ...QUEUES.map((name) => `/user/queue/${name}`),
    '/topic/system/notifications',
    `/topic/conversation/${GROUP}`,
    '/topic/conversation/single:attacker0:attacker1',
    '/user/attacker1/queue/events',
  ],
  say: (random, command) =>
    anyImBody(random, IM_DESTINATIONS.find((name) => name === command) ?? '/app/chat'),
};
