import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from './turns.ts';

test('turns of one key end in the order they were taken, whatever each waits for', async () => {
  const turns = new Turns();
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const ended: string[] = [];
  const all = [
    turns.take(['a'], first.promise).then(() => ended.push('first')),
    turns.take(['a', 'b'], second.promise).then(() => ended.push('second')),
    turns.take(['b'], Promise.resolve()).then(() => ended.push('third')),
    turns.take(['c'], Promise.resolve()).then(() => ended.push('other key')),
  ];
  second.resolve();
  await all[3];
  assert.deepEqual(ended, ['other key']);
  first.resolve();
  await Promise.all(all);
  assert.deepEqual(ended, ['other key', 'first', 'second', 'third']);
});

test('a turn that fails holds up nobody behind it', async () => {
  const turns = new Turns();
  const failed = turns.take(['a'], Promise.reject(new Error('no')));
  const next = turns.take(['a'], Promise.resolve('next'));
  await assert.rejects(failed, { message: 'no' });
  assert.equal(await next, 'next');
});

test('a key is free, and forgotten, once its last turn has ended', async () => {
  const turns = new Turns();
  const work = Promise.withResolvers<void>();
  const turn = turns.take(['a'], work.promise);
  assert.deepEqual([turns.isFree(['a', 'b']), turns.isFree(['b'])], [false, true]);
  work.resolve();
  await turn;
  assert.equal(turns.isFree(['a']), true);
});

test('settled waits for every turn that was taken before', async () => {
  const turns = new Turns();
  const work = Promise.withResolvers<void>();
  let isSettled = false;
  void turns.take(['a'], work.promise);
  const settled = turns.settled().then(() => {
    isSettled = true;
  });
  await turns.take(['b'], Promise.resolve());
  assert.equal(isSettled, false);
  work.resolve();
  await settled;
});
