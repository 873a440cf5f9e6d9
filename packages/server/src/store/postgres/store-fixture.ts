import { sharedPostgres } from '../../../test/support/postgres.ts';
import { type PostgresAddress, parseStore } from '../../config/store-url.ts';
import type { TwoStores } from '../contract/two-stores.ts';
import type { StoreUnderTest } from '../store-contract.ts';
import { openPostgresStore } from './store.ts';

/** A store in a database of its own on the tests' server. */
export async function openForTest(): Promise<StoreUnderTest> {
  const server = await sharedPostgres();
  const url = await server.createDatabase();
  const store = await openPostgresStore({ address: addressOf(url) });
  return {
    store,
    async dispose() {
      await store.close();
      await server.dropDatabase(url);
    },
  };
}

/** Two stores in one database, as two nodes have them. */
export async function openTwoForTest(): Promise<TwoStores> {
  const server = await sharedPostgres();
  const url = await server.createDatabase();
  const address = addressOf(url);
  const retries: string[] = [];
  const retried = (reason: string) => retries.push(reason);
  const open = () => openPostgresStore({ address, retried });
  const [one, other] = [await open(), await open()];
  return { one, other, retries, dispose: () => server.dropDatabase(url) };
}

function addressOf(url: string): PostgresAddress {
  const choice = parseStore(url);
  if (choice.kind !== 'postgres') throw new Error(`${url} is no PostgreSQL`);
  return choice.address;
}
