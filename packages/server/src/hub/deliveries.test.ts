import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageCreated } from '../core/events.ts';
import type { Message } from '../core/model.ts';
import type { ConversationReport } from '../core/receipts.ts';
import { Payload } from '../transport/payload.ts';
import { Deliveries } from './deliveries.ts';
import { FanOut, type FanOutItem } from './fan-out.ts';
import { groupMessage } from './message-fixture.ts';
import { type Trace, traceOf } from './trace.ts';

const BOB = { tenant: 't', userId: 'bob', role: 'user', name: 'bob' } as const;

/** Above so many members nobody is told of receipts. */
const MAX_RECEIPT_MEMBERS = 5;

function created(seq: number, changes: Partial<Message> = {}, memberCount = 2): FanOutItem {
  const event = { type: 'message.created' as const, message: groupMessage(seq, changes), memberCount };
  return { event, payload: Payload.text('') };
}

function changed(seq: number, revision: number): FanOutItem {
  const event = {
    type: 'message.changed' as const,
    change: 'recalled' as const,
    message: groupMessage(seq, { revision }),
    actorId: 'alice',
  };
  return { event, payload: Payload.text('') };
}

function tracesOf(items: readonly FanOutItem[]): Trace[] {
  return items.flatMap(({ event }) => traceOf(event) ?? []);
}

/** A recording stand-in for the core's receipts, that stores when it is told to. */
function setUp({ isAwaited = true } = {}) {
  const reports: string[] = [];
  const gate = { open: Promise.resolve() };
  const receipts = {
    isAwaited: () => isAwaited,
    async report({ conversationId, kind, messages, users }: ConversationReport) {
      await gate.open;
      const told = messages.map(({ seq }) => seq).join(',');
      for (const { userId, ranges, revisions } of users) {
        const known = ranges.map(({ from, to }) => `${from}-${to}`).join(',');
        reports.push(
          `${conversationId} ${kind} ${userId} ${known}${revisions?.map(({ from, to }) => ` r${from}-${to}`).join('') ?? ''} of ${told}`,
        );
      }
    },
  };
  const errors: unknown[] = [];
  const connection = { enqueuedBytes: 0, queuedBytes: 0, isOpen: true };
  const deliveries = new Deliveries({
    receipts,
    maxReceiptMembers: MAX_RECEIPT_MEMBERS,
    onError: (error) => errors.push(error),
  });
  return { deliveries, connection, bob: { userId: BOB.userId, connection }, reports, errors, gate };
}

test('what the operating system took is delivered, and what is still queued is not', async () => {
  const { deliveries, connection, bob, reports } = setUp();
  connection.enqueuedBytes = 100;
  deliveries.sent(bob, new FanOut([created(1), created(2)]));
  connection.enqueuedBytes = 150;
  connection.queuedBytes = 20;
  deliveries.sent(bob, new FanOut([created(3)]));
  await deliveries.flush();
  assert.deepEqual(reports, ['team delivered bob 1-2 of 1,2']);
  connection.queuedBytes = 0;
  await deliveries.close();
  assert.deepEqual(reports.slice(1), ['team delivered bob 3-3 of 3']);
});

test('what was queued when the connection ended is never delivered', async () => {
  const { deliveries, connection, bob, reports } = setUp();
  connection.enqueuedBytes = 100;
  connection.queuedBytes = 100;
  deliveries.sent(bob, new FanOut([created(1)]));
  connection.isOpen = false;
  await deliveries.flush();
  connection.queuedBytes = 0;
  await deliveries.close();
  assert.deepEqual(reports, []);
});

test('what a user got is ranges: a gap stays a gap, whatever the order and however often', async () => {
  const { deliveries, bob, reports } = setUp();
  for (const seqs of [[4, 5], [1], [6], [5], [2]]) {
    deliveries.sent(bob, new FanOut(seqs.map((seq) => created(seq))));
  }
  await deliveries.close();
  assert.deepEqual(reports, ['team delivered bob 1-2,4-6 of 4,5,1,6,2']);
});

test('one fan-out to many is one report, without those who have not got it', async () => {
  const { deliveries, connection, bob, reports } = setUp();
  connection.enqueuedBytes = 10;
  const stuck = { enqueuedBytes: 10, queuedBytes: 1, isOpen: true };
  const fanOut = new FanOut([created(1)]);
  deliveries.sent({ userId: 'dave', connection: stuck }, fanOut);
  deliveries.sent(bob, fanOut);
  deliveries.sent({ userId: 'carol', connection }, fanOut);
  await deliveries.flush();
  assert.deepEqual(reports, ['team delivered bob 1-1 of 1', 'team delivered carol 1-1 of 1']);
  stuck.queuedBytes = 0;
  await deliveries.close();
  assert.deepEqual(reports.slice(2), ['team delivered dave 1-1 of 1']);
});

test('of a crowd positions are kept, and no messages for receipts that nobody is told of', async () => {
  const { deliveries, bob, reports } = setUp();
  deliveries.sent(bob, new FanOut([created(1, {}, MAX_RECEIPT_MEMBERS + 1)]));
  deliveries.sent(bob, new FanOut([created(2, {}, MAX_RECEIPT_MEMBERS + 1)]));
  await deliveries.close();
  assert.deepEqual(reports, ['team delivered bob 1-2 of ']);
});

test('revisions that follow each other are known together, one behind a gap by itself', async () => {
  const { deliveries, bob, reports } = setUp();
  deliveries.sent(bob, new FanOut([changed(1, 3), changed(2, 4), changed(3, 9)]));
  await deliveries.close();
  assert.deepEqual(reports, ['team delivered bob  r3-4 r9-9 of ']);
});

