import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesTag, parseRange } from './ranges.ts';

const RANGES: Readonly<Record<string, ReturnType<typeof parseRange>>> = {
  'bytes=0-0': { from: 0, to: 0 },
  'bytes=2-5': { from: 2, to: 5 },
  'bytes=2-': { from: 2, to: 9 },
  'bytes=2-100': { from: 2, to: 9 },
  'bytes=-3': { from: 7, to: 9 },
  'bytes=-100': { from: 0, to: 9 },
  'BYTES= 2-5 ': { from: 2, to: 5 },
  'bytes=10-': 'unsatisfiable',
  'bytes=10-20': 'unsatisfiable',
  'bytes=-0': 'unsatisfiable',
  'bytes=5-2': undefined,
  'bytes=-': undefined,
  'bytes=0-1,4-5': undefined,
  'lines=0-1': undefined,
  'bytes=a-b': undefined,
  'bytes=99999999999999999999-': undefined,
  '': undefined,
};

for (const [header, expected] of Object.entries(RANGES)) {
  test(`of ten bytes, "${header}" asks for ${JSON.stringify(expected) ?? 'all'}`, () => {
    assert.deepEqual(parseRange(header, 10), expected);
  });
}

test('entity tags are compared one by one, weak ones too', () => {
  for (const header of ['"a"', 'W/"a"', '"b", "a"', '*'])
    assert.equal(matchesTag(header, '"a"'), true, header);
  for (const header of [undefined, '', '"b"', 'a', '"ab"'])
    assert.equal(matchesTag(header, '"a"'), false, String(header));
});
