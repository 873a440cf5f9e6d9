import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesNamedIn } from './content-files.ts';
import type { Content, JsonValue } from './model.ts';

function named(extra: JsonValue, rest: Partial<Content> = {}): string[] {
  const content: Content = { type: 'image', text: '', extra, ...rest };
  return filesNamedIn(content).map(({ id, field, isOurs }) => `${id} ${field} ${isOurs}`);
}

test('files are found at every depth, relative ones as this server’s', () => {
  assert.deepEqual(named({ url: '/files/a', pages: [{ thumbnailUrl: 'https://chat.test/files/b?x=1#y' }] }), [
    'a extra.url true',
    'b extra.pages.0.thumbnailUrl false',
  ]);
});

test('a file named twice is found once, and is this server’s where one of the names says so', () => {
  assert.deepEqual(named({ one: 'http://chat.test/files/a', other: '/files/a' }), ['a extra.other true']);
});

test('what is no address of a file is none', () => {
  const texts = [
    '/files/',
    '/files',
    'files/a',
    '/files/a/b',
    '//host/files/a',
    '/x/files/a',
    'ftp://h/files/a',
    ' /files/a',
  ];
  assert.deepEqual(named([...texts, 'https://h/x/files/a', 'javascript:/files/a', 7, null]), []);
});

test('text for people holds no file; what other types have in its place may', () => {
  assert.deepEqual(named(null, { type: 'text', text: '/files/a' }), []);
  assert.deepEqual(named(null, { text: '/files/a' }), ['a text true']);
  assert.deepEqual(named(null, { text: '{"url":"/files/a"}' }), ['a text.url true']);
  assert.deepEqual(named(null, { text: '{"url":"/files/a"' }), []);
  assert.deepEqual(named(null, { text: '['.repeat(15_000) + ']'.repeat(15_000) }), []);
});

test('further fields count, and of a forward they alone', () => {
  const content: Content = {
    type: 'text',
    text: 'x',
    extra: { url: '/files/a' },
    fields: { cover: '/files/b' },
  };
  assert.deepEqual(
    filesNamedIn(content).map(({ id }) => id),
    ['a', 'b'],
  );
  assert.deepEqual(
    filesNamedIn(content, true).map(({ id }) => id),
    ['b'],
  );
});
