import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
