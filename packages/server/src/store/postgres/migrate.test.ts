import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SKIP_POSTGRES, sharedPostgres } from '../../../test/support/postgres.ts';
import { type PostgresAddress, parseStore } from '../../config/store-url.ts';
import { Connection } from './connect.ts';
import { migratePostgres } from './migrate.ts';
import { POSTGRES_MIGRATIONS } from './migrations.ts';
import { openPostgresStore } from './store.ts';

const NEWEST = POSTGRES_MIGRATIONS.at(-1)?.version ?? 0;
const SESSION = { name: 'test', statementTimeout: 0, lockTimeout: 0 };

async function emptyDatabase(): Promise<PostgresAddress> {
  const choice = parseStore(await (await sharedPostgres()).createDatabase());
  assert.ok(choice.kind === 'postgres');
  return choice.address;
}

async function withConnection<T>(
  address: PostgresAddress,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await Connection.open(address, SESSION);
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

describe('migrations of PostgreSQL', { skip: SKIP_POSTGRES }, () => {
  test('several nodes that start at once bring an empty database up to date once', async () => {
    const address = await emptyDatabase();
    const stores = await Promise.all([1, 2, 3, 4].map(() => openPostgresStore({ address })));
    for (const store of stores) await store.ping();
    await Promise.all(stores.map((store) => store.close()));
    const again = await withConnection(address, (connection) => migratePostgres(connection));
    assert.deepEqual(again, { from: NEWEST, to: NEWEST });
  });

  test('a step that fails leaves the schema as it was', async () => {
    const address = await emptyDatabase();
    await withConnection(address, async (connection) => {
      const steps = [
        { version: 1, usableFrom: 1, sql: 'CREATE TABLE one (a BIGINT)' },
        { version: 2, usableFrom: 2, sql: 'CREATE TABLE two (a BIGINT); SELECT nothing_like_it()' },
      ];
      await assert.rejects(migratePostgres(connection, steps), /nothing_like_it/);
      const { rows } = await connection.query({
        text: "SELECT to_regclass('two') AS two, version FROM schema_version",
      });
      assert.deepEqual(rows, [{ two: null, version: 1 }]);
    });
  });

  test('a node goes on with a newer schema that only added something, and refuses any other', async () => {
    const address = await emptyDatabase();
    const added = {
      version: NEWEST + 1,
      usableFrom: NEWEST,
      sql: 'ALTER TABLE account ADD COLUMN later BIGINT',
    };
    await withConnection(address, (connection) =>
      migratePostgres(connection, [...POSTGRES_MIGRATIONS, added]),
    );
    const store = await openPostgresStore({ address });
    await store.ping();
    await store.close();
    const changed = {
      version: NEWEST + 2,
      usableFrom: NEWEST + 2,
      sql: 'ALTER TABLE account DROP COLUMN later',
    };
    await withConnection(address, (connection) =>
      migratePostgres(connection, [...POSTGRES_MIGRATIONS, added, changed]),
    );
    await assert.rejects(openPostgresStore({ address }), {
      name: 'StartError',
      message: `the database has schema version ${NEWEST + 2}, this haina knows ${NEWEST}: use a newer haina`,
    });
  });
});
