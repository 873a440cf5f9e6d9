import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairQueue, type FairQueueOptions, type Owner } from './fair-queue.ts';

/** A queue of one slot whose tasks end by hand, and the names of those that began. */
function setup(options: Partial<FairQueueOptions> = {}) {
  const queue = new FairQueue({ slots: 1, maxWaiting: 100, maxWaitingPerUser: 100, ...options });
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const run = (name: string, owner: Owner) =>
    queue
      .run(owner, () => {
        begun.push(name);
        return new Promise<void>((resolve) => ends.push(resolve));
      })
      .then(
        () => 'done',
        ({ code }) => code as string,
      );
  /** Ends what runs, one after the other, until nothing begins any more. */
  const drain = async () => {
    for (let end = ends.shift(); end; end = ends.shift()) {
      end();
      await new Promise(setImmediate);
    }
  };
  return { queue, begun, run, drain };
}

const owner = (address: string, user = 'u'): Owner => ({ address, user });

test('addresses take turns, however many tasks one of them has', async () => {
  const { begun, run, drain } = setup();
  for (let i = 1; i <= 4; i++) void run(`a${i}`, owner('a'));
  void run('b1', owner('b'));
  void run('c1', owner('c'));
  void run('b2', owner('b'));
  await drain();
  assert.deepEqual(begun, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
});

test('the users of an address take turns', async () => {
  const { begun, run, drain } = setup();
  for (let i = 1; i <= 3; i++) void run(`x${i}`, owner('a', 'x'));
  void run('y1', owner('a', 'y'));
  await drain();
  assert.deepEqual(begun, ['x1', 'x2', 'y1', 'x3']);
});

test('a task whose owner hung up while it waited never begins', async () => {
  const { queue, begun, run, drain } = setup();
  const hangUp = new AbortController();
  void run('first', owner('a'));
  const dropped = run('dropped', { ...owner('a'), signal: hangUp.signal });
  void run('last', owner('a'));
  hangUp.abort();
  assert.equal(await dropped, 'ERATE');
  assert.equal(queue.waiting, 1);
  await drain();
  assert.deepEqual(begun, ['first', 'last']);
});

test('a task that has begun runs to its end, and its owner may hang up', async () => {
  const { run, drain } = setup();
  const hangUp = new AbortController();
  const running = run('first', { ...owner('a'), signal: hangUp.signal });
  hangUp.abort();
  await drain();
  assert.equal(await running, 'done');
});

test('a user has a bounded place in the queue', async () => {
  const { run, drain } = setup({ maxWaitingPerUser: 2 });
  const outcomes = Promise.all(['1', '2', '3', '4'].map((name) => run(name, owner('a', 'x'))));
  const other = run('other', owner('a', 'y'));
  await drain();
  assert.deepEqual(await outcomes, ['done', 'done', 'done', 'ERATE']);
  assert.equal(await other, 'done');
});

test('a full queue makes room at the expense of the address that has most', async () => {
  const { queue, run, drain } = setup({ maxWaiting: 3 });
  const many = Promise.all(['1', '2', '3', '4'].map((name) => run(name, owner('a'))));
  const other = run('b1', owner('b'));
  const refused = run('5', owner('a'));
  assert.equal(queue.waiting, 3);
  await drain();
  assert.deepEqual(await many, ['done', 'done', 'done', 'ERATE']);
  assert.deepEqual([await other, await refused], ['done', 'ERATE']);
});

test('a task that fails gives its slot back', async () => {
  const { queue } = setup();
  const fail = async () => {
    throw new Error('no');
  };
  await assert.rejects(queue.run(owner('a'), fail), /no/);
  assert.equal(await queue.run(owner('a'), async () => 'next'), 'next');
});
