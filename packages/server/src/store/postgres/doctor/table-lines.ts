import type { Connection } from '../connect.ts';
import { bad, type Line, note, ok } from './line.ts';
import type { Settings } from './settings.ts';

/** How many of the largest tables are told. */
const LARGEST = 5;
/** Dead rows are worth a word from so many on, and from this share of the living on. */
const MANY_DEAD = 10_000;
const DEAD_SHARE = 0.4;

interface RightsRow {
  readonly name: string;
  readonly is_owner: number;
}

/** Tables of ours that the role can't use as it has to. */
const FOREIGN = `SELECT relname AS name, pg_has_role(relowner, 'USAGE') AS is_owner FROM pg_class
  WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
    AND NOT (pg_has_role(relowner, 'USAGE') AND has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
      AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))
  ORDER BY relname`;

export async function ownershipLine(connection: Connection): Promise<Line> {
  const rows = (await connection.query({ text: FOREIGN })).rows as RightsRow[];
  if (rows.length === 0) return ok('tables', 'all belong to the role');
  const names = rows.slice(0, LARGEST).map(({ name }) => name);
  return bad(
    'tables',
    `${rows.length} of them do not belong to the role: ${names.join(', ')}`,
    'ALTER TABLE … OWNER TO the role of haina, or restore with pg_restore --no-owner as that role',
  );
}

interface TableRow {
  readonly name: string;
  readonly bytes: number;
  readonly live: number;
  readonly dead: number;
}

/** The server's own estimates. */
const TABLES = `SELECT relname AS name, pg_total_relation_size(relid) AS bytes, n_live_tup AS live, n_dead_tup AS dead
  FROM pg_stat_user_tables WHERE schemaname = current_schema() ORDER BY 2 DESC, 1`;

export async function sizeLines(connection: Connection, settings: Settings): Promise<Line[]> {
  const rows = (await connection.query({ text: TABLES })).rows as TableRow[];
  if (rows.length === 0) return [];
  const largest = rows.slice(0, LARGEST).map(({ name, bytes }) => `${name} ${inMib(bytes)}`);
  return [ok('largest tables', largest.join(', ')), autovacuumLine(settings), deadLine(rows)];
}

function autovacuumLine({ autovacuum }: Settings): Line {
  if (autovacuum === 'on') return ok('autovacuum', 'on');
  return bad('autovacuum', 'off: tables grow with what is changed', 'set autovacuum = on in postgresql.conf');
}

function deadLine(rows: readonly TableRow[]): Line {
  const what = 'dead rows';
  const bloated = rows.filter(({ live, dead }) => dead >= MANY_DEAD && dead > DEAD_SHARE * live);
  if (bloated.length === 0) return ok(what, 'few, by the statistics');
  const names = bloated.slice(0, LARGEST).map(({ name, dead }) => `${name} ${dead}`);
  return note(
    what,
    `many in ${names.join(', ')}`,
    `look for old transactions in pg_stat_activity; VACUUM ${bloated[0]?.name}`,
  );
}

function inMib(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
