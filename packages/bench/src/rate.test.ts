import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, medianRatio, percentiles, rateOf } from './rate.ts';

const rates = (...perSecond: number[]) => perSecond.map((each) => ({ perSecond: each, p50: 0, p99: 0 }));

test('a rate is of all stretches together, however long each was', () => {
  const rate = rateOf([
    { messages: 100, elapsed: 1000, times: [1, 2] },
    { messages: 800, elapsed: 2000, times: [3] },
  ]);
  assert.deepEqual(rate, { perSecond: 300, p50: 2, p99: 3 });
});

test('percentiles are those of the sorted numbers', () => {
  const values = Array.from({ length: 200 }, (_, i) => 200 - i);
  assert.deepEqual(percentiles(values), { p50: 101, p99: 199 });
});

test('the percentiles of one are that one, of none 0', () => {
  assert.deepEqual(percentiles([7]), { p50: 7, p99: 7 });
  assert.deepEqual(percentiles([]), { p50: 0, p99: 0 });
});

test('the median is by what is asked', () => {
  assert.equal(
    median(['ccc', 'a', 'bb'], ({ length }) => length),
    'bb',
  );
});

test('one is compared with the other turn by turn, so that a pace that changes counts for nothing', () => {
  assert.equal(medianRatio(rates(10, 100, 1000), rates(20, 200, 2000)), 0.5);
});
