import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IM_EVENT_TYPES } from '@haina/wire';
import { categoryOf, MAX_EVENT_BYTES, toBusinessEvent } from './business-event.ts';
import { BUSINESS_EVENT_SCHEMAS } from './business-event-schemas.ts';

/** The examples of section 7.3. */
const EXAMPLES = [
  {
    eventType: 'business.user.login',
    userId: '12345',
    deviceId: 'device_001',
    loginTime: '2024-01-20T10:00:00Z',
    ipAddress: '192.168.1.100',
    clientType: 'web',
    userAgent: 'Mozilla/5.0...',
  },
  {
    eventType: 'communication.message.recalled',
    messageId: 'msg_001',
    conversationId: 'conv_001',
    operatorId: '12345',
    reason: '用户撤回',
    timestamp: '2024-01-20T10:00:00Z',
  },
  {
    eventType: 'business.group.created',
    groupId: 'group_001',
    groupName: '技术交流群',
    creatorId: '12345',
    memberCount: 1,
    createTime: '2024-01-20T10:00:00Z',
  },
];

const read = (data: unknown) => toBusinessEvent(data, () => 'made');

for (const example of EXAMPLES) {
  test(`the document's ${example.eventType} is taken as it is, and gets an id`, () => {
    assert.deepEqual(read(example), { ...example, eventId: 'made' });
  });
}

test('an id that is there stays, and fields that nobody knows pass through', () => {
  const event = { eventId: 'x', eventType: 'business.user.logout', userId: 'a', more: [1, { b: null }] };
  assert.deepEqual(read(event), event);
});

test('every type of section 7.1 has its schema', () => {
  assert.deepEqual(Object.keys(BUSINESS_EVENT_SCHEMAS), [...IM_EVENT_TYPES]);
});

for (const [eventType, field] of [
  ['business.user.login', 'userId'],
  ['business.user.logout', 'userId'],
  ['business.user.status.changed', 'userId'],
  ['business.user.profile.updated', 'userId'],
  ['business.conversation.created', 'conversationId'],
  ['business.conversation.updated', 'conversationId'],
  ['business.conversation.member.added', 'conversationId'],
  ['business.conversation.member.removed', 'conversationId'],
  ['business.group.created', 'groupId'],
  ['business.group.updated', 'groupId'],
  ['business.group.member.joined', 'groupId'],
  ['business.group.member.left', 'groupId'],
  ['communication.message.sent', 'messageId'],
  ['communication.message.recalled', 'messageId'],
  ['communication.message.edited', 'messageId'],
  ['communication.message.deleted', 'messageId'],
] as const) {
  test(`${eventType} without ${field}, or with an object for it, is refused`, () => {
    assert.throws(() => read({ eventType }), { code: 'EINVAL', field });
    assert.throws(() => read({ eventType, messageId: 'm', [field]: {} }), { code: 'EINVAL', field });
  });
}

for (const [what, event, code, field] of [
  ['nothing', undefined, 'EINVAL', 'body'],
  ['a text', 'business.user.login', 'EINVAL', 'body'],
  ['an array', [], 'EINVAL', 'body'],
  ['no type', { userId: 'a' }, 'EINVAL', 'eventType'],
  ['a type of nobody', { eventType: 'weather.rain', userId: 'a' }, 'EINVAL', 'eventType'],
  ['a type that is a pattern', { eventType: 'business.>', userId: 'a' }, 'EINVAL', 'eventType'],
  ['a type with a gap', { eventType: 'business..x', userId: 'a' }, 'EINVAL', 'eventType'],
  ['an empty id', { eventType: 'business.user.logout', userId: 'a', eventId: '' }, 'EINVAL', 'eventId'],
  [
    'a time that is none',
    { eventType: 'business.user.logout', userId: 'a', logoutTime: {} },
    'EINVAL',
    'logoutTime',
  ],
  ['users that are none', { eventType: 'business.x', memberIds: ['a', {}] }, 'EINVAL', 'memberIds.1'],
  ['too long an id', { eventType: 'business.x', userId: 'x'.repeat(257) }, 'ETOOLONG', 'userId'],
  ['half a character', { eventType: 'business.x', note: '\ud800' }, 'EINVAL', 'body'],
  ['too much', { eventType: 'business.x', note: 'x'.repeat(MAX_EVENT_BYTES) }, 'ETOOLONG', 'body'],
] as const) {
  test(`an event with ${what} is refused, naming ${field}`, () => {
    assert.throws(() => read(event), { code, field });
  });
}

test('backslashes before what looks like half a character are ordinary text', () => {
  const event = { eventId: 'x', eventType: 'business.x', note: '\\ud800 \\\\ud800 😀' };
  assert.deepEqual(read(event), event);
});

test('the prefix of a type says what it is about', () => {
  const types = [
    'business.user.x',
    'business.conversation.x',
    'business.group.x',
    'communication.x',
    'business.x',
    'x',
  ];
  assert.deepEqual(types.map(categoryOf), [
    'user',
    'conversation',
    'conversation',
    'message',
    'system',
    undefined,
  ]);
});

test('a time that a Date can not hold is refused, naming the field', () => {
  const login = { eventType: 'business.user.login', userId: 'a' };
  for (const loginTime of [9007199254740991, -1, '9007199254740991', '+300000-01-01T00:00:00Z', 'noon', '']) {
    assert.throws(
      () => read({ ...login, loginTime }),
      { code: 'EINVAL', field: 'loginTime' },
      String(loginTime),
    );
  }
  for (const loginTime of [1767225600000, '1767225600000', '2026-01-20T10:00:00+08:00[Asia/Shanghai]']) {
    assert.equal(read({ ...login, loginTime }).loginTime, loginTime);
  }
  assert.equal(read({ ...login, createTime: 'of no use here' }).createTime, 'of no use here');
});
