import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { XuqmMessage } from '@haina/wire';
import { badBodies, INBOX, messageHolding, messageWith, SEND } from './support/bad-bodies.ts';
import { stageWithHealthyPair } from './support/healthy-pair.ts';

const bodies = badBodies(stageWithHealthyPair());

const LONG_ID = 'x'.repeat(129);
const ID_LENGTH = 'messageId must have 1 to 128 characters';

describe('a message id is 1 to 128 characters wherever one is given', () => {
  for (const destination of [SEND, '/app/chat.revoke', '/app/chat.read']) {
    for (const messageId of ['', LONG_ID, '😀'.repeat(129)]) {
      const body = messageWith({ messageId });
      bodies.refuses({
        destination,
        name: `${destination} with ${messageId.length} units`,
        body,
        message: ID_LENGTH,
        messageId,
      });
    }
  }
  test('128 emoji are taken', async () => {
    const messageId = '😀'.repeat(128);
    await bodies.alice.confirmed(SEND, JSON.parse(messageWith({ messageId })));
    assert.equal((await bodies.bob.nextAt<XuqmMessage>(INBOX)).id, messageId);
  });
});

describe('a message over a limit is refused with ETOOLONG and the limit', () => {
  const text = 'content has more than 2000 characters';
  const bytes = 'content has more than 32768 bytes';
  const cases: [name: string, change: object, message: string][] = [
    ['2001 letters', { content: 'x'.repeat(2001) }, text],
    ['2001 emoji', { content: '😀'.repeat(2001) }, text],
    ['2001 Chinese characters', { content: '海'.repeat(2001) }, text],
    ['a long string in another type', { msgType: 'CARD', content: 'x'.repeat(32_769) }, bytes],
    ['a large object', { msgType: 'FILE', content: { url: 'x'.repeat(32_768) } }, bytes],
    ['a long receiver', { toId: 'x'.repeat(65) }, 'toId has more than 64 characters'],
    ['a very long receiver', { toId: 'x'.repeat(60_000) }, 'toId has more than 64 characters'],
  ];
  for (const [name, change, reason] of cases) {
    bodies.refuses({ name, body: messageWith(change), code: 'ETOOLONG', message: reason, messageId: 'm' });
  }
  for (const character of ['x', '海', '😀']) {
    test(`2000 times ${character} is taken`, async () => {
      const content = character.repeat(2000);
      await bodies.alice.confirmed(
        SEND,
        JSON.parse(messageWith({ messageId: `long ${character}`, content })),
      );
      assert.equal((await bodies.bob.nextAt<XuqmMessage>(INBOX)).content, content);
    });
  }
});

describe('a key that names a prototype is refused wherever it hides', () => {
  const keys = [
    '__proto__',
    '\\u005f\\u005fproto\\u005f\\u005f',
    '\\u005F_proto__',
    '__\\u0070roto__',
    '__pr\\u006Ft\\u006f__',
  ];
  for (const key of keys) {
    const cases: [where: string, body: string][] = [
      ['in the body', messageWith({}).replace('{', `{"${key}":{"role":"admin"},`)],
      ['in the content', messageHolding(`{"${key}":{"x":1}}`)],
      ['deep in the content', messageHolding(`{"a":[{"b":{"${key}":null}}]}`)],
    ];
    for (const [where, body] of cases) {
      bodies.refuses({
        name: `${key} ${where}`,
        body,
        message: '__proto__ is not allowed as a name',
        messageId: 'm',
      });
    }
  }

  test('texts may speak of prototypes, and other names of Object are names like any other', async () => {
    await bodies.alice.confirmed(SEND, JSON.parse(messageWith({ messageId: 'p1', content: 'a __proto__' })));
    assert.equal((await bodies.bob.nextAt<XuqmMessage>(INBOX)).content, 'a __proto__');
    const content = { constructor: { prototype: { polluted: true } }, toString: 1, hasOwnProperty: null };
    await bodies.alice.confirmed(
      SEND,
      JSON.parse(messageWith({ messageId: 'p2', msgType: 'CUSTOM', content })),
    );
    assert.deepEqual((await bodies.bob.nextAt<XuqmMessage>(INBOX)).content, content);
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
  });
});

describe('a content that is nested too deep is refused, and never reaches what walks it', () => {
  const nested = (levels: number) =>
    messageHolding(`{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`);
  for (const levels of [65, 5_000, 16_000]) {
    const name = `${levels} levels`;
    bodies.refuses({
      name,
      body: nested(levels),
      message: 'content is nested deeper than 64 levels',
      messageId: 'm',
    });
  }
  test('64 levels are taken', async () => {
    const body = nested(64).replace('"m"', '"as deep as may be"');
    bodies.alice.send('SEND', { destination: SEND, receipt: 'deep' }, body);
    assert.equal((await bodies.alice.next('RECEIPT')).headers.get('receipt-id'), 'deep');
    assert.equal((await bodies.bob.nextAt<XuqmMessage>(INBOX)).msgType, 'CUSTOM');
  });
});
