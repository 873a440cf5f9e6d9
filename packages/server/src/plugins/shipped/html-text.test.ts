import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Parser } from 'htmlparser2';
import { textOf } from './html-text.ts';

for (const [html, text] of [
  ['plain text, 1 < 2 & 3 > 2, I <3 you', 'plain text, 1 < 2 & 3 > 2, I <3 you'],
  ['<b>bold</b> and <a href="https://example.org">a link</a>', 'bold and a link'],
  ['<p>one</p><p>two<br>three</p>', 'one\ntwo\nthree'],
  ['before<script>alert(1)</script><style>b{}</style>after', 'beforeafter'],
  ['<img src=x onerror=alert(1)>', ''],
  ['<!-- hidden -->shown<!DOCTYPE html>', 'shown'],
  ['&lt;script&gt;alert(1)&lt;/script&gt;', '&lt;script&gt;alert(1)&lt;/script&gt;'],
  ['<<b>script>alert(1)', '&lt;script>alert(1)'],
  ['海纳<em>百川</em>', '海纳百川'],
  ['I like <object oriented> languages, and <b>you</b>?', 'I like  languages, and you?'],
  ['a<object data=x>fallback<script>1</script></object>b', 'ab'],
  ['a<svg><script>x</script>b', 'ab'],
  ['a</object>b', 'ab'],
] as const) {
  test(`${JSON.stringify(html)} reads as ${JSON.stringify(text)}`, () => {
    assert.equal(textOf(html), text);
  });
}

test('nothing that comes out brings a tag or a comment into a page, and it comes out the same again', () => {
  const part = fc.constantFrom(
    '<',
    '>',
    '/',
    '!',
    '--',
    'b',
    'script',
    'svg',
    ' ',
    '"',
    '=',
    '&lt;',
    'x',
    '?',
    '<![CDATA[',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
      const text = textOf(parts.join(''));
      const elements: string[] = [];
      const parser = new Parser({
        onopentagname: (name) => void elements.push(name),
        onclosetag: (name) => void elements.push(name),
        oncomment: (comment) => void elements.push(comment),
        onprocessinginstruction: (name) => void elements.push(name),
      });
      parser.end(text);
      assert.deepEqual(elements, []);
      assert.equal(textOf(text), text);
    }),
    { numRuns: 2000 },
  );
});
