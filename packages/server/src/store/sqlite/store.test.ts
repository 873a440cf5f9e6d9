import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { deskStoreContract } from '../desk-store-contract.ts';
import { storeContract } from '../store-contract.ts';
import { openSqliteStore } from './store.ts';

await storeContract('sqlite', openForTest);
deskStoreContract('sqlite', openForTest);

async function openForTest() {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-store-'));
  const store = await openSqliteStore({ dataDir });
  return {
    store,
    async dispose() {
      await store.close();
      await rm(dataDir, { recursive: true });
    },
  };
}

test('sqlite: what can not be copied into the writing thread is refused, and the store goes on', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-store-'));
  const store = await openSqliteStore({ dataDir });
  const patch = { nickname: (() => 'a function') as unknown as string };
  await assert.rejects(store.updateUser('default', 'alice', patch), { code: 'EINTERNAL' });
  await store.ping();
  await store.close();
  await rm(dataDir, { recursive: true });
});

test('sqlite: a store that closes finishes what follows from earlier calls, and refuses the rest', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-store-'));
  const store = await openSqliteStore({ dataDir });
  const chained = store.ping().then(() => store.ping());
  const closing = store.close();
  await chained;
  await closing;
  await assert.rejects(store.ping(), { code: 'EINTERNAL' });
  const again = await openSqliteStore({ dataDir });
  const closingAtRest = again.close();
  await assert.rejects(again.ping(), { code: 'EINTERNAL' });
  await closingAtRest;
  await rm(dataDir, { recursive: true });
});

test('sqlite: a short read waits for no long one', async () => {
  const { store, dispose } = await openForTest();
  try {
    let done = 0;
    const count = () => {
      done += 1;
    };
    const long = Array.from({ length: 5000 }, () => store.listUsers('default', { limit: 9 }).then(count));
    await store.findUser('default', 'alice');
    assert.ok(done < long.length, 'long reads are still waiting');
    await Promise.all(long);
  } finally {
    await dispose();
  }
});

test('sqlite: a store whose thread was lost refuses, and still closes', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-store-'));
  const threads: Worker[] = [];
  const remember = (worker: Worker) => threads.push(worker);
  process.on('worker', remember);
  const store = await openSqliteStore({ dataDir });
  process.off('worker', remember);
  const running = Promise.allSettled([store.ping()]);
  await Promise.all(threads.map((worker) => worker.terminate()));
  await running;
  await assert.rejects(store.ping(), { code: 'EINTERNAL' });
  await store.close();
  await rm(dataDir, { recursive: true });
});
