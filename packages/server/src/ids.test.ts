import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIdSource } from './ids.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('ids are UUIDs of version 7 that begin with the time', () => {
  const id = createIdSource({ now: () => 0x0199_abcd_ef01 }).next();
  assert.match(id, UUID_V7);
  assert.equal(id.slice(0, 13), '0199abcd-ef01');
});

test('ids sort in the order they were made, in one millisecond and while the clock goes back', () => {
  let now = 1_800_000_000_000;
  const source = createIdSource({ now: () => now });
  const ids: string[] = [];
  for (let i = 0; i < 10_000; i++) ids.push(source.next());
  now -= 60_000;
  for (let i = 0; i < 10_000; i++) ids.push(source.next());
  now += 120_000;
  ids.push(source.next());
  assert.deepEqual(ids.toSorted(), ids);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, UUID_V7);
  assert.equal(Number.parseInt(ids.at(-1)?.replace('-', '').slice(0, 12) ?? '', 16), now);
});
