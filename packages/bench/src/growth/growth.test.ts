import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_STRANGER, MANY_MEMBERS, SMALLER, shapeOf } from './shapes.ts';
import { type Figures, growthRows, remarkOn } from './table.ts';

const figures = (p50: number, light?: number): Figures => ({ p50, p99: p50 * 2, light });

test('the small database has a part of everything, but what operations need', () => {
  const [small, large] = [shapeOf(SMALLER), shapeOf(1)];
  assert.equal(small.messages * SMALLER, large.messages);
  assert.equal(small.services * SMALLER, large.services);
  assert.ok(small.users >= FIRST_STRANGER + MANY_MEMBERS);
  assert.ok(Object.values(shapeOf(1_000_000)).every((size) => size > 0));
});

test('an operation that takes as long in both databases is not remarked on', () => {
  assert.equal(remarkOn(figures(10, 5), figures(25, 30)), '');
  assert.equal(remarkOn(figures(10), figures(10)), '');
});

test('what takes little may vary', () => assert.equal(remarkOn(figures(0.1, 1), figures(5, 1)), ''));

test('an operation that takes longer in the large database is remarked on', () => {
  assert.equal(remarkOn(figures(10, 5), figures(31, 5)), 'grows');
});

test('an operation that others notice is remarked on, as quick as it may be', () => {
  assert.equal(remarkOn(figures(10, 5), figures(10, 31)), 'holds others up');
  assert.equal(remarkOn(figures(10, 5), figures(100, 31)), 'grows, holds others up');
});

test('an operation that failed in one of the databases has its row', () => {
  const rows = growthRows(['send'], new Map([['send', figures(1.25, 3)]]), new Map());
  assert.deepEqual(rows[1], ['send', '1.3', '2.5', '3.0', '', '', '', 'failed']);
});
