import type { PostgresAddress, SslMode } from '../../../config/store-url.ts';
import type { Connection } from '../connect.ts';
import { isPooled, requireOwnSession } from '../pooler.ts';
import { REQUIREMENTS, type ServerRow, UnusableServer } from '../server-check.ts';
import { bad, type Line, note, ok } from './line.ts';

/** Clocks that differ by more are worth a word, or have to be set, in ms. */
const NOTABLE_SKEW = 1000;
const BAD_SKEW = 60_000;

/** Whether a store can live there at all. */
export function requirementLines(server: ServerRow): Line[] {
  return REQUIREMENTS.map(({ what, require, describe }) => {
    try {
      require(server);
      return ok(what, describe(server));
    } catch (error) {
      if (!(error instanceof UnusableServer)) throw error;
      return faultLine(what, error);
    }
  });
}

function faultLine(what: string, { message }: UnusableServer): Line {
  const [says = '', advice] = message.split('; ');
  return bad(what, `PostgreSQL ${says}`, advice ?? ADVICE[what] ?? '');
}

/** Where the server's own words name none. */
const ADVICE: Readonly<Record<string, string>> = {
  writes: 'connect haina to the primary, or switch default_transaction_read_only off',
  rights: 'make the schema, or correct the search_path of the role',
};

/** Nothing where no pooler is between. @param other opens one more connection */
export async function poolerLines(
  { pid }: ServerRow,
  connection: Connection,
  other: () => Promise<Connection>,
): Promise<Line[]> {
  if (!isPooled(pid, connection)) return [];
  try {
    await requireOwnSession(connection, other);
    return [ok('pooler', 'gives each connection a session of its own')];
  } catch (error) {
    if (!(error instanceof UnusableServer)) throw error;
    return [faultLine('pooler', error)];
  }
}

interface TlsRow {
  readonly ssl: number;
  readonly version: string | null;
  readonly is_local: number;
}

const TLS = `SELECT ssl, version, coalesce(inet_client_addr() = inet_server_addr(), TRUE) AS is_local
  FROM pg_stat_ssl WHERE pid = pg_backend_pid()`;

export async function tlsLine(connection: Connection, { sslMode }: PostgresAddress): Promise<Line> {
  const [row] = (await connection.query({ text: TLS })).rows as TlsRow[];
  if (!row) return note('TLS', 'not known, behind this pooler');
  if (!row.ssl) {
    if (row.is_local) return ok('TLS', 'none, within one machine');
    return note('TLS', 'none: the network sees everything', 'use sslmode=verify-full');
  }
  const isChecked = (['verify-ca', 'verify-full'] as SslMode[]).includes(sslMode);
  if (isChecked || row.is_local) return ok('TLS', `${row.version}, sslmode=${sslMode}`);
  return note('TLS', `${row.version}; nobody looks whose certificate it is`, 'use sslmode=verify-full');
}

/** How far the database's clock is from this machine's. @param now in ms since 1970 */
export async function clockLine(connection: Connection, now: () => number): Promise<Line> {
  const before = now();
  const text = 'SELECT extract(epoch FROM clock_timestamp()) * 1000 AS time';
  const { time } = (await connection.query({ text })).rows[0] as { time: number };
  const after = now();
  const skew = Math.round(time - (before + after) / 2);
  // The answer was made at some time between the two.
  const atLeast = Math.abs(skew) - (after - before) / 2;
  if (atLeast <= NOTABLE_SKEW) return ok('clocks', `${skew} ms apart`);
  const says = `the database's is ${Math.abs(skew) / 1000} s ${skew > 0 ? 'ahead of' : 'behind'} this machine's`;
  const advice = 'let NTP set the clocks of all machines';
  return atLeast > BAD_SKEW ? bad('clocks', says, advice) : note('clocks', says, advice);
}
