import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ImMessageType } from './im.ts';
import type { ImBodies, ImDestination } from './im-bodies.ts';
import { decodeImBody, encodeImBody, peekImMessageId } from './im-body-codec.ts';
import { encodeImProtobuf } from './im-codec.ts';
import { toImMessage } from './im-message.ts';
import { fullMessage } from './im-messages-fixture.ts';

const BODIES: ImBodies = {
  '/app/chat': { conversationId: 'g1', content: 'hi', msgType: 0, clientMsgId: 'c1', timestamp: 1 },
  '/app/private-message': { receiverId: 'bob', content: 'hi', msgType: 0, clientMsgId: 'c1', timestamp: 1 },
  '/app/group-message': { conversationId: 'g1', content: 'hi', msgType: 0, clientMsgId: 'c1', timestamp: 1 },
  '/app/quote-message': {
    conversationId: 'g1',
    content: '{"content":"yes","quotedMessageId":"m1"}',
    clientMsgId: 'c1',
  },
  '/app/forward-message': { receiverId: 'bob', content: '{"originalMessageId":"m1"}', clientMsgId: 'c1' },
  '/app/edit-message': { messageId: 'm1', newContent: '改', editReason: '用户编辑', timestamp: 1 },
  '/app/delete-message': { messageId: 'm1', deleteScope: 1, deleteReason: '用户撤回', timestamp: 1 },
  '/app/pin-message': { messageId: 'm1', pinScope: 0, timestamp: 1 },
  '/app/read-message': { messageId: 'm1' },
  '/app/typing': { receiverId: 'bob', typing: false },
  '/app/sync': { conversationId: 'g1', sinceSequence: 7 },
  '/app/group-add-members': { groupId: 'g1', userIds: ['bob', 'carol'], role: 'admin' },
  '/app/group-remove-member': { groupId: 'g1', userId: 'bob' },
  '/app/group-update': { groupId: 'g1', name: '新名', avatar: 'https://example.com/a.png' },
  '/app/group-set-role': { groupId: 'g1', userId: 'bob', role: 'member', timestamp: 1 },
  '/app/group-hand-over': { groupId: 'g1', userId: 'bob' },
  '/app/group-leave': { groupId: 'g1', successorId: 'bob' },
  '/app/group-dissolve': { groupId: 'g1' },
  '/app/conversations': { after: '42', limit: 20 },
  '/app/heartbeat': { timestamp: 1, deviceId: 'phone' },
  '/app/auth': { token: 'a.b.c', timestamp: 1 },
};

describe('a body means in protobuf what it means in JSON', () => {
  for (const [destination, body] of Object.entries(BODIES) as [ImDestination, ImBodies[ImDestination]][]) {
    test(destination, () => {
      assert.deepEqual(decodeImBody(destination, encodeImBody(destination, body)), body);
    });
  }

  test('a reference beside the content travels in its document', () => {
    const bytes = encodeImBody('/app/quote-message', {
      groupId: 'g1',
      content: 'yes',
      quotedMessageId: 'm1',
    });
    assert.deepEqual(decodeImBody('/app/quote-message', bytes), {
      conversationId: 'g1',
      content: '{"content":"yes","quotedMessageId":"m1"}',
    });
  });

  test('a document travels as its JSON text', () => {
    const content = { content: '', contentExtra: { url: '/files/1' } };
    const bytes = encodeImBody('/app/chat', { conversationId: 'g1', content, msgType: 1 });
    const expected = { conversationId: 'g1', content: JSON.stringify(content), msgType: 1 };
    assert.deepEqual(decodeImBody('/app/chat', bytes), expected);
  });
});

describe('an edit and a recall may also come under the chat type that they have', () => {
  for (const [destination, type] of [
    ['/app/edit-message', ImMessageType.CHAT_EDIT],
    ['/app/delete-message', ImMessageType.CHAT_RECALL],
  ] as const) {
    const body = BODIES[destination];
    const content = JSON.stringify(body);
    const bytes = encodeImProtobuf(toImMessage({ type, chat: { content } }));

    test(destination, () => {
      assert.deepEqual(decodeImBody(destination, bytes), body);
      assert.equal(peekImMessageId(destination, bytes), 'm1');
    });

    test(`${destination}, and under no other`, () => {
      const text = encodeImProtobuf(toImMessage({ type: ImMessageType.CHAT_TEXT, chat: { content } }));
      assert.throws(() => decodeImBody(destination, text), { code: 'arm', field: 'system' });
    });
  }
});

describe('a body that is not for its destination is refused', () => {
  const chat = encodeImProtobuf(fullMessage(ImMessageType.CHAT_TEXT));
  const status = encodeImProtobuf(fullMessage(ImMessageType.SYSTEM_STATUS));
  const cases: [destination: ImDestination, body: Uint8Array, code: string, field: string][] = [
    ['/app/chat', status, 'arm', 'chat'],
    ['/app/private-message', status, 'arm', 'chat'],
    ['/app/group-message', status, 'arm', 'chat'],
    ['/app/quote-message', chat, 'arm', 'type'],
    ['/app/forward-message', chat, 'arm', 'type'],
    ['/app/edit-message', chat, 'arm', 'system'],
    ['/app/heartbeat', status, 'arm', 'type'],
    ['/app/auth', status, 'arm', 'type'],
    ['/app/sync', Uint8Array.of(255), 'malformed', 'body'],
  ];
  for (const [destination, body, code, field] of cases) {
    test(`${destination}: ${code} at ${field}`, () => {
      assert.throws(() => decodeImBody(destination, body), { name: 'ImCodecError', code, field });
    });
  }

  test('system.content that is no JSON, unless the reader that was given takes it', () => {
    const bytes = encodeImProtobuf({ ...fullMessage(34), system: { content: '{', code: '' } } as never);
    const refusal = { name: 'ImCodecError', code: 'malformed', field: 'system.content' };
    assert.throws(() => decodeImBody('/app/sync', bytes), refusal);
    assert.equal(
      decodeImBody('/app/sync', bytes, (json) => json),
      '{',
    );
  });
});

describe('the id by which a client knows what it sent is found, also where the body is refused', () => {
  const wrongArm = Buffer.concat([encodeImBody('/app/chat', BODIES['/app/chat']), Uint8Array.of(0x10, 20)]);
  const CASES: [name: string, destination: ImDestination, body: Uint8Array, id: string | null][] = [
    ['a message', '/app/chat', encodeImBody('/app/chat', BODIES['/app/chat']), 'c1'],
    ['a message of another type than its arm', '/app/chat', wrongArm, 'c1'],
    [
      'a message without one',
      '/app/chat',
      encodeImBody('/app/chat', { conversationId: 'g', content: '' }),
      null,
    ],
    [
      'another command',
      '/app/edit-message',
      encodeImBody('/app/edit-message', BODIES['/app/edit-message']),
      'm1',
    ],
    ['a command that names none', '/app/auth', encodeImBody('/app/auth', BODIES['/app/auth']), null],
    [
      'a command whose id is no text',
      '/app/read-message',
      encodeImBody('/app/read-message', { messageId: 5 as never }),
      null,
    ],
    ['a message where a command was due', '/app/sync', encodeImBody('/app/chat', BODIES['/app/chat']), null],
    ['system.content that is no object', '/app/sync', encodeImBody('/app/sync', null as never), null],
    ['garbage', '/app/chat', Uint8Array.of(0xff), null],
  ];
  for (const [name, destination, body, id] of CASES) {
    test(name, () => assert.equal(peekImMessageId(destination, body), id));
  }
});
