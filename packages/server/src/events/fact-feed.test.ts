import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogEntry } from '../core/log/log-entry.ts';
import type { FedRecord, LogRecord } from '../core/ports/log-store.ts';
import { groupMessage } from '../hub/message-fixture.ts';
import { ManualTimers } from '../stomp/testing/manual-timers.ts';
import { FactFeed } from './fact-feed.ts';
import { Targets } from './targets.ts';

const SENT: LogEntry = { type: 'message-appended', message: groupMessage(1), memberCount: 2 };

function setUp(targets: Targets, ...records: LogRecord[]) {
  const timers = new ManualTimers();
  const log = [...records];
  const fed: FedRecord[] = [];
  const seen = { dropped: 0, errors: 0, woken: new Set<string>(), isBroken: false, leftOut: 0 };
  const feed = new FactFeed({
    store: {
      async listLog(limit) {
        return log.slice(0, limit);
      },
      async feedOutbox(given) {
        if (seen.isBroken) throw new Error('the disk is full');
        fed.push(...given);
        log.splice(0, given.length);
        return seen.leftOut;
      },
    },
    targets,
    clock: { now: () => 5 },
    timers,
    origin: 'here',
    maxWaiting: 10,
    recorded(found) {
      for (const target of found) seen.woken.add(target);
    },
    dropped: (count) => (seen.dropped += count),
    onError: () => seen.errors++,
  });
  return { feed, timers, log, fed, seen };
}

function record(n: number, ...entries: LogEntry[]): LogRecord {
  return { writer: 'w', n, ordinal: n, at: 7, entries };
}

test('a record becomes the events of its entries, which have their place in the log as ids', async () => {
  const recalled: LogEntry = {
    type: 'message-changed',
    change: 'recalled',
    message: { ...groupMessage(1), changedAt: 6 },
    actorId: 'admin',
    unseenBy: [],
    place: ['team'],
  };
  const { feed, fed, seen } = setUp(new Targets(true), record(1, SENT), record(2, SENT, recalled));
  await feed.drain();
  assert.deepEqual(
    fed.map(({ n, deliveries }) => [n, deliveries.map(({ eventId, eventType }) => [eventId, eventType])]),
    [
      [1, [['w-1-1', 'communication.message.sent']]],
      [
        2,
        [
          ['w-2-1', 'communication.message.sent'],
          ['w-2-2', 'communication.message.recalled'],
        ],
      ],
    ],
  );
  const body = JSON.parse(fed[1]?.deliveries[1]?.body ?? '');
  assert.deepEqual([body.eventId, body.origin, body.appId, body.operatorId], ['w-2-2', 'here', 't', 'admin']);
  assert.deepEqual([...seen.woken], ['']);
});

test('what nobody wants is taken out of the log all the same', async () => {
  const { feed, fed, log } = setUp(new Targets(false), record(1, SENT));
  await feed.drain();
  assert.deepEqual([fed.map(({ deliveries }) => deliveries), log], [[[]], []]);
});

test('what the store refuses is fed once it takes it again', async () => {
  const { feed, timers, fed, log, seen } = setUp(new Targets(true));
  seen.isBroken = true;
  log.push(record(1, SENT));
  feed.wake();
  while (seen.errors === 0) await new Promise((resolve) => setImmediate(resolve));
  seen.isBroken = false;
  timers.advance(1000);
  while (fed.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(log.length, 0);
  await feed.close();
});

test('what others have logged is found without being told of', async () => {
  const { feed, timers, fed, log } = setUp(new Targets(true));
  feed.wake();
  while (timers.pending === 0) await new Promise((resolve) => setImmediate(resolve));
  log.push(record(1, SENT));
  timers.advance(1000);
  while (fed.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await feed.close();
});

test('an entry that no event can be made of is counted as dropped, and holds up nothing', async () => {
  const broken = { type: 'message-appended', message: { id: 'x' } } as unknown as LogEntry;
  const { feed, fed, seen } = setUp(new Targets(true), record(1, broken, SENT));
  seen.leftOut = 1;
  await feed.drain();
  assert.equal(fed[0]?.deliveries.length, 1);
  assert.deepEqual([seen.dropped, seen.errors], [2, 1]);
});
