import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CoreEvent } from '../core/events.ts';
import type { OutboxEntry, ToldMessage, UntoldMessage } from '../core/ports/event-store.ts';
import { groupMessage } from '../hub/message-fixture.ts';
import { ManualTimers } from '../stomp/testing/manual-timers.ts';
import { FactRecorder } from './fact-recorder.ts';
import { Targets } from './targets.ts';

const GONE: CoreEvent = {
  type: 'member.removed',
  tenant: 'default',
  conversationId: 'team',
  kind: 'group',
  userId: 'alice',
  actorId: 'admin',
};

function setUp(targets: Targets) {
  const timers = new ManualTimers();
  const writes: OutboxEntry[][] = [];
  const told: CoreEvent[] = [];
  const settled: ToldMessage[] = [];
  const untold: UntoldMessage[] = [];
  const seen = { dropped: 0, errors: 0, woken: new Set<string>(), isBroken: false, leftOut: 0 };
  const during = { write: async () => {}, recorded: () => {} };
  let ids = 0;
  const recorder = new FactRecorder({
    store: {
      async recordDeliveries(entries, _maxWaiting, told = []) {
        if (seen.isBroken) throw new Error('the disk is full');
        writes.push([...entries]);
        settled.push(...told);
        await during.write();
        return seen.leftOut;
      },
      async listUntold(limit) {
        return untold.splice(0, limit);
      },
    },
    next: { publish: (_topics, event) => told.push(event), notify() {} },
    targets,
    clock: { now: () => 5 },
    timers,
    ids: { next: () => `event-${++ids}` },
    origin: 'here',
    maxWaiting: 10,
    recorded(found) {
      for (const target of found) seen.woken.add(target);
      during.recorded();
    },
    dropped: (count) => (seen.dropped += count),
    onError: () => seen.errors++,
  });
  return { recorder, timers, writes, told, settled, untold, seen, during };
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
    eventType: 'business.group.member.left',
    groupId: 'team',
    updateType: 'member_removed',
    memberId: 'alice',
    operatorId: 'admin',
    updatedBy: 'admin',
    timestamp: '1970-01-01T00:00:00.005Z',
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

test('a message that is told again, to one who came later, is no new fact', async () => {
  const { recorder, writes, told } = setUp(new Targets(true));
  const event = { type: 'message.created', message: groupMessage(1), memberCount: 2 } as const;
  recorder.publish(['user/default/agent'], { ...event, isRetold: true });
  recorder.publish(['team'], event);
  await quiet();
  assert.equal(told.length, 2);
  assert.equal(writes.flat().length, 1);
});

test('what a crash left untold of messages is recorded, and settled with its entries', async () => {
  const { recorder, writes, settled, untold, told } = setUp(new Targets(true));
  const message = groupMessage(1);
  untold.push(
    { message, became: 'normal', actorId: 'alice' },
    { message: { ...message, revision: 7 }, became: 'recalled', actorId: 'admin' },
  );
  await recorder.catchUp();
  assert.deepEqual(
    writes.flat().map(({ eventType, body }) => [eventType, JSON.parse(body).operatorId]),
    [
      ['communication.message.sent', undefined],
      ['communication.message.recalled', 'admin'],
    ],
  );
  assert.deepEqual(settled, [
    { messageId: message.id, revision: 0 },
    { messageId: message.id, revision: 7 },
  ]);
  assert.deepEqual(told, [], 'clients get it by their sync');
});

test('a message that nobody wants to be told of is settled', async () => {
  const targets = new Targets(false);
  targets.add({
    tenant: 'another',
    id: 'hook',
    url: 'https://example.org/',
    events: ['*'],
    secret: '',
    createdBy: 'admin',
    createdAt: 0,
  });
  const { recorder, writes, settled } = setUp(targets);
  const message = groupMessage(1);
  recorder.publish([], { type: 'message.created', message, memberCount: 2 });
  await recorder.close();
  assert.deepEqual([writes.flat(), settled], [[], [{ messageId: message.id, revision: 0 }]]);
});

test('an event that no fact can be made of is counted as dropped, and reaches the sessions', async () => {
  const { recorder, writes, told, seen } = setUp(new Targets(true));
  const broken = { type: 'message.created', message: { id: 'x', revision: 0 } } as unknown as CoreEvent;
  recorder.publish([], broken);
  recorder.publish([], GONE);
  await quiet();
  assert.deepEqual(told, [broken, GONE]);
  assert.deepEqual(
    writes.flat().map(({ eventType }) => eventType),
    ['business.group.member.left'],
  );
  assert.deepEqual([seen.dropped, seen.errors], [1, 1]);
});
