import { sharedPostgres } from '../../../test/support/postgres.ts';
import { parseStore } from '../../config/store-url.ts';
import type { StoreUnderTest } from '../store-contract.ts';
import { openPostgresStore } from './store.ts';

/** A store in a database of its own on the tests' server. */
export async function openForTest(): Promise<StoreUnderTest> {
  const server = await sharedPostgres();
  const url = await server.createDatabase();
  const choice = parseStore(url);
  if (choice.kind !== 'postgres') throw new Error(`${url} is no PostgreSQL`);
  const store = await openPostgresStore({ address: choice.address });
  return {
    store,
    async dispose() {
      await store.close();
      await server.dropDatabase(url);
    },
  };
}
