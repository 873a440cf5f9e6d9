import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sharedPostgres } from './postgres.ts';

/** Which database the servers of this run keep their store in. */
const KIND = process.env.TEST_STORE ?? 'sqlite';

const databases = new Map<string, Promise<string>>();

/** The setting `store` of a test server: in a run on PostgreSQL a database of its own for each data folder. */
export function storeFor(dataDir: string): Promise<string> {
  if (KIND === 'sqlite') return Promise.resolve('sqlite');
  if (KIND !== 'postgres' && KIND !== 'nodes')
    throw new Error(`TEST_STORE is sqlite, postgres or nodes, not ${KIND}`);
  let database = databases.get(dataDir);
  if (!database) {
    database = sharedPostgres().then((server) => server.createDatabase());
    databases.set(dataDir, database);
  }
  return database;
}

/** Whether each test server is two nodes on one database, behind a balancer. */
export function hasSeveralNodes(): boolean {
  return KIND === 'nodes';
}

/** Removes the database of a data folder that nobody needs any more. */
export async function forgetStore(dataDir: string): Promise<void> {
  const database = databases.get(dataDir);
  databases.delete(dataDir);
  if (database) await (await sharedPostgres()).dropDatabase(await database);
}

/** Runs a statement on the store of a server that is stopped, past the server. */
export async function runInStore(dataDir: string, sql: string): Promise<void> {
  const store = await storeFor(dataDir);
  if (store !== 'sqlite') {
    await (await sharedPostgres()).admin(sql, store);
    return;
  }
  const database = new DatabaseSync(join(dataDir, 'haina.db'));
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}
