import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RemainsOf, Swept } from './ports/remains-store.ts';
import { Remains } from './remains.ts';

const GROUP = { kind: 'group', tenant: 't', id: 'team', actorId: 'olga', groups: [] } as const;
const FIRST: Swept = { ...GROUP, members: ['a'], isDone: false };

/** Remains of which each write of the store removes one of these. */
function setUp(...shares: Swept[]) {
  const asked: (RemainsOf | undefined)[] = [];
  const calls = { left: 0 };
  const store = {
    async sweepRemains(_limit: number, only?: RemainsOf) {
      asked.push(only);
      return shares.shift();
    },
  };
  const remains = new Remains({ store });
  remains.whenLeft(() => void calls.left++);
  return { remains, asked, calls, shares };
}

test('a batch is one write, and there may be more until a write finds nothing', async () => {
  const { remains, asked } = setUp(FIRST, { ...FIRST, isDone: true });
  assert.deepEqual([await remains.removeBatch(), await remains.removeBatch()], [true, true]);
  assert.equal(await remains.removeBatch(), false);
  assert.equal(asked.length, 3);
});

test('what is left of a deletion is asked for, and what is done is not', () => {
  const { remains, calls } = setUp();
  remains.leave({ ...FIRST, isDone: true });
  assert.equal(calls.left, 0);
  remains.leave(FIRST);
  assert.equal(calls.left, 1);
});

test('who gets an id waits until nothing is left of those who had it', async () => {
  const { remains, asked } = setUp();
  await remains.removeBatch();
  asked.length = 0;
  await remains.finish('t', 'team', 'group', 'room');
  assert.deepEqual(asked, [], 'nothing is known to be left of it');
  remains.leave(FIRST);
  await remains.finish('t', 'another', 'group');
  assert.deepEqual(asked, []);
  const busy = setUp(FIRST, { ...FIRST, isDone: true });
  busy.remains.leave(FIRST);
  await busy.remains.finish('t', 'team', 'group');
  assert.equal(busy.asked.length, 3);
  assert.ok(busy.asked.every((only) => only?.id === 'team'));
});

test('what an earlier run of the server left is found by who gets the id', async () => {
  const { remains, shares } = setUp({ ...FIRST, isDone: true });
  await remains.finish('t', 'team', 'group');
  assert.deepEqual(shares, []);
});
