import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delivery, DeliveryOutcome } from '../../core/ports/event-store.ts';
import type { NatsSession } from './session.ts';
import { StreamWatch } from './stream-watch.ts';

const SESSION = {
  streamOf: (subject: string) => (subject.startsWith('business.') ? 'BUSINESS' : 'TALK'),
  manager: { streams: { info: () => Promise.reject(new Error('no answer')) } },
} as unknown as NatsSession;

type Result = DeliveryOutcome['result'];

function setUp() {
  const told: string[] = [];
  let now = 0;
  const watch = new StreamWatch({
    clock: { now: () => now },
    troubled: ({ stream, reason, failed }) => void told.push(`${stream} ${reason} ${failed}`),
    recovered: (stream) => void told.push(`${stream} is well`),
  });
  return {
    told,
    later(time: number) {
      now += time;
    },
    /** One batch with these results. */
    observe(eventType: string, ...results: Result[]) {
      const deliveries = results.map((_, id) => ({ id, eventType }) as unknown as Delivery);
      const outcomes = results.map((result, id) => ({ id, result, failure: 'full', dueAt: 0 }));
      return watch.observe(SESSION, deliveries, outcomes as unknown as DeliveryOutcome[]);
    },
  };
}

test('a stream that takes nothing is told of at once, then once a minute with how much failed meanwhile', async () => {
  const { told, later, observe } = setUp();
  await observe('business.a', 'retry', 'retry');
  for (let second = 0; second < 60; second++) {
    later(1000);
    await observe('business.a', 'retry');
  }
  assert.deepEqual(told, ['BUSINESS full 2', 'BUSINESS full 60']);
});

test('a stream is well once it took all of a batch, and is told so once', async () => {
  const { told, observe } = setUp();
  await observe('business.a', 'done');
  await observe('business.a', 'done', 'retry');
  await observe('business.a', 'retry', 'done');
  await observe('communication.a', 'done');
  await observe('business.a', 'dead');
  assert.deepEqual(told, ['BUSINESS full 1']);
  await observe('business.a', 'done');
  await observe('business.a', 'done');
  assert.deepEqual(told, ['BUSINESS full 1', 'BUSINESS is well']);
});

test('a stream that fails and recovers again and again fills no log', async () => {
  const { told, later, observe } = setUp();
  for (let second = 0; second < 60; second++) {
    await observe('business.a', 'retry');
    await observe('business.a', 'done');
    later(999);
  }
  assert.deepEqual(told, ['BUSINESS full 1', 'BUSINESS is well']);
  later(60_000);
  await observe('business.a', 'retry');
  assert.equal(told.length, 3);
});

test('each stream is told of by itself', async () => {
  const { told, observe } = setUp();
  await observe('business.a', 'retry');
  await observe('communication.a', 'retry');
  assert.deepEqual(told, ['BUSINESS full 1', 'TALK full 1']);
});
