import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeenIds } from './seen-ids.ts';

test('an id is new once, as long as it is among the newest', () => {
  const seen = new SeenIds(2 * (64 + 2));
  assert.deepEqual([seen.add('a'), seen.add('a'), seen.add('b')], [true, false, true]);
  assert.equal(seen.add('c'), true);
  assert.deepEqual([seen.add('c'), seen.add('b'), seen.add('a')], [false, false, true]);
  seen.delete('a');
  assert.equal(seen.add('a'), true);
});
