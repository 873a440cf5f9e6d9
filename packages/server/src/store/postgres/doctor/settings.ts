import type { Connection } from '../connect.ts';

const NAMES = [
  'fsync',
  'full_page_writes',
  'data_checksums',
  'synchronous_commit',
  'synchronous_standby_names',
  'autovacuum',
  'max_connections',
  'superuser_reserved_connections',
  'reserved_connections',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'transaction_timeout',
  'default_transaction_isolation',
] as const;

export type SettingName = (typeof NAMES)[number];

/** Settings as server, database and role have them, whatever haina set for its session; some are missing in older servers. */
export type Settings = Readonly<Partial<Record<SettingName, string>>>;

export async function readSettings(connection: Connection): Promise<Settings> {
  const { rows } = await connection.query({
    text: 'SELECT name, reset_val AS value FROM pg_settings WHERE name = ANY($1)',
    values: [NAMES],
  });
  return Object.fromEntries(
    (rows as { name: string; value: string }[]).map(({ name, value }) => [name, value]),
  );
}
