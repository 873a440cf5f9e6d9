import type { Connection } from './connect.ts';
import { POSTGRES_MIGRATIONS } from './migrations.ts';

/** Any number: who has it migrates, the others wait. */
const MIGRATION_LOCK = 0x6861696e61;

/**
 * Brings the schema up to date, each step in a transaction of its own; several nodes may do it at once. Throws for a database
 * of a newer haina.
 */
export async function migratePostgres(connection: Connection): Promise<{ from: number; to: number }> {
  await connection.query({ text: `SELECT pg_advisory_lock(${MIGRATION_LOCK})` });
  try {
    await connection.query({ text: 'CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)' });
    const from = await schemaVersion(connection);
    const to = POSTGRES_MIGRATIONS.at(-1)?.version ?? 0;
    if (from > to) {
      throw new Error(`the database has schema version ${from}, this haina knows ${to}: use a newer haina`);
    }
    for (const { version, sql } of POSTGRES_MIGRATIONS)
      if (version > from) await step(connection, version, sql);
    return { from, to };
  } finally {
    await connection.query({ text: `SELECT pg_advisory_unlock(${MIGRATION_LOCK})` });
  }
}

/** The schema version that a database has; 0 for an empty one. */
async function schemaVersion(connection: Connection): Promise<number> {
  const { rows } = await connection.query({
    text: 'SELECT coalesce(max(version), 0) AS version FROM schema_version',
  });
  return rows[0].version;
}

async function step(connection: Connection, version: number, sql: string): Promise<void> {
  const { query } = { query: (text: string) => connection.query({ text }) };
  await query('BEGIN');
  try {
    await query(sql);
    await query(`DELETE FROM schema_version`);
    await query(`INSERT INTO schema_version VALUES (${version})`);
    await query('COMMIT');
  } catch (error) {
    await query('ROLLBACK');
    throw error;
  }
}
