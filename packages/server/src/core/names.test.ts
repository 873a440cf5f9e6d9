import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanName, requireName, requireUsername, usernameKey } from './names.ts';

const nickname = (name: string) => requireName(name, 'nickname', { max: 64, mayBeEmpty: true });

test('names come in one normal form, without blanks around them', () => {
  assert.equal(nickname(' \u3000Ａｌｉｃｅ  B\u00a0'), 'Alice  B');
  assert.equal(nickname('cafe\u0301'), 'caf\u00e9');
  assert.equal(nickname(''), '');
  assert.equal(requireName('欢迎，各位！', 'description', { max: 500, form: 'NFC' }), '欢迎，各位！');
});

const REFUSED: Readonly<Record<string, string>> = {
  NUL: 'a\0b',
  'a line break': 'a\nb',
  'a line break at the end': 'ab\r\n',
  'a line separator': 'a\u2028b',
  'a tab': 'a\tb',
  'a C1 control': 'a\u0085b',
  'an override': 'a\u202eb',
  'an isolate': '\u2066ab\u2069',
  'a mark of direction': 'a\u200eb',
  'an Arabic mark of direction': 'a\u061cb',
  'a zero-width space': 'a\u200bb',
  'a byte order mark': '\ufeffab',
  'a word joiner': 'a\u2060b',
  'a soft hyphen': 'a\u00adb',
  'tags without a flag': 'a\u{e0061}\u{e007f}',
  'half a surrogate pair': 'a\ud800',
  'a noncharacter': 'a\uffff',
  'blanks only': '   ',
  'ideographic blanks': '\u3000',
  'Hangul fillers': '\u3164\u115f',
  'empty braille cells': '\u2800\u2800',
  'joiners only': '\u200d\u200c',
};
for (const [what, name] of Object.entries(REFUSED)) {
  test(`a nickname of ${what} is refused, a username too`, () => {
    assert.throws(() => nickname(name), { code: 'EINVAL', field: 'nickname' });
    assert.throws(() => requireUsername(name), { code: 'EINVAL', field: 'username' });
  });
}

test('what scripts and emoji need stays in nicknames', () => {
  const names = [
    '👨‍👩‍👧‍👦 fam',
    'می‌خواهم',
    '❤️',
    '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
    '؀12',
    '老三（',
    'क्‍ष',
  ];
  for (const name of names) assert.equal(nickname(name), name.normalize('NFKC'));
});

test('length counts in characters, after normalisation', () => {
  assert.equal(nickname('😀'.repeat(64)), '😀'.repeat(64));
  assert.equal(nickname('e\u0301'.repeat(64)), '\u00e9'.repeat(64));
  assert.throws(() => nickname('x'.repeat(65)), { code: 'ETOOLONG', limit: 64 });
  assert.throws(() => nickname('\ufdfa'.repeat(64)), { code: 'ETOOLONG', limit: 64 });
  assert.throws(() => nickname('x'.repeat(1_000_000)), { code: 'ETOOLONG', limit: 64 });
});

test('usernames have no joiners', () => {
  assert.equal(requireUsername(' Ａlice '), 'Alice');
  assert.throws(() => requireUsername('al\u200dice'), { code: 'EINVAL', field: 'username' });
  assert.throws(() => requireUsername(''), { code: 'EINVAL', field: 'username' });
});

test('usernames that look alike have one key', () => {
  const alike = [
    'Alice',
    'alice ',
    'ALICE',
    'ａｌｉｃｅ',
    'ali\u200bce',
    'al\u00adice',
    '\ufeffalice',
    'al\u200dice',
  ];
  assert.deepEqual(new Set(alike.map(usernameKey)), new Set(['alice']));
  assert.equal(usernameKey('Straße'), usernameKey('STRASSE'));
  assert.equal(usernameKey('ΣΑΣ'), usernameKey('σας'));
  assert.equal(usernameKey('a \u3000b'), usernameKey('a b'));
  assert.notEqual(usernameKey('alice'), usernameKey('alice2'));
  assert.notEqual(usernameKey('张三'), usernameKey('张三丰'));
});

test('a name that can not be refused is cleaned', () => {
  assert.equal(cleanName('Zoe\r\nSmith\u202e', 64), 'Zoe Smith');
  assert.equal(cleanName('👨‍👩‍👧', 64), '👨‍👩‍👧');
  assert.equal(cleanName(' \u200b\0', 64), '');
  assert.equal(cleanName(`${'a'.repeat(63)} b`, 64), 'a'.repeat(63));
});
