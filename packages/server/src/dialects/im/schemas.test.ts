import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeImBody, type ImBodies, type ImDestination } from '@haina/wire';
import { type ImEncoding, peekMessageId, readBody } from './schemas.ts';

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const encoded = (destination: ImDestination, body: unknown, encoding: ImEncoding): Uint8Array =>
  encoding === 'json' ? json(body) : encodeImBody(destination, body as ImBodies[ImDestination]);

/** The bodies of section 8, and those of the destinations that were added. */
const DOCUMENTED: ImBodies = {
  '/app/chat': { conversationId: '1', content: 'x', msgType: 0, clientMsgId: 'c', timestamp: 1705744800000 },
  '/app/private-message': { receiverId: 'bob', content: 'x', clientMsgId: 'c', timestamp: 1705744800000 },
  '/app/group-message': { conversationId: 'g', content: 'x', msgType: 0, clientMsgId: 'c' },
  '/app/quote-message': { conversationId: 'g', content: '{"content":"x","quotedMessageId":"m"}' },
  '/app/forward-message': { receiverId: 'bob', content: '{"originalMessageId":"m"}' },
  '/app/edit-message': { messageId: 'm', newContent: 'x', editReason: '用户编辑', timestamp: 1705744800000 },
  '/app/delete-message': {
    messageId: 'm',
    deleteScope: 0,
    deleteReason: '用户撤回',
    timestamp: 1705744800000,
  },
  '/app/pin-message': { messageId: 'm', pinScope: 1, timestamp: 1705744800000 },
  '/app/heartbeat': { timestamp: 1705744800000, deviceId: 'web' },
  '/app/auth': { token: 'a.b.c', timestamp: 1705744800000 },
  '/app/read-message': { messageId: 'm' },
  '/app/typing': { receiverId: 'bob', typing: false },
  '/app/sync': { conversationId: '1', sinceSequence: 7 },
  '/app/conversations': { after: '42', limit: 20, timestamp: 1705744800000 },
  '/app/group-add-members': { groupId: 'g', userIds: ['bob'], role: 'member' },
  '/app/group-remove-member': { groupId: 'g', userId: 'bob' },
  '/app/group-update': { groupId: 'g', name: '新名', avatar: '' },
  '/app/group-set-role': { groupId: 'g', userId: 'bob', role: 'owner' },
  '/app/group-hand-over': { groupId: 'g', userId: 'bob' },
  '/app/group-leave': { groupId: 'g', successorId: 'bob' },
  '/app/group-dissolve': { groupId: 'g', timestamp: 1705744800000 },
};
const ENCODINGS = ['json', 'protobuf'] as const;

for (const encoding of ENCODINGS) {
  describe(`in ${encoding}`, () => {
    for (const [name, body] of Object.entries(DOCUMENTED)) {
      const destination = name as ImDestination;
      test(`${destination} takes what the document sends`, () => {
        const read = readBody(destination, encoded(destination, body, encoding), encoding);
        const expected =
          encoding === 'protobuf' && destination === '/app/private-message' ? { ...body, msgType: 0 } : body;
        assert.deepEqual(read, expected);
      });
    }

    const REFUSED: [destination: ImDestination, body: object, field: string, message: string][] = [
      [
        '/app/chat',
        { conversationId: '', content: 'x' },
        'conversationId',
        'conversationId must not be empty',
      ],
      [
        '/app/chat',
        { conversationId: '1', content: 'x', msgType: 10 },
        'msgType',
        'msgType must be one of 0, 1, 2, 3, 4, 5, 6, 11, 12',
      ],
      [
        '/app/private-message',
        { receiverId: '', content: 'x' },
        'receiverId',
        'receiverId must not be empty',
      ],
      ['/app/edit-message', { messageId: 'm' }, 'newContent', 'newContent is missing'],
      ['/app/delete-message', { messageId: {} }, 'messageId', 'messageId must be a string'],
      [
        '/app/delete-message',
        { messageId: 'm', deleteScope: 2 },
        'deleteScope',
        'deleteScope must be one of 0, 1',
      ],
      ['/app/pin-message', { messageId: 'm', pinScope: 'me' }, 'pinScope', 'pinScope must be one of 0, 1'],
      ['/app/pin-message', { messageId: 'm', pinned: 2 }, 'pinned', 'pinned must be a boolean'],
      ['/app/read-message', {}, 'messageId', 'messageId is missing'],
      ['/app/sync', { sinceSequence: -1 }, 'sinceSequence', 'sinceSequence must be at least 0'],
      ['/app/sync', { conversationId: '' }, 'conversationId', 'conversationId must not be empty'],
      ['/app/auth', { token: '' }, 'token', 'token must not be empty'],
      ['/app/auth', {}, 'token', 'token is missing'],
    ];
    for (const [destination, body, field, message] of REFUSED) {
      test(`${destination} ${JSON.stringify(body)} is refused: ${message}`, () => {
        const bytes = encoded(destination, body, encoding);
        const refusal = { name: 'DomainError', code: 'EINVAL', field, message };
        assert.throws(() => readBody(destination, bytes, encoding), refusal);
      });
    }

    test('a refusal can name the message that was refused', () => {
      const chat = encoded('/app/chat', { conversationId: '', content: 'x', clientMsgId: 'c' }, encoding);
      const edit = encoded('/app/edit-message', { messageId: 'm' }, encoding);
      assert.equal(peekMessageId('/app/chat', chat, encoding), 'c');
      assert.equal(peekMessageId('/app/edit-message', edit, encoding), 'm');
      assert.equal(
        peekMessageId('/app/auth', encoded('/app/auth', { token: 'x' }, encoding), encoding),
        null,
      );
      assert.equal(peekMessageId('/app/chat', Uint8Array.of(0xff), encoding), null);
    });

    test('fields that nobody knows pass through', () => {
      const read = readBody('/app/sync', encoded('/app/sync', { later: { a: [1] } }, encoding), encoding);
      assert.deepEqual(read, { later: { a: [1] } });
    });
  });
}

describe('a protobuf body that is none of its destination is refused with EINVAL', () => {
  const chat = encodeImBody('/app/chat', { conversationId: '1', content: 'x' });
  const CASES: [name: string, destination: ImDestination, body: Uint8Array, field: string][] = [
    ['garbage', '/app/chat', Uint8Array.of(0xff, 0xff), 'body'],
    ['JSON', '/app/chat', json({ conversationId: '1', content: 'x' }), 'body'],
    ['the wrong arm', '/app/edit-message', chat, 'system'],
    ['the wrong system type', '/app/auth', encodeImBody('/app/heartbeat', {}), 'type'],
    ['system.content that is no object', '/app/sync', encodeImBody('/app/sync', 'x' as never), 'body'],
    [
      'a prototype in system.content',
      '/app/sync',
      encodeImBody('/app/sync', JSON.parse('{"__proto__":{}}')),
      '__proto__',
    ],
  ];
  for (const [name, destination, body, field] of CASES) {
    test(name, () => {
      const refusal = { name: 'DomainError', code: 'EINVAL', field };
      assert.throws(() => readBody(destination, body, 'protobuf'), refusal);
    });
  }
});
