import type { Connection } from '../connect.ts';
import { CONNECTIONS_OF_NODE } from '../store.ts';
import { bad, type Line, note, ok } from './line.ts';
import type { SettingName, Settings } from './settings.ts';

interface UseRow {
  /** Sessions of everybody, ours included. */
  readonly used: number;
  readonly of_haina: number;
  readonly of_role: number;
  readonly of_database: number;
  /** -1: none. */
  readonly role_limit: number;
  readonly database_limit: number;
}

const USE = `SELECT (SELECT sum(numbackends) FROM pg_stat_database) AS used,
    (SELECT numbackends FROM pg_stat_database WHERE datname = current_database()) AS of_database,
    (SELECT count(*) FROM pg_stat_activity WHERE usename = current_user) AS of_role,
    (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND application_name ~ '^haina(-bus)?/') AS of_haina,
    (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS role_limit,
    (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS database_limit`;

/** Whether there are connections enough. */
export async function connectionLines(connection: Connection, settings: Settings): Promise<Line[]> {
  const use = (await connection.query({ text: USE })).rows[0] as UseRow;
  const all = numberOf(settings, 'max_connections');
  const reserved =
    numberOf(settings, 'superuser_reserved_connections') + numberOf(settings, 'reserved_connections');
  const limits = [
    { name: 'max_connections, less those that are reserved', size: all - reserved, used: use.used },
    { name: 'the limit of the role', size: use.role_limit, used: use.of_role },
    { name: 'the limit of the database', size: use.database_limit, used: use.of_database },
  ].filter(({ size }) => size >= 0);
  // Ours is free again in a moment.
  const free = Math.min(...limits.map(({ size, used }) => size - used + 1));
  const least = limits.reduce((one, other) => (other.size < one.size ? other : one));
  return [totalLine(least), freeLine(free, use)];
}

function totalLine({ name, size }: { name: string; size: number }): Line {
  const what = 'connections';
  const says = `${size} by ${name}; a node takes up to ${CONNECTIONS_OF_NODE}`;
  return size < CONNECTIONS_OF_NODE ? bad(what, says, 'allow more connections') : ok(what, says);
}

function freeLine(free: number, { of_haina }: UseRow): Line {
  const what = 'free connections';
  const says = `${free}; sessions of haina on this database: ${of_haina}`;
  // Nodes that run have theirs already.
  if (free >= CONNECTIONS_OF_NODE) return ok(what, says);
  const advice = 'allow more connections, or end others';
  return free + of_haina >= CONNECTIONS_OF_NODE
    ? note(what, `${says}; no further node fits in`, advice)
    : bad(what, says, advice);
}

const TIMEOUTS: readonly SettingName[] = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'transaction_timeout',
];

/** What role and database have holds for others who use them, as haina sets its own. */
export function timeoutLine(settings: Settings): Line {
  const what = 'timeouts';
  const set = TIMEOUTS.filter((name) => (settings[name] ?? '0') !== '0');
  if (set.length === 0) return ok(what, 'none of the role or the database');
  const values = set.map((name) => `${name} = ${settings[name]} ms`).join(', ');
  return ok(what, `${values}: overridden, as haina sets its own in each session`);
}

function numberOf(settings: Settings, name: SettingName): number {
  return Number(settings[name] ?? 0);
}
