import { StartError } from '../../config/start-error.ts';
import type { Connection } from './connect.ts';
import { POSTGRES_MIGRATIONS, type PostgresMigration } from './migrations.ts';

/** Any number: who has it migrates, the others wait. */
const MIGRATION_LOCK = 0x6861696e61;

/** What a database says of its schema. */
interface SchemaState {
  /** 0 for an empty one. */
  readonly version: number;
  /** The oldest version whose nodes may work on it. */
  readonly usableFrom: number;
}

/**
 * Brings the schema up to date, each step in a transaction of its own. Several nodes may do it at once: one does it, the others
 * wait. A schema of a newer haina is left as it is where it says that this version may still work on it, so that nodes of two
 * versions run side by side. Throws a `StartError` where it may not.
 */
export async function migratePostgres(
  connection: Connection,
  migrations: readonly PostgresMigration[] = POSTGRES_MIGRATIONS,
): Promise<{ from: number; to: number }> {
  await connection.query({ text: `SELECT pg_advisory_lock(${MIGRATION_LOCK})` });
  try {
    await connection.query({
      text: 'CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL, usable_from BIGINT NOT NULL)',
    });
    const { version: from, usableFrom } = await stateOf(connection);
    const known = migrations.at(-1)?.version ?? 0;
    if (usableFrom > known) throw tooNew(from, known);
    for (const migration of migrations) if (migration.version > from) await step(connection, migration);
    return { from, to: Math.max(from, known) };
  } finally {
    await connection.query({ text: `SELECT pg_advisory_unlock(${MIGRATION_LOCK})` });
  }
}

async function stateOf(connection: Connection): Promise<SchemaState> {
  const { rows } = await connection.query({
    text: 'SELECT version, usable_from AS "usableFrom" FROM schema_version',
  });
  return rows[0] ?? { version: 0, usableFrom: 0 };
}

async function step(
  connection: Connection,
  { version, usableFrom = version, sql }: PostgresMigration,
): Promise<void> {
  const run = (text: string) => connection.query({ text });
  await run('BEGIN');
  try {
    await run(sql);
    await run('DELETE FROM schema_version');
    await run(`INSERT INTO schema_version (version, usable_from) VALUES (${version}, ${usableFrom})`);
    await run('COMMIT');
  } catch (error) {
    await run('ROLLBACK');
    throw error;
  }
}

function tooNew(version: number, known: number): StartError {
  return new StartError(
    `the database has schema version ${version}, this haina knows ${known}: use a newer haina`,
  );
}
