import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import pg from 'pg';
import { SKIP_POSTGRES, sharedPostgres } from '../../test/support/postgres.ts';
import { addressOf } from './postgres/postgres-fixture.ts';
import { openPostgresStore } from './postgres/store.ts';
import { migrate } from './sqlite/database.ts';

/** Each line says of a table that it has a column or an index. */
interface Schema {
  readonly columns: readonly string[];
  readonly indexes: readonly string[];
}

test('both databases have the same tables, columns and indexes', { skip: SKIP_POSTGRES }, async () => {
  const [sqlite, postgres] = [sqliteSchema(), await postgresSchema()];
  assert.ok(sqlite.columns.length > 200 && sqlite.indexes.length > 40);
  assert.deepEqual(postgres, sqlite);
});

function sqliteSchema(): Schema {
  const db = new DatabaseSync(':memory:');
  migrate(db);
  const lines = (sql: string) => linesOf(db.prepare(sql).all());
  const schema = {
    columns:
      lines(`SELECT t.name || '.' || c.name || CASE WHEN c."notnull" OR c.pk THEN '' ELSE ' or null' END AS line
      FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'`),
    indexes: lines(`SELECT i.name || ' of ' || t.name || CASE WHEN i."unique" THEN ' unique' ELSE '' END
        || CASE WHEN i.partial THEN ' partial' ELSE '' END || ' (' || (SELECT group_concat(c.name, ', ')
          FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno) c) || ')' AS line
      FROM sqlite_schema t JOIN pragma_index_list(t.name) i WHERE t.type = 'table' AND i.origin = 'c'`),
  };
  db.close();
  return schema;
}

async function postgresSchema(): Promise<Schema> {
  const server = await sharedPostgres();
  const url = await server.createDatabase();
  await (await openPostgresStore({ address: addressOf(url) })).close();
  const client = new pg.Client(url);
  await client.connect();
  const lines = async (sql: string) => linesOf((await client.query(sql)).rows);
  try {
    return {
      columns:
        await lines(`SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'NO' THEN '' ELSE ' or null' END AS line
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'schema_version'`),
      // What a key or a unique column brings with it has no name of ours.
      indexes:
        await lines(`SELECT i.relname || ' of ' || t.relname || CASE WHEN x.indisunique THEN ' unique' ELSE '' END
          || CASE WHEN x.indpred IS NOT NULL THEN ' partial' ELSE '' END || ' (' || (SELECT string_agg(a.attname, ', ' ORDER BY k.place)
            FROM unnest(x.indkey) WITH ORDINALITY k (number, place)
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number) || ')' AS line
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
        WHERE i.relnamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.oid)`),
    };
  } finally {
    await client.end();
    await server.dropDatabase(url);
  }
}

/** What nodes tell each other is in PostgreSQL only: a file has one node. */
const OF_NODES = /^(node|node_log(_\d)?|log_writer)\./;

function linesOf(rows: readonly object[]): string[] {
  return rows
    .map((row) => String((row as { line: unknown }).line))
    .filter((line) => !OF_NODES.test(line))
    .sort();
}
