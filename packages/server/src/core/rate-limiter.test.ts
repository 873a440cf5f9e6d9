import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimiter } from './rate-limiter.ts';

function setUp(rate: number) {
  const time = { now: 0 };
  return { time, limiter: new RateLimiter(rate, { now: () => time.now }) };
}

test('a burst is twice the rate, and each key has its own', () => {
  const { limiter } = setUp(2);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => limiter.take('a')),
    [0, 0, 0, 0],
  );
  assert.equal(limiter.take('a'), 500);
  assert.equal(limiter.take('b'), 0);
});

test('who waits as told may go on, and who waits less may not', () => {
  const { limiter, time } = setUp(1);
  limiter.take('a');
  limiter.take('a');
  time.now = 500;
  assert.equal(limiter.take('a'), 500);
  time.now = 1000;
  assert.equal(limiter.take('a'), 0);
});

test('a rate of less than one in two seconds still lets one pass', () => {
  const { limiter, time } = setUp(0.1);
  assert.equal(limiter.take('a'), 0);
  assert.equal(limiter.take('a'), 10_000);
  time.now = 10_000;
  assert.equal(limiter.take('a'), 0);
});

test('a clock that goes back gives nothing and takes nothing', () => {
  const { limiter, time } = setUp(1);
  time.now = 5000;
  limiter.take('a');
  time.now = 0;
  assert.equal(limiter.take('a'), 0);
  assert.equal(limiter.take('a'), 1000);
});

test('a rate of 0 limits nothing', () => {
  const { limiter } = setUp(0);
  for (let i = 0; i < 1000; i++) assert.equal(limiter.take('a'), 0);
});
