import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SKIP_POSTGRES, sharedPostgres } from '../../../test/support/postgres.ts';
import { newUser } from '../contract/fixture.ts';
import { Connection } from './connect.ts';
import { addressOf, TEST_SESSION } from './postgres-fixture.ts';
import { openPostgresStore } from './store.ts';

const KEEPS_PLANS = { ...TEST_SESSION, keepsPlans: true };

test('a new database looks its users up by their ids before the server knows its tables', {
  skip: SKIP_POSTGRES,
}, async () => {
  const server = await sharedPostgres();
  const url = await server.createDatabase();
  const store = await openPostgresStore({ address: addressOf(url), lanes: 1 });
  for (let i = 0; i < 100; i++) await store.createUser(newUser('t', `user${i}`));
  const connection = await Connection.open(addressOf(url), KEEPS_PLANS);
  try {
    const plan = await planOf(connection, 'SELECT 1 FROM account WHERE tenant = $1 AND id = $2');
    assert.match(plan, /account_pkey/);
    assert.doesNotMatch(plan, /Filter/);
  } finally {
    await connection.close();
    await store.close();
    await server.dropDatabase(url);
  }
});

test('a plan that is made for empty tables goes by an index', { skip: SKIP_POSTGRES }, async () => {
  const server = await sharedPostgres();
  const url = await server.createDatabase();
  await (await openPostgresStore({ address: addressOf(url) })).close();
  const connection = await Connection.open(addressOf(url), KEEPS_PLANS);
  try {
    const plan = await planOf(
      connection,
      `SELECT 1 FROM unnest($1::bigint[], $2::text[], $3::text[]) AS item (tenant, client_id, person)
         JOIN message m ON m.tenant = item.tenant AND m.client_id = item.client_id AND m.sender = item.person`,
    );
    assert.doesNotMatch(plan, /Seq Scan|Hash Join|Merge Join/);
  } finally {
    await connection.close();
    await server.dropDatabase(url);
  }
});

/** The plan that the server keeps for any parameters. */
async function planOf(connection: Connection, sql: string): Promise<string> {
  await connection.query({ text: `PREPARE look AS ${sql}` });
  const places = new Set(sql.match(/\$\d+/g)).size;
  const text = `EXPLAIN EXECUTE look (${Array(places).fill('NULL').join(', ')})`;
  const { rows } = await connection.query({ text });
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}
