import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CoreEvent } from '../core/events.ts';
import type { OutboxEntry } from '../core/ports/event-store.ts';
import { groupMessage } from '../hub/message-fixture.ts';
import { ManualTimers } from '../stomp/testing/manual-timers.ts';
import { FactRecorder } from './fact-recorder.ts';
import { Targets } from './targets.ts';

/** Something that is told and not stored. */
const GONE: CoreEvent = { type: 'user.logout', tenant: 'default', userId: 'alice', at: 5 };

function setUp(targets: Targets) {
  const timers = new ManualTimers();
  const writes: OutboxEntry[][] = [];
  const told: CoreEvent[] = [];
  const seen = { dropped: 0, errors: 0, woken: new Set<string>(), stored: 0, isBroken: false, leftOut: 0 };
  const during = { write: async () => {}, recorded: () => {} };
  let ids = 0;
  const recorder = new FactRecorder({
    store: {
      async recordDeliveries(entries) {
        if (seen.isBroken) throw new Error('the disk is full');
        writes.push([...entries]);
        await during.write();
        return seen.leftOut;
      },
    },
    next: { publish: (_topics, event) => told.push(event), notify() {} },
    targets,
    clock: { now: () => 5 },
    timers,
    ids: { next: () => `event-${++ids}` },
    origin: 'here',
    maxWaiting: 10,
    stored: () => seen.stored++,
    recorded(found) {
      for (const target of found) seen.woken.add(target);
      during.recorded();
    },
    dropped: (count) => (seen.dropped += count),
    onError: () => seen.errors++,
  });
  return { recorder, timers, writes, told, seen, during };
}

const quiet = () => new Promise((resolve) => setImmediate(resolve));

test('where no event goes anywhere nothing is written, and everything is told', async () => {
  const { recorder, writes, told } = setUp(new Targets(false));
  recorder.publish([], GONE);
  await quiet();
  assert.deepEqual([writes, told], [[], [GONE]]);
});

test('the facts of one tick are one write, each with an id and where it comes from', async () => {
  const { recorder, writes, seen } = setUp(new Targets(true));
  recorder.publish([], GONE);
  recorder.publish([], { ...GONE, userId: 'bob' });
  await quiet();
  assert.equal(writes.length, 1);
  const [first, second] = writes[0] ?? [];
  assert.deepEqual([first?.eventId, second?.eventId], ['event-1', 'event-2']);
  assert.deepEqual(JSON.parse(first?.body ?? ''), {
    eventId: 'event-1',
    eventType: 'business.user.logout',
    userId: 'alice',
    deviceId: '',
    logoutTime: '1970-01-01T00:00:00.005Z',
    appId: 'default',
    origin: 'here',
  });
  assert.deepEqual([...seen.woken], ['']);
});

test('what came from another system is not recorded', async () => {
  const { recorder, writes } = setUp(new Targets(true));
  recorder.publish([], {
    type: 'business',
    tenant: 'default',
    category: 'user',
    event: { eventId: 'x', eventType: 'business.user.login', userId: 'alice' },
    source: 'nats',
    isPersonal: false,
    at: 1,
  });
  await quiet();
  assert.deepEqual(writes, []);
});

test('what the store refuses is written once it takes it again', async () => {
  const { recorder, timers, writes, seen } = setUp(new Targets(true));
  seen.isBroken = true;
  recorder.publish([], GONE);
  await quiet();
  assert.deepEqual([seen.errors, recorder.depth], [1, 1]);
  seen.isBroken = false;
  timers.advance(1000);
  await quiet();
  assert.deepEqual([writes.length, recorder.depth, timers.pending], [1, 0, 0]);
});

test('what happens while a write ends waits for no timer', async () => {
  for (let turns = 0; turns < 5; turns++) {
    const { recorder, timers, writes, during } = setUp(new Targets(true));
    during.recorded = async () => {
      during.recorded = () => {};
      for (let turn = 0; turn < turns; turn++) await undefined;
      recorder.publish([], { ...GONE, userId: 'bob' });
    };
    recorder.publish([], GONE);
    await quiet();
    assert.deepEqual(
      [writes.flat().length, recorder.depth, timers.pending],
      [2, 0, 0],
      `${turns} turns later`,
    );
  }
});

test('what is written before a refused write is tried again is not written twice', async () => {
  const { recorder, timers, writes, seen, during } = setUp(new Targets(true));
  seen.isBroken = true;
  recorder.publish([], GONE);
  await quiet();
  seen.isBroken = false;
  const writing = Promise.withResolvers<void>();
  during.write = () => writing.promise;
  recorder.publish([], { ...GONE, userId: 'bob' });
  await quiet();
  timers.advance(1000);
  await quiet();
  recorder.publish([], { ...GONE, userId: 'carol' });
  writing.resolve();
  await quiet();
  assert.deepEqual(
    writes.flat().map(({ eventId }) => eventId),
    ['event-1', 'event-2', 'event-3'],
  );
});

test('what finds no room is counted', async () => {
  const { recorder, seen } = setUp(new Targets(true));
  seen.leftOut = 1;
  recorder.publish([], GONE);
  await quiet();
  assert.equal(seen.dropped, 1);
  seen.isBroken = true;
  const large = { ...GONE, userId: 'x'.repeat(1_000_000) };
  for (let i = 0; i < 40; i++) recorder.publish([], large);
  assert.equal(seen.dropped, 8, 'what waits for the store is bounded in bytes');
});

test('closing writes what waits', async () => {
  const { recorder, writes, seen } = setUp(new Targets(true));
  seen.isBroken = true;
  recorder.publish([], GONE);
  await quiet();
  seen.isBroken = false;
  await recorder.close();
  assert.equal(writes.length, 1);
});

test('what was stored is in the change log: its feed is woken, and nothing is recorded from here', async () => {
  const { recorder, writes, told, seen } = setUp(new Targets(true));
  recorder.publish(['team'], { type: 'message.created', message: groupMessage(1), memberCount: 2 });
  await quiet();
  assert.deepEqual([told.length, seen.stored, writes], [1, 1, []]);
});

test('an event that no fact can be made of is counted as dropped, and reaches the sessions', async () => {
  const { recorder, writes, told, seen } = setUp(new Targets(true));
  const broken = { ...GONE, at: Number.NaN } as unknown as CoreEvent;
  recorder.publish([], broken);
  recorder.publish([], GONE);
  await quiet();
  assert.deepEqual(told, [broken, GONE]);
  assert.deepEqual(
    writes.flat().map(({ eventType }) => eventType),
    ['business.user.logout'],
  );
  assert.deepEqual([seen.dropped, seen.errors], [1, 1]);
});
