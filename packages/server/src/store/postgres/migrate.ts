import { StartError } from '../../config/start-error.ts';
import { PROGRESS_TABLE } from '../copy/end.ts';
import { refuseHalfCopy } from '../copy/half-copy.ts';
import type { Connection } from './connect.ts';
import { sqlStateOf } from './errors.ts';
import { POSTGRES_MIGRATIONS, type PostgresMigration } from './migrations.ts';

/** Any number: who has it migrates, the others wait. */
const MIGRATION_LOCK = 0x6861696e61;
/** PostgreSQL's code for a lock that was waited for too long. */
const LOCK_NOT_AVAILABLE = '55P03';

/** What a database says of its schema. */
export interface SchemaState {
  /** 0 for an empty one. */
  readonly version: number;
  /** The oldest version whose nodes may work on it. */
  readonly usableFrom: number;
}

/**
 * Brings the schema up to date, each step in a transaction of its own. Several nodes may do it at once: one does it, the others
 * wait. A schema of a newer haina is left as it is where it says that this version may still work on it, so that nodes of two
 * versions run side by side. Throws a `StartError` where it may not, and for a half-done copy unless it is the copy that asks.
 */
export async function migratePostgres(
  connection: Connection,
  migrations: readonly PostgresMigration[] = POSTGRES_MIGRATIONS,
  { halfCopy = false } = {},
): Promise<{ from: number; to: number }> {
  await lockMigration(connection);
  try {
    if (!halfCopy && (await hasHalfCopy(connection))) refuseHalfCopy();
    await connection.query({
      text: 'CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL, usable_from BIGINT NOT NULL)',
    });
    const { version: from, usableFrom } = await stateOf(connection);
    const known = migrations.at(-1)?.version ?? 0;
    if (usableFrom > known) throw tooNew(from, known);
    for (const migration of migrations) {
      if (migration.version > from) await step(connection, migration, usableAfter(migration, migrations));
    }
    return { from, to: Math.max(from, known) };
  } finally {
    await connection.query({ text: `SELECT pg_advisory_unlock(${MIGRATION_LOCK})` });
  }
}

/** Keeps every other haina from starting on the database, until the connection ends. */
export async function lockMigration(connection: Connection): Promise<void> {
  try {
    await connection.query({ text: `SELECT pg_advisory_lock(${MIGRATION_LOCK})` });
  } catch (cause) {
    if (sqlStateOf(cause) !== LOCK_NOT_AVAILABLE) throw cause;
    throw new StartError('another haina migrates this database, or copies it: try again once that is done', {
      cause,
    });
  }
}

/** Whether a copy into this database is not done. */
export async function hasHalfCopy(connection: Connection): Promise<boolean> {
  const { rows } = await connection.query({
    text: `SELECT to_regclass('${PROGRESS_TABLE}') IS NOT NULL AS found`,
  });
  return rows[0].found === 1;
}

/** The schema version that a database has, whose table of it must be there; 0 before the first step. */
export async function schemaVersion(connection: Connection): Promise<number> {
  return (await stateOf(connection)).version;
}

/** What the schema of a database that may be empty says of itself. */
export async function schemaState(connection: Connection): Promise<SchemaState> {
  const { rows } = await connection.query({
    text: "SELECT to_regclass('schema_version') IS NOT NULL AS found",
  });
  return rows[0].found === 1 ? stateOf(connection) : { version: 0, usableFrom: 0 };
}

async function stateOf(connection: Connection): Promise<SchemaState> {
  const { rows } = await connection.query({
    text: 'SELECT version, usable_from AS "usableFrom" FROM schema_version',
  });
  return rows[0] ?? { version: 0, usableFrom: 0 };
}

/** Who may work on what a step leaves may work on what all before it left. */
function usableAfter({ version }: PostgresMigration, migrations: readonly PostgresMigration[]): number {
  const done = migrations.filter((migration) => migration.version <= version);
  return Math.max(...done.map(({ usableFrom }) => usableFrom));
}

async function step(
  connection: Connection,
  { version, sql }: PostgresMigration,
  usableFrom: number,
): Promise<void> {
  const run = (text: string) => connection.query({ text });
  await run('BEGIN');
  try {
    await run(sql);
    // What an earlier step asks of its users, a later one that asks for less does not take back.
    const needed = Math.max((await stateOf(connection)).usableFrom, usableFrom);
    await run('DELETE FROM schema_version');
    await run(`INSERT INTO schema_version (version, usable_from) VALUES (${version}, ${needed})`);
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
