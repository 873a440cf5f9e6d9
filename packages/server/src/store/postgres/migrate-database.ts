import type { PostgresAddress } from '../../config/store-url.ts';
import { migratePostgres } from './migrate.ts';
import { openAtStart } from './start.ts';

const LOCK_TIMEOUT = 5000;

/** Brings the schema of a database up to date. What keeps it from being used is a `StartError`. */
export async function migratePostgresDatabase(
  address: PostgresAddress,
): Promise<{ from: number; to: number }> {
  const connection = await openAtStart({
    address,
    session: { name: 'haina/migrate', statementTimeout: 0, lockTimeout: LOCK_TIMEOUT },
    timeout: 0,
    waiting() {},
    warn: (text) => console.error(`haina: PostgreSQL ${text}`),
  });
  return await migratePostgres(connection).finally(() => connection.close());
}
