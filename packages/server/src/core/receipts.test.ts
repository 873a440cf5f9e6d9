import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openSqliteStore } from '../store/sqlite/index.ts';
import type { CoreEvent } from './events.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { Principal } from './model.ts';
import type { Store } from './ports/store.ts';
import { Receipts } from './receipts.ts';

const bob: Principal = { tenant: 't', userId: 'bob', role: 'user', name: 'bob' };
let dataDir: string;
let store: Store;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'haina-receipts-'));
  store = await openSqliteStore({ dataDir });
  for (const id of ['alice', 'bob', 'carol']) {
    const shown = { username: id, nickname: id, role: 'user' as const };
    await store.createUser({ ...shown, tenant: 't', id, passwordHash: null, createdAt: 1 });
  }
});
after(async () => {
  await store.close();
  await rm(dataDir, { recursive: true });
});

/** A group in which alice and carol have said some things in turn. */
async function groupWith(id: string, count: number, maxReceiptMembers: number) {
  const members = ['alice', 'bob', 'carol'].map((userId) => ({ userId, role: 'member' as const }));
  await store.createGroup({ tenant: 't', id, name: id, members, createdAt: 1 });
  const append = (index: number) =>
    store.appendMessage({
      tenant: 't',
      id: `${id}-${index}`,
      clientId: `${id}-${index}`,
      senderId: index % 2 === 0 ? 'alice' : 'carol',
      target: { kind: 'conversation', conversationId: id },
      content: { type: 'text', text: 'x', extra: null },
      source: 'test',
      deviceId: '',
      createdAt: 1,
    });
  await Promise.all(Array.from({ length: count }, (_, index) => append(index)));
  const told: string[] = [];
  const publish = (_topics: readonly string[], event: CoreEvent) => {
    if (event.type === 'receipt') told.push(`${event.status} ${event.messageId}`);
  };
  const receipts = new Receipts({
    store,
    sink: { publish, notify() {} },
    clock: { now: () => 1 },
    limits: { ...DEFAULT_LIMITS, maxReceiptMembers },
  });
  const readSeq = async () => (await store.findMember('t', id, 'bob'))?.readSeq;
  return { told, receipts, readSeq };
}

test('reading up to a message tells each sender of each message once, in order, however many', async () => {
  const { told, receipts, readSeq } = await groupWith('many', 450, 200);
  const all = Array.from({ length: 450 }, (_, index) => `read many-${index}`);
  await Promise.all([receipts.readUpTo(bob, 'many', 420), receipts.readUpTo(bob, 'many', 420)]);
  assert.deepEqual(told, all.slice(0, 420));
  await receipts.readUpTo(bob, 'many', 1000);
  assert.deepEqual([told, await readSeq()], [all, 450]);
});

test('in a crowd what was read is kept and nobody is told', async () => {
  const { told, receipts, readSeq } = await groupWith('crowd', 10, 2);
  await receipts.readUpTo(bob, 'crowd', 7);
  assert.deepEqual([told, await readSeq()], [[], 7]);
});
