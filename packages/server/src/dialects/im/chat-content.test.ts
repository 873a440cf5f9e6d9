import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ImSendableType, ImMessageType as T } from '@haina/wire';
import { CHAT_EXAMPLES } from '../../../../wire/src/im-examples-fixture.ts';
import { readChatContent } from './chat-content.ts';

const URL = 'https://example.com/a';

const FITTING: [name: string, type: ImSendableType, document: object][] = [
  ['a text of section 4.2', T.CHAT_TEXT, CHAT_EXAMPLES.text],
  ['a picture of section 4.2', T.CHAT_IMAGE, CHAT_EXAMPLES.image],
  ['a file of section 4.2', T.CHAT_FILE, CHAT_EXAMPLES.file],
  ['a quote of section 4.2', T.CHAT_QUOTE, CHAT_EXAMPLES.quote],
  ['a forward of section 4.2', T.CHAT_FORWARD, CHAT_EXAMPLES.forward],
  [
    'a voice message',
    T.CHAT_VOICE,
    { content: '', contentExtra: { url: URL, duration: 2.5, format: 'opus' } },
  ],
  ['a video', T.CHAT_VIDEO, { content: '', contentExtra: { url: URL, width: 1, thumbnailUrl: '/files/2' } }],
  ['a location', T.CHAT_LOCATION, { content: '故宫', contentExtra: { latitude: 39.9, longitude: 116.4 } }],
  ['a card', T.CHAT_CARD, { content: 'Bob', contentExtra: { userId: 'bob', avatar: '/files/3' } }],
  [
    'a picture with no more than its address',
    T.CHAT_IMAGE,
    { content: '', contentExtra: { url: '/files/1' } },
  ],
  ['a forward with no more than its origin', T.CHAT_FORWARD, { originalMessageId: 'm1' }],
  ['a text with something beside it', T.CHAT_TEXT, { content: 'x', contentExtra: { mentions: ['bob'] } }],
  [
    'fields that nobody knows',
    T.CHAT_FILE,
    { content: 'a', contentExtra: { url: URL, md5: 'x' }, reply: { to: 1 } },
  ],
];

describe('a document that fits is kept as it is, also as JSON text', () => {
  for (const [name, type, document] of FITTING) {
    test(name, () => {
      assert.deepEqual(readChatContent(type, document).document, document);
      assert.deepEqual(readChatContent(type, JSON.stringify(document)).document, document);
    });
  }
});

test('a text without contentExtra has none, as an object and as JSON text', () => {
  const document = { content: 'x', contentExtra: null };
  assert.deepEqual(readChatContent(T.CHAT_TEXT, { content: 'x' }).document, document);
  assert.deepEqual(readChatContent(T.CHAT_TEXT, '{"content":"x"}').document, document);
});

describe('a plain text is wrapped', () => {
  const TEXTS = [
    'Hello',
    '',
    '{"content":5}',
    '{"contentExtra":null}',
    '{ not json',
    '[1]',
    '5',
    'null',
    '{"__proto__":{"x":1}}',
  ];
  for (const text of TEXTS) {
    test(JSON.stringify(text), () => {
      const { document } = readChatContent(T.CHAT_TEXT, text);
      assert.deepEqual(document, { content: text, contentExtra: null });
    });
  }
});

test('a plain text of a type that is no text is wrapped too, and an empty one refused', () => {
  for (const type of [...media, T.CHAT_LOCATION, T.CHAT_CARD]) {
    assert.deepEqual(readChatContent(type, URL).document, { content: URL, contentExtra: null });
    assert.throws(() => readChatContent(type, ''), { code: 'EINVAL', field: 'content' });
  }
});

test('a text document without contentExtra gets null for it', () => {
  const { document } = readChatContent(T.CHAT_TEXT, { content: 'x' });
  assert.deepEqual(document, { content: 'x', contentExtra: null });
});

