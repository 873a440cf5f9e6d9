import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../core/model.ts';
import type { ReceiptReport, Receipts } from '../core/receipts.ts';
import { Payload } from '../transport/payload.ts';
import { Deliveries } from './deliveries.ts';
import type { FanOutItem } from './fan-out.ts';
import { groupMessage } from './message-fixture.ts';

const BOB = { tenant: 't', userId: 'bob', role: 'user', name: 'bob' } as const;

function created(seq: number, changes: Partial<Message> = {}): FanOutItem {
  const event = { type: 'message.created' as const, message: groupMessage(seq, changes), memberCount: 2 };
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

/** A recording stand-in for the core's receipts, that stores when it is told to. */
function setUp() {
  const reports: string[] = [];
  const gate = { open: Promise.resolve() };
  const receipts = {
    async reportIn(_tenant: string, conversationId: string, kind: string, entries: readonly ReceiptReport[]) {
      await gate.open;
      for (const { userId, messages, revisions } of entries) {
        const seqs = messages.map(({ seq }) => seq).join(',');
        reports.push(
          `${conversationId} ${kind} ${userId} ${seqs} ${revisions ? `r${revisions.from}-${revisions.to}` : ''}`,
        );
      }
    },
  } as unknown as Receipts;
  const errors: unknown[] = [];
  const connection = { enqueuedBytes: 0, queuedBytes: 0, isOpen: true };
  const deliveries = new Deliveries(receipts, (error) => errors.push(error));
  return { deliveries, connection, log: deliveries.openLog(BOB, connection), reports, errors, gate };
}

test('what the operating system took is delivered, and what is still queued is not', async () => {
  const { deliveries, connection, log, reports } = setUp();
  connection.enqueuedBytes = 100;
  deliveries.sent(log, [created(1), created(2)]);
  connection.enqueuedBytes = 150;
  connection.queuedBytes = 20;
  deliveries.sent(log, [created(3)]);
  await deliveries.flush();
  assert.deepEqual(reports, ['team delivered bob 1,2 ']);
  connection.queuedBytes = 0;
  await deliveries.close();
  assert.deepEqual(reports.slice(1), ['team delivered bob 3 ']);
});

test('what was queued when the connection ended is never delivered', async () => {
  const { deliveries, connection, log, reports } = setUp();
  connection.enqueuedBytes = 100;
  connection.queuedBytes = 100;
  deliveries.sent(log, [created(1)]);
  connection.isOpen = false;
  await deliveries.flush();
  connection.queuedBytes = 0;
  await deliveries.close();
  assert.deepEqual(reports, []);
});

test("a user's own messages are not delivered to it", async () => {
  const { deliveries, log, reports } = setUp();
  deliveries.sent(log, [created(1, { senderId: 'bob' }), created(2)]);
  await deliveries.close();
  assert.deepEqual(reports, ['team delivered bob 2 ']);
});

test('revisions that follow each other are known together, one behind a gap is left for the next sync', async () => {
  const { deliveries, log, reports } = setUp();
  deliveries.sent(log, [changed(1, 3), changed(2, 4), changed(3, 9)]);
  await deliveries.close();
  assert.deepEqual(reports, ['team delivered bob  r3-4']);
});

test('a flush waits for what an earlier one is still storing', async () => {
  const { deliveries, log, reports, gate } = setUp();
  const stored = Promise.withResolvers<void>();
  gate.open = stored.promise;
  deliveries.sent(log, [created(1)]);
  const first = deliveries.flush();
  // Not the same tick, so that the first has begun to store.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const second = deliveries.flush().then(() => assert.equal(reports.length, 1));
  stored.resolve();
  await Promise.all([first, second]);
});

test('a store that refuses is told of, and stops nothing', async () => {
  const { deliveries, log, reports, errors, gate } = setUp();
  const full = Promise.reject(new Error('full'));
  full.catch(() => {});
  gate.open = full;
  deliveries.sent(log, [created(1)]);
  await deliveries.flush();
  gate.open = Promise.resolve();
  deliveries.acknowledged(BOB, [created(2)]);
  await deliveries.close();
  assert.equal(errors.length, 1);
  assert.deepEqual(reports, ['team delivered bob 2 ']);
});

test('a notification that was written or acknowledged is told to each user once a flush', async () => {
  const told: string[] = [];
  const notifications = {
    async told(tenant: string, id: string, userIds: readonly string[]) {
      told.push(`${tenant} ${id} ${userIds.join('+')}`);
    },
  };
  const deliveries = new Deliveries({} as Receipts, assert.ifError, notifications);
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
  deliveries.sent(deliveries.openLog(BOB, written), items);
  deliveries.sent(deliveries.openLog({ ...BOB, userId: 'dave' }, stuck), items);
  deliveries.acknowledged({ ...BOB, userId: 'carol' }, items);
  deliveries.acknowledged(BOB, items);
  await deliveries.close();
  assert.deepEqual(told, ['t n1 carol+bob']);
});
