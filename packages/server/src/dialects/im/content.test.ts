import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ImMessageType as T } from '@haina/wire';
import type { Content } from '../../core/model.ts';
import { formOf } from './content.ts';

const URL = 'https://example.com/a.jpg';

describe('what another dialect let through comes in a form of section 4.2', () => {
  const CASES: [name: string, content: Content, type: number, text: string, extra: unknown][] = [
    ['a text', { type: 'text', text: 'hi', extra: null }, T.CHAT_TEXT, 'hi', null],
    [
      'a picture with its address',
      { type: 'image', text: '', extra: { url: URL, mood: 1 } },
      T.CHAT_IMAGE,
      '',
      { url: URL, mood: 1 },
    ],
    [
      'a picture that is its address only',
      { type: 'image', text: URL, extra: null },
      T.CHAT_IMAGE,
      URL,
      { url: URL },
    ],
    [
      'a file on this server',
      { type: 'file', text: '/files/1', extra: null },
      T.CHAT_FILE,
      '/files/1',
      { url: '/files/1' },
    ],
    [
      'a picture without an address',
      { type: 'image', text: 'a cat', extra: null },
      T.CHAT_IMAGE,
      'a cat',
      null,
    ],
    [
      'a picture that would be a script',
      { type: 'image', text: 'javascript:alert(1)', extra: null },
      T.CHAT_TEXT,
      'javascript:alert(1)',
      null,
    ],
    [
      'a picture whose fields are of another kind',
      { type: 'image', text: '', extra: { url: URL, width: 'wide' } },
      T.CHAT_TEXT,
      `{"url":"${URL}","width":"wide"}`,
      { url: URL, width: 'wide' },
    ],
    ['a picture that says nothing', { type: 'image', text: '', extra: null }, T.CHAT_TEXT, '', null],
    ['a place by its name', { type: 'location', text: '故宫', extra: null }, T.CHAT_LOCATION, '故宫', null],
    [
      'a place by its coordinates',
      { type: 'location', text: '39.9, -116.4', extra: null },
      T.CHAT_LOCATION,
      '39.9, -116.4',
      { latitude: 39.9, longitude: -116.4 },
    ],
    ['a place off the earth', { type: 'location', text: '99,1', extra: null }, T.CHAT_LOCATION, '99,1', null],
    [
      'a card that is an id',
      { type: 'card', text: 'bob', extra: null },
      T.CHAT_CARD,
      'bob',
      { userId: 'bob' },
    ],
    ['a card that is a name', { type: 'card', text: 'Bob B.', extra: null }, T.CHAT_CARD, 'Bob B.', null],
    [
      'a place',
      { type: 'location', text: '', extra: { latitude: 1, longitude: 2 } },
      T.CHAT_LOCATION,
      '',
      { latitude: 1, longitude: 2 },
    ],
    ['a card of nobody', { type: 'card', text: '', extra: {} }, T.CHAT_TEXT, '{}', {}],
    ['something made up', { type: 'custom', text: '', extra: { a: 1 } }, T.CHAT_TEXT, '{"a":1}', { a: 1 }],
    ['a list', { type: 'custom', text: '', extra: [1] }, T.CHAT_TEXT, '[1]', null],
  ];
  for (const [name, content, type, text, extra] of CASES) {
    test(name, () => {
      assert.deepEqual(formOf(content), { type, content: text, contentExtra: extra });
    });
  }
});
