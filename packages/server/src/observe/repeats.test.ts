import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Repeats } from './repeats.ts';

test('a failure is told once an interval, with how often it was left out', () => {
  let now = 0;
  const repeats = new Repeats(() => now, 1000);
  assert.equal(repeats.admit('disk full'), 0);
  assert.equal(repeats.admit('disk full'), undefined);
  assert.equal(repeats.admit('locked'), 0);
  now = 999;
  assert.equal(repeats.admit('disk full'), undefined);
  now = 1000;
  assert.equal(repeats.admit('disk full'), 2);
  now = 3000;
  assert.equal(repeats.admit('disk full'), 0);
});

test('failures of ever new kinds share a line, and take no more memory', () => {
  let now = 0;
  const repeats = new Repeats(() => now, 1000);
  const admitted = Array.from({ length: 10_000 }, (_, i) => repeats.admit(`kind ${i}`)).filter(
    (n) => n === 0,
  );
  assert.equal(admitted.length, 257);
  now = 1000;
  assert.equal(repeats.admit('one more'), 0);
});
