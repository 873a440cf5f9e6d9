import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { storeContract } from '../store-contract.ts';
import { openSqliteStore } from './store.ts';

storeContract('sqlite', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-store-'));
  const store = await openSqliteStore({ dataDir });
  return {
    store,
    async dispose() {
      await store.close();
      await rm(dataDir, { recursive: true });
    },
  };
});

test('sqlite: what can not be copied into the writing thread is refused, and the store goes on', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-store-'));
  const store = await openSqliteStore({ dataDir });
  const patch = { nickname: (() => 'a function') as unknown as string };
  await assert.rejects(store.updateUser('default', 'alice', patch), { code: 'EINTERNAL' });
  await store.ping();
  await store.close();
  await rm(dataDir, { recursive: true });
});