const extra = (contentExtra: unknown): object => ({ content: '', contentExtra });
const media = [T.CHAT_IMAGE, T.CHAT_FILE, T.CHAT_VOICE, T.CHAT_VIDEO];
const REFUSED: [type: ImSendableType, content: unknown, field: string, message: string][] = [
  [T.CHAT_TEXT, 5, 'content', 'content must be a string or an object'],
  [T.CHAT_TEXT, null, 'content', 'content must be a string or an object'],
  [T.CHAT_TEXT, ['x'], 'content', 'content must be a string or an object'],
  [T.CHAT_TEXT, {}, 'content.content', 'content.content is missing'],
  [T.CHAT_TEXT, { content: {} }, 'content.content', 'content.content must be a string'],
  [
    T.CHAT_TEXT,
    { content: 'x', contentExtra: 'y' },
    'content.contentExtra',
    'content.contentExtra must be an object or null',
  ],
  [
    T.CHAT_TEXT,
    '{"content":"x","contentExtra":5}',
    'content.contentExtra',
    'content.contentExtra must be an object or null',
  ],
  [
    T.CHAT_TEXT,
    '{"content":"x","contentExtra":{"__proto__":1}}',
    '__proto__',
    '__proto__ is not allowed as a name',
  ],
  ...media.flatMap((type): typeof REFUSED => [
    [type, { content: 'x' }, 'content.contentExtra', 'content.contentExtra is missing'],
    [type, { contentExtra: { url: URL } }, 'content.content', 'content.content is missing'],
    [type, extra({}), 'content.contentExtra.url', 'content.contentExtra.url is missing'],
    [type, extra({ url: {} }), 'content.contentExtra.url', 'content.contentExtra.url must be a string'],
    [
      type,
      extra({ url: URL, size: -1 }),
      'content.contentExtra.size',
      'content.contentExtra.size must be at least 0',
    ],
    [
      type,
      extra({ url: URL, size: 'one' }),
      'content.contentExtra.size',
      'content.contentExtra.size must be an integer',
    ],
  ]),
  [
    T.CHAT_IMAGE,
    extra({ url: URL, width: 1.5 }),
    'content.contentExtra.width',
    'content.contentExtra.width must be an integer',
  ],
  [
    T.CHAT_IMAGE,
    extra({ url: URL, format: {} }),
    'content.contentExtra.format',
    'content.contentExtra.format must be a string',
  ],
  [
    T.CHAT_FILE,
    extra({ url: URL, extension: {} }),
    'content.contentExtra.extension',
    'content.contentExtra.extension must be a string',
  ],
  [
    T.CHAT_VOICE,
    extra({ url: URL, duration: -1 }),
    'content.contentExtra.duration',
    'content.contentExtra.duration must be at least 0',
  ],
  [
    T.CHAT_LOCATION,
    extra({ latitude: 91, longitude: 0 }),
    'content.contentExtra.latitude',
    'content.contentExtra.latitude must be at most 90',
  ],
  [
    T.CHAT_LOCATION,
    extra({ latitude: 1 }),
    'content.contentExtra.longitude',
    'content.contentExtra.longitude is missing',
  ],
  [
    T.CHAT_CARD,
    extra({ userId: '' }),
    'content.contentExtra.userId',
    'content.contentExtra.userId must not be empty',
  ],
  [T.CHAT_QUOTE, 'only words', 'content.quotedMessageId', 'content.quotedMessageId is missing'],
  [
    T.CHAT_QUOTE,
    { content: 'x', quotedMessageId: '' },
    'content.quotedMessageId',
    'content.quotedMessageId must not be empty',
  ],
  [T.CHAT_QUOTE, { quotedMessageId: 'm1' }, 'content.content', 'content.content is missing'],
  [T.CHAT_FORWARD, { content: 'x' }, 'content.originalMessageId', 'content.originalMessageId is missing'],
  [
    T.CHAT_FORWARD,
    { originalMessageId: 'm1', forwardReason: {} },
    'content.forwardReason',
    'content.forwardReason must be a string',
  ],
];

describe('a document that does not fit is refused with EINVAL naming the field', () => {
  for (const [type, content, field, message] of REFUSED) {
    test(`type ${type}: ${JSON.stringify(content)}`, () => {
      assert.throws(() => readChatContent(type, content), {
        name: 'DomainError',
        code: 'EINVAL',
        field,
        message,
      });
    });
  }

  const ADDRESSES = [
    '',
    'x',
    '//example.com/a',
    '/\\example.com/a',
    'javascript:alert(1)',
    'data:text/html,x',
    'ftp://x/y',
    'http:///x',
    'https://x/a b',
    ' /files/1',
  ];
  for (const url of ADDRESSES) {
    test(`a picture at ${JSON.stringify(url)}`, () => {
      const refusal = { code: 'EINVAL', field: 'content.contentExtra.url' };
      assert.throws(() => readChatContent(T.CHAT_IMAGE, extra({ url })), refusal);
    });
  }

  test('in an edit the field is newContent', () => {
    const refusal = { code: 'EINVAL', field: 'newContent.contentExtra.url' };
    assert.throws(() => readChatContent(T.CHAT_IMAGE, extra({}), 'newContent'), refusal);
  });
});
