import { describe, test } from 'node:test';
import { badBodies, INBOX, messageWith, SEND } from './support/bad-bodies.ts';
import { stageWithHealthyPair } from './support/healthy-pair.ts';
import { assertRefused, ERRORS } from './support/refusals.ts';

const stage = stageWithHealthyPair();
const bodies = badBodies(stage);

const NOT_JSON = 'the body is not valid JSON';
const NOT_UTF8 = 'the body is not valid UTF-8';
const NOT_AN_OBJECT = 'the body must be an object';

describe('a body that is no JSON object is refused', () => {
  for (const destination of [SEND, '/app/chat.revoke', '/app/chat.read', '/app/chat.sync']) {
    const shapes = [
      ['no JSON', '{"toId":', NOT_JSON],
      ['two documents', '{}{}', NOT_JSON],
      ['a NUL inside', '{"toId":"b\0"}', NOT_JSON],
      ['text', 'hello', NOT_JSON],
      ['bad UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), NOT_UTF8],
      ['a surrogate as UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), NOT_UTF8],
      ['an overlong NUL', Buffer.from([0x22, 0xc0, 0x80, 0x22]), NOT_UTF8],
      ['UTF-8 that breaks off', Buffer.from([0x7b, 0xe6, 0xb5]), NOT_UTF8],
      ['an array', '[]', NOT_AN_OBJECT],
      ['null', 'null', NOT_AN_OBJECT],
      ['a number', '1e999', NOT_AN_OBJECT],
      ['a string', '"x"', NOT_AN_OBJECT],
      ['deep arrays', '['.repeat(30_000) + ']'.repeat(30_000), NOT_AN_OBJECT],
    ] as const;
    for (const [name, body, text] of shapes)
      bodies.refuses({ destination, name: `${destination}: ${name}`, body, message: text });
  }
});

describe('an empty body is an empty object: what is missing in it is named', () => {
  for (const [destination, message] of [
    [SEND, 'toId is missing'],
    ['/app/chat.revoke', 'messageId is missing'],
    ['/app/chat.read', 'messageId is missing'],
    ['/app/chat.sync', `subscribe to ${INBOX} before a sync`],
  ] as const) {
    bodies.refuses({ destination, name: destination, body: '', message });
  }
});

const TYPES = 'msgType must be one of TEXT, IMAGE, FILE, VOICE, VIDEO, LOCATION, CARD, CUSTOM';
const KINDS = 'chatType must be one of SINGLE, GROUP';
const OTHER_APP = "appId is not the token's application";

describe('a message with a wrong field is refused, and the field named', () => {
  const fields: [name: string, change: object, message: string][] = [
    ['toId missing', { toId: undefined }, 'toId is missing'],
    ['toId null', { toId: null }, 'toId must be a string'],
    ['toId a fraction', { toId: 2.5 }, 'toId must be a string'],
    ['toId an array', { toId: ['bob'] }, 'toId must be a string'],
    ['toId an object', { toId: { id: 'bob' } }, 'toId must be a string'],
    ['toId empty', { toId: '' }, 'toId must not be empty'],
    ['chatType missing', { chatType: undefined }, 'chatType is missing'],
    ['chatType null', { chatType: null }, KINDS],
    ['chatType unknown', { chatType: 'ROOM' }, KINDS],
    ['chatType in lower case', { chatType: 'single' }, KINDS],
    ['chatType a name of Object', { chatType: 'constructor' }, KINDS],
    ['msgType a number', { msgType: 1 }, TYPES],
    ['msgType unknown', { msgType: 'SYNC_DONE' }, TYPES],
    ['msgType a name of Object', { msgType: '__proto__' }, TYPES],
    ['content missing', { content: undefined }, 'content is missing'],
    ['content null', { content: null }, 'content must be a string'],
    ['content an array for TEXT', { content: [] }, 'content must be a string'],
    ['content an object for TEXT', { content: {} }, 'content must be a string'],
    ['content empty for TEXT', { content: '' }, 'content of a text message must not be empty'],
    ['content null for IMAGE', { msgType: 'IMAGE', content: null }, 'content must be a string or an object'],
    ['content an array for FILE', { msgType: 'FILE', content: [] }, 'content must be a string or an object'],
    ['content half a character', { content: 'a\ud83d' }, 'content is not valid Unicode'],
    [
      'content half a character for CARD',
      { msgType: 'CARD', content: '\ude00' },
      'content is not valid Unicode',
    ],
    ['appId an object', { appId: {} }, 'appId must be a string'],
  ];
  for (const [name, change, text] of fields) {
    bodies.refuses({ name, body: messageWith(change), message: text, messageId: 'm' });
  }
  bodies.refuses({
    name: 'appId of others',
    body: messageWith({ appId: 'other' }),
    code: 'EPERM',
    message: OTHER_APP,
    messageId: 'm',
  });
  bodies.refuses({
    name: 'appId empty',
    body: messageWith({ appId: '' }),
    code: 'EPERM',
    message: OTHER_APP,
    messageId: 'm',
  });
  bodies.refuses({
    name: 'messageId an object',
    body: messageWith({ messageId: {} }),
    message: 'messageId must be a string',
  });
  bodies.refuses({
    name: 'messageId half a character',
    body: messageWith({ messageId: 'm\ud800' }),
    message: 'messageId is not valid Unicode',
    messageId: 'm\ud800',
  });
});

describe('a receiver that is not there is refused with ENOENT', () => {
  for (const toId of ['nobody', 'bob ', 'BOB', '__proto__', 'bob\0', "bob' OR 1=1 --", 'a:b', 'b\ud800']) {
    const name = `user ${JSON.stringify(toId)}`;
    bodies.refuses({
      name,
      body: messageWith({ toId }),
      code: 'ENOENT',
      message: `no user ${toId}`,
      messageId: 'm',
    });
  }
  bodies.refuses({
    name: 'a group',
    body: messageWith({ chatType: 'GROUP', toId: 'nobody' }),
    code: 'ENOENT',
    message: 'no conversation nobody',
    messageId: 'm',
  });
  bodies.refuses({
    name: 'a single conversation as a group',
    body: messageWith({ chatType: 'GROUP', toId: 'single:alice:bob' }),
    code: 'ENOENT',
    message: 'no group single:alice:bob',
    messageId: 'm',
  });
});

describe('revoke, read and sync refuse what they can not find or understand', () => {
  for (const destination of ['/app/chat.revoke', '/app/chat.read']) {
    bodies.refuses({
      destination,
      name: `${destination} of no message`,
      body: '{}',
      message: 'messageId is missing',
    });
    bodies.refuses({
      destination,
      name: `${destination} of an array`,
      body: '{"messageId":["m"]}',
      message: 'messageId must be a string',
    });
    bodies.refuses({
      destination,
      name: `${destination} of an unknown message`,
      body: '{"messageId":"?"}',
      code: 'ENOENT',
      message: 'no message ?',
      messageId: '?',
    });
    bodies.refuses({
      destination,
      name: `${destination} of a message of others`,
      body: '{"messageId":"healthy-1"}',
      code: 'ENOENT',
      message: 'no message healthy-1',
      messageId: 'healthy-1',
    });
    bodies.refuses({
      destination,
      name: `${destination} in another application`,
      body: '{"appId":"x","messageId":"m"}',
      code: 'EPERM',
      message: OTHER_APP,
      messageId: 'm',
    });
  }
  const syncs: [name: string, body: object, message: string, code?: string][] = [
    ['a position below 0', { conversationId: 'demo', sinceSeq: -1 }, 'sinceSeq must be at least 0'],
    ['half a position', { conversationId: 'demo', sinceSeq: 1.5 }, 'sinceSeq must be an integer'],
    ['a position in words', { conversationId: 'demo', sinceSeq: 'one' }, 'sinceSeq must be an integer'],
    [
      'a huge position',
      { conversationId: 'demo', sinceSeq: 1e300 },
      'sinceSeq must be at most 9007199254740991',
    ],
    ['a position of nothing', { sinceSeq: 1 }, 'sinceSeq needs a conversationId'],
    ['a conversation without a name', { conversationId: '' }, 'conversationId must not be empty'],
    ['a conversation as array', { conversationId: [5] }, 'conversationId must be a string'],
    ['another application', { appId: 'x' }, OTHER_APP, 'EPERM'],
    ['no inbox', {}, 'subscribe to /user/queue/messages before a sync'],
  ];
  for (const [name, body, text, code = 'EINVAL'] of syncs) {
    bodies.refuses({
      destination: '/app/chat.sync',
      name: `sync with ${name}`,
      body: JSON.stringify(body),
      code,
      message: text,
    });
  }

  test('sync of a conversation that is unknown, or of others, finds nothing', async () => {
    const carol = await stage.connect('carol', ERRORS, INBOX);
    for (const conversationId of ['x', 'single:healthy-listener:healthy-speaker']) {
      carol.sendJson('/app/chat.sync', { conversationId }, { receipt: 'never' });
      const answer = { message: 'no such conversation', destination: '/app/chat.sync', messageId: null };
      await assertRefused(carol, { code: 'ENOENT', ...answer });
    }
  });
});
