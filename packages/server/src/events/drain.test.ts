import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delivery, DeliveryOutcome } from '../core/ports/event-store.ts';
import { ManualTimers } from '../stomp/testing/manual-timers.ts';
import { Drain } from './drain.ts';

function setUp(
  outcome: (delivery: Delivery) => DeliveryOutcome | undefined,
  other: { isAlone?: boolean } = {},
) {
  const timers = new ManualTimers();
  const time = { now: 0 };
  const due = new Map<string, number>();
  const claimed = new Map<string, number>();
  const delivered: string[][] = [];
  const seen = { errors: 0, isReady: true };
  const drain = new Drain({
    target: 'hook',
    store: {
      async claimDeliveries({ target, now, until, limit, endedBy = now }) {
        const isFree = (id: string) => (claimed.get(id) ?? 0) <= endedBy;
        const ids = [...due].filter(([id, at]) => at <= now && isFree(id)).map(([id]) => id);
        const taken = ids.slice(0, limit);
        for (const id of taken) claimed.set(id, until);
        return taken.map((id) => ({ ...ANY, target, id }));
      },
      nextDeliveryDue: async () => {
        const times = [...due].map(([id, at]) => Math.max(at, claimed.get(id) ?? 0));
        return times.length === 0 ? null : Math.min(...times);
      },
      async settleDeliveries({ outcomes, undone }) {
        for (const id of [...outcomes.map((outcome) => outcome.id), ...undone]) claimed.delete(id);
        for (const one of outcomes) {
          if (one.result === 'retry') due.set(one.id, one.dueAt);
          else due.delete(one.id);
        }
      },
    },
    clock: { now: () => time.now },
    timers,
    batch: 2,
    inOrder: false,
    lease: 100,
    isAlone: true,
    ...other,
    isReady: () => seen.isReady,
    async deliver(deliveries) {
      delivered.push(deliveries.map(({ id }) => id));
      return deliveries.flatMap((delivery) => outcome(delivery) ?? []);
    },
    onError: () => seen.errors++,
  });
  const travel = (ms: number) => {
    time.now += ms;
    timers.advance(ms);
  };
  return { drain, timers, due, claimed, delivered, seen, travel };
}

const ANY = { tenant: 'default', eventId: 'e', eventType: 't', body: '{}', at: 0, tries: 0 };
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('what is due is delivered in batches, and nothing is waited for afterwards', async () => {
  const { drain, timers, due, delivered } = setUp(({ id }) => ({ id, result: 'done' }));
  for (const id of ['1', '2', '3']) due.set(id, 0);
  drain.wake();
  await settled();
  assert.deepEqual([delivered, due.size, timers.pending], [[['1', '2'], ['3']], 0, 0]);
});

test('what is due later is waited for', async () => {
  let tries = 0;
  const { drain, due, delivered, travel } = setUp(({ id }) =>
    tries++ === 0 ? { id, result: 'retry', dueAt: 500, failure: '' } : { id, result: 'done' },
  );
  due.set('1', 0);
  drain.wake();
  await settled();
  travel(499);
  await settled();
  assert.equal(delivered.length, 1);
  travel(1);
  await settled();
  assert.deepEqual([delivered, due.size], [[['1'], ['1']], 0]);
});

test('nothing is looked up while nothing can be delivered', async () => {
  const { drain, due, delivered, seen } = setUp(({ id }) => ({ id, result: 'done' }));
  due.set('1', 0);
  seen.isReady = false;
  drain.wake();
  await settled();
  assert.deepEqual(delivered, []);
  seen.isReady = true;
  drain.wake();
  await settled();
  assert.deepEqual(delivered, [['1']]);
});

test('a batch that could not be dealt with at all comes again', async () => {
  let isBroken = true;
  const { drain, due, delivered, seen, travel } = setUp(({ id }) => {
    if (isBroken) throw new Error('not now');
    return { id, result: 'done' };
  });
  due.set('1', 0);
  drain.wake();
  await settled();
  assert.equal(seen.errors, 1);
  isBroken = false;
  travel(1000);
  await settled();
  assert.deepEqual([delivered.length, due.size], [2, 0]);
});

test('after its close a drain does nothing', async () => {
  const { drain, due, delivered, timers } = setUp(({ id }) => ({ id, result: 'done' }));
  await drain.close();
  due.set('1', 0);
  drain.wake();
  await settled();
  assert.deepEqual([delivered, timers.pending], [[], 0]);
});

test('what nothing became of is given back, and comes again', async () => {
  let isKnown = false;
  const { drain, due, claimed, delivered, seen } = setUp(({ id }) => {
    if (!isKnown) seen.isReady = false;
    return isKnown ? { id, result: 'done' } : undefined;
  });
  due.set('1', 0);
  drain.wake();
  await settled();
  assert.deepEqual([delivered.length, claimed.size, due.size], [1, 0, 1]);
  [isKnown, seen.isReady] = [true, true];
  drain.wake();
  await settled();
  assert.deepEqual([delivered.length, due.size], [2, 0]);
});

test('one that is alone goes on at its start with what was taken before, and one of several waits', async () => {
  for (const isAlone of [true, false]) {
    const { drain, due, claimed, delivered, travel } = setUp(({ id }) => ({ id, result: 'done' }), {
      isAlone,
    });
    due.set('1', 0);
    claimed.set('1', 20_000);
    drain.wake();
    await settled();
    assert.equal(delivered.length, isAlone ? 1 : 0);
    for (let looks = 0; looks < 2; looks++) {
      travel(15_000);
      await settled();
    }
    assert.equal(delivered.length, 1);
    await drain.close();
  }
});

test('one of several looks again and again for what others left', async () => {
  const { drain, due, delivered, travel } = setUp(({ id }) => ({ id, result: 'done' }), { isAlone: false });
  drain.wake();
  await settled();
  due.set('1', 0);
  travel(15_000);
  await settled();
  assert.equal(delivered.length, 1);
  await drain.close();
});
