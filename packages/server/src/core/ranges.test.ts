import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SeqRange } from './model.ts';
import { appendRanges, cover, gaps, includes, type Position, toRanges } from './ranges.ts';

const start: Position = { mark: 0, above: [] };

test('a later acknowledgement does not hide an earlier gap', () => {
  const { position, fresh } = cover(start, [{ from: 3, to: 4 }]);
  assert.deepEqual(position, { mark: 0, above: [{ from: 3, to: 4 }] });
  assert.deepEqual(fresh, [{ from: 3, to: 4 }]);
  assert.deepEqual(gaps(position, 6), [
    { from: 1, to: 2 },
    { from: 5, to: 6 },
  ]);
});

test('closing the gap moves the mark over everything that is contiguous', () => {
  const { position } = cover(start, [
    { from: 3, to: 4 },
    { from: 6, to: 6 },
    { from: 1, to: 2 },
  ]);
  assert.deepEqual(position, { mark: 4, above: [{ from: 6, to: 6 }] });
});

test('what was covered is not fresh again', () => {
  const first = cover(start, [{ from: 2, to: 5 }]).position;
  assert.deepEqual(cover(first, [{ from: 1, to: 7 }]).fresh, [
    { from: 1, to: 1 },
    { from: 6, to: 7 },
  ]);
});

test('a position agrees with a plain set of sequences, whatever the order of acknowledgements', () => {
  const range = fc
    .tuple(fc.integer({ min: 1, max: 60 }), fc.nat(6))
    .map(([from, n]) => ({ from, to: from + n }));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 40 }), (ranges) => {
      const seen = new Set<number>();
      let position = start;
      for (const added of ranges) {
        const result = cover(position, [added]);
        const fresh = [];
        for (let seq = added.from; seq <= added.to; seq++) if (!seen.has(seq)) fresh.push(seq);
        for (const seq of fresh) seen.add(seq);
        assert.deepEqual(result.fresh, toRanges(fresh));
        position = result.position;
      }
      const open = gaps(position, 80);
      for (let seq = 1; seq <= 80; seq++) assert.equal(includes(open, seq), !seen.has(seq));
      for (const [i, above] of position.above.entries()) {
        assert.ok(above.from > (position.above[i - 1]?.to ?? position.mark) + 1, 'ranges stay apart');
      }
    }),
  );
});

test('ranges appended in any order are those of all their sequences', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 })), (parts) => {
      const ranges: SeqRange[] = [];
      for (const part of parts) appendRanges(ranges, toRanges(part));
      assert.deepEqual(ranges, toRanges(parts.flat()));
    }),
  );
});

test('a hostile pattern of acknowledgements keeps a bounded number of ranges', () => {
  let position = start;
  for (let seq = 2; seq < 4000; seq += 2) position = cover(position, [{ from: seq, to: seq }]).position;
  assert.equal(position.above.length, 256);
});