test('a flush waits for what an earlier one is still storing', async () => {
  const { deliveries, bob, reports, gate } = setUp();
  const stored = Promise.withResolvers<void>();
  gate.open = stored.promise;
  deliveries.sent(bob, new FanOut([created(1)]));
  const first = deliveries.flush();
  // Not the same tick, so that the first has begun to store.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const second = deliveries.flush().then(() => assert.equal(reports.length, 1));
  stored.resolve();
  await Promise.all([first, second]);
});

test('what was told in very many conversations is stored some at a time, all of it before a flush is over', async () => {
  let running = 0;
  let most = 0;
  const stored = new Set<string>();
  const report = async ({ conversationId }: ConversationReport) => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running -= 1;
    stored.add(conversationId);
  };
  const deliveries = new Deliveries({
    receipts: { isAwaited: () => false, report },
    maxReceiptMembers: MAX_RECEIPT_MEMBERS,
    onError: assert.ifError,
  });
  const told = Array.from({ length: 950 }, (_, index) => created(1, { conversationId: `team${index}` }));
  deliveries.acknowledged(BOB, tracesOf(told));
  await deliveries.close();
  assert.equal(stored.size, told.length);
  assert.ok(most <= 100, `${most} at once`);
});

test('what waits for a slow connection is an account of its messages, not their contents', () => {
  const { deliveries, connection, bob } = setUp();
  connection.enqueuedBytes = 100;
  connection.queuedBytes = 100;
  const content = { type: 'text', text: 'x', extra: null } as const;
  const fanOut = new FanOut([created(1, { content })]);
  deliveries.sent(bob, fanOut);
  const [conversation] = fanOut.coverage.conversations;
  assert.equal(JSON.stringify(conversation?.messages).includes('content'), false);
  connection.isOpen = false;
  return deliveries.close();
});

test('a store that refuses is told of, and stops nothing', async () => {
  const { deliveries, bob, reports, errors, gate } = setUp();
  const full = Promise.reject(new Error('full'));
  full.catch(() => {});
  gate.open = full;
  deliveries.sent(bob, new FanOut([created(1)]));
  await deliveries.flush();
  gate.open = Promise.resolve();
  deliveries.acknowledged(BOB, tracesOf([created(2)]));
  await deliveries.close();
  assert.equal(errors.length, 1);
  assert.deepEqual(reports, ['team delivered bob 2-2 of 2']);
});

for (const isAwaited of [true, false]) {
  test(`a flush says whether all was stored, of receipts that are ${isAwaited ? '' : 'not '}awaited`, async () => {
    const { deliveries, gate } = setUp({ isAwaited });
    const full = Promise.reject(new Error('full'));
    full.catch(() => {});
    gate.open = full;
    deliveries.acknowledged(BOB, tracesOf([created(1)]));
    assert.equal(await deliveries.flush(), false);
    gate.open = Promise.resolve();
    deliveries.acknowledged(BOB, tracesOf([created(2)]));
    assert.equal(await deliveries.flush(), true);
    await deliveries.close();
  });
}

test('a notification that was written or acknowledged is told to each user once a flush', async () => {
  const told: string[] = [];
  const notifications = {
    async told(tenant: string, id: string, userIds: readonly string[]) {
      told.push(`${tenant} ${id} ${userIds.join('+')}`);
    },
  };
  const deliveries = new Deliveries({
    receipts: { isAwaited: () => true, report: async () => assert.fail('there is no message') },
    notifications,
    maxReceiptMembers: MAX_RECEIPT_MEMBERS,
    onError: assert.ifError,
  });
  const notification = {
    tenant: 't',
    id: 'n1',
    type: 'alert',
    body: { title: 'x', content: 'y' },
    at: 1,
    expiresAt: null,
    createdBy: 'admin',
    createdAt: 1,
  } as const;
  const items = [{ event: { type: 'notification' as const, notification }, payload: Payload.text('') }];
  const written = { enqueuedBytes: 10, queuedBytes: 0, isOpen: true };
  const stuck = { enqueuedBytes: 10, queuedBytes: 10, isOpen: false };
  deliveries.sent({ userId: BOB.userId, connection: written }, new FanOut(items));
  deliveries.sent({ userId: 'dave', connection: stuck }, new FanOut(items));
  deliveries.acknowledged({ ...BOB, userId: 'carol' }, tracesOf(items));
  deliveries.acknowledged(BOB, tracesOf(items));
  await deliveries.close();
  assert.deepEqual(told, ['t n1 carol+bob']);
});

test('events that nothing can be made of keep no others from being stored', async () => {
  const { deliveries, bob, reports, errors } = setUp();
  const broken = { type: 'message.created', message: undefined, memberCount: 2 } as unknown as MessageCreated;
  deliveries.sent(bob, new FanOut([{ event: broken, payload: Payload.text('') }]));
  deliveries.sent(bob, new FanOut([created(1)]));
  await deliveries.close();
  assert.deepEqual(reports, ['team delivered bob 1-1 of 1']);
  assert.equal(errors.length, 1);
});

test('deliveries that no sender is told of gather for longer, and a flush stores them at once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { deliveries, bob, reports } = setUp({ isAwaited: false });
  deliveries.sent(bob, new FanOut([created(1)]));
  t.mock.timers.tick(25);
  deliveries.sent(bob, new FanOut([created(2)]));
  t.mock.timers.tick(1900);
  assert.deepEqual(reports, []);
  t.mock.timers.tick(100);
  await new Promise(setImmediate);
  assert.deepEqual(reports, ['team delivered bob 1-2 of ']);
  deliveries.sent(bob, new FanOut([created(3)]));
  await deliveries.flush();
  assert.deepEqual(reports.slice(1), ['team delivered bob 3-3 of ']);
});
