import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from './pace.ts';

/** A pace with a clock that goes on by its waits alone. */
function paceOf(rate: number) {
  const clock = { at: 0 };
  const pace = new Pace(rate, () => clock.at);
  return {
    clock,
    after(bytes: number): number {
      const ms = pace.waitAfter(bytes);
      clock.at += ms;
      return ms;
    },
  };
}

test('what is copied stays at the rate, however small its pieces are', () => {
  const { clock, after } = paceOf(1000_000);
  for (let i = 0; i < 1000; i++) after(1000);
  assert.ok(clock.at >= 990 && clock.at <= 1000, `${clock.at} ms`);
});

test('time that was lost is not made up for by a burst', () => {
  const { clock, after } = paceOf(1000_000);
  after(100_000);
  clock.at += 10_000;
  after(1000);
  assert.equal(after(100_000), 100);
});

test('without a rate nothing waits', () => {
  const { after } = paceOf(0);
  assert.equal(after(1e12), 0);
});
