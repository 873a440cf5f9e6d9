import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WordMatcher } from './word-matcher.ts';

function found(words: string[], text: string): string[] {
  return new WordMatcher(words).find(text).map(([from, to]) => text.slice(from, to));
}

test('words are found whatever their case and width, also with invisible characters inside', () => {
  const text = 'A DARN, a ｄａｒｎ, a d\u200bar\u2060n and a dàrn';
  assert.deepEqual(found(['Darn'], text), ['DARN', 'ｄａｒｎ', 'd\u200bar\u2060n']);
});

test('no character that nobody sees hides a word, and line ends and spaces still part it', () => {
  for (const unseen of [
    '\ufe0f',
    '\u034f',
    '\u3164',
    '\u115f',
    '\0',
    '\u00ad',
    '\u180e',
    '\uffa0',
    '\u{e0041}',
    '\x07',
  ]) {
    const text = `a d${unseen}ar${unseen}${unseen}n`;
    assert.deepEqual(found(['darn'], text), [text.slice(2)], JSON.stringify(unseen));
    assert.deepEqual(found([`d${unseen}arn`], 'darn'), ['darn']);
  }
  for (const seen of [' ', '\n', '\t', '-']) assert.deepEqual(found(['darn'], `da${seen}rn`), []);
});

test('Chinese words are found anywhere, spelled words only by themselves', () => {
  assert.deepEqual(found(['笨蛋'], '你这个笨蛋啊,大笨蛋'), ['笨蛋', '笨蛋']);
  assert.deepEqual(found(['ass'], 'class, ass, ass! assign 好ass好'), ['ass', 'ass', 'ass']);
});

test('the longest of several words that end together is found, and overlapping places are one', () => {
  assert.deepEqual(found(['蛋', '笨蛋', '大笨'], '大笨蛋'), ['大笨蛋']);
  assert.deepEqual(found(['甲乙丙', '乙'], '甲乙'), ['乙']);
});

test('a word that is part of a longer one is found where the longer one is none of its own', () => {
  assert.deepEqual(found(['big ass', 'ass'], 'bigbig ass'), ['ass']);
});

test('characters outside the basic plane and ligatures are masked whole', () => {
  assert.deepEqual(found(['😀x'], 'a 😀X b'), ['😀X']);
  assert.deepEqual(found(['fi'], 'a ﬁ b'), ['ﬁ']);
});

test('it finds what looking for each word by itself finds', () => {
  const letter = fc.constantFrom('甲', '乙', '丙', '\u200b');
  const text = fc.string({ unit: letter, maxLength: 30 });
  const words = fc.array(fc.string({ unit: fc.constantFrom('甲', '乙', '丙'), minLength: 1, maxLength: 5 }), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(words, text, (some, within) => {
      const visible = [...within].flatMap((character, index) =>
        character === '\u200b' ? [] : [{ character, index }],
      );
      const plain = visible.map(({ character }) => character).join('');
      const marked = new Set<number>();
      for (const word of some) {
        for (let at = plain.indexOf(word); at !== -1; at = plain.indexOf(word, at + 1)) {
          for (let i = at; i < at + word.length; i++) marked.add(visible[i]?.index ?? -1);
        }
      }
      const spans = new WordMatcher(some).find(within);
      const covered = visible.filter(({ index }) => spans.some(([from, to]) => from <= index && index < to));
      assert.deepEqual(new Set(covered.map(({ index }) => index)), marked);
    }),
  );
});

test('a hundred thousand spelled words fit into little memory', () => {
  const before = process.memoryUsage();
  const words = Array.from({ length: 100_000 }, (_, index) => `word${(index * 7919).toString(36)}tail`);
  const matcher = new WordMatcher(words);
  const text = `x ${words[4711]} y`;
  assert.deepEqual(matcher.find(text), [[2, text.length - 2]]);
  const { arrayBuffers } = process.memoryUsage();
  assert.ok(arrayBuffers - before.arrayBuffers < 64 * 1_048_576);
});

test('ten thousand words and a long text take one pass', () => {
  const words = Array.from({ length: 10_000 }, (_, index) => `词${index.toString(36)}`);
  assert.deepEqual(found(words, `${'词'.repeat(20_000)}7pr。`), ['词7pr']);
});
