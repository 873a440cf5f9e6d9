import { StartError } from '../../config/start-error.ts';
import type { PostgresAddress } from '../../config/store-url.ts';
import {
  behind,
  type ColumnKind,
  type CopyEnd,
  type HalfCopy,
  halfCopyOf,
  isLeftOut,
  MAX_BYTES,
  MAX_ROWS,
  PROGRESS_SQL,
  PROGRESS_TABLE,
  type ProgressRow,
  quoted,
  type Row,
  SOURCE_ROW,
  type TableProgress,
  type TableShape,
  type Value,
} from '../copy/end.ts';
import type { Connection } from './connect.ts';
import { escapeNul } from './dialect.ts';
import { SLOT_LOCK } from './lane.ts';
import { hasHalfCopy, lockMigration, migratePostgres, schemaVersion } from './migrate.ts';
import { openAtStart } from './start.ts';

const LOCK_TIMEOUT = 5000;
const KINDS: Readonly<Record<string, ColumnKind>> = {
  bigint: 'integer',
  boolean: 'integer',
  text: 'text',
  bytea: 'bytes',
};

interface ColumnRow {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  /** Its place in the primary key, from 1 on; null outside of it. */
  readonly place: number | null;
  readonly identity: number;
}

const COLUMNS = `SELECT c.relname AS table, a.attname AS name, format_type(a.atttypid, NULL) AS type, a.attidentity <> '' AS identity,
    array_position(i.indkey::int[], a.attnum::int) - array_lower(i.indkey::int[], 1) + 1 AS place
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
  WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND c.relnamespace = current_schema()::regnamespace
  ORDER BY c.relname COLLATE "C", a.attname COLLATE "C"`;

/** Sessions of servers: by the name that they give themselves, and by the slots that those who write hold. */
const SESSIONS = `SELECT s.pid, s.application_name AS name, host(s.client_addr) AS host FROM pg_stat_activity s
  WHERE s.datname = current_database() AND s.pid <> pg_backend_pid() AND s.application_name <> 'haina/copy'
    AND (s.application_name LIKE 'haina/%' OR s.application_name = $1
      OR s.pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = ${SLOT_LOCK} AND objsubid = 2))
  ORDER BY s.pid`;

/**
 * Opens a database to copy from it, or into it. Servers can't start on it meanwhile; a StartError where some run.
 */
export async function openPostgresEnd(address: PostgresAddress): Promise<CopyEnd> {
  const connection = await openAtStart({
    address: { ...address, applicationName: 'haina/copy' },
    session: { name: 'haina/copy', statementTimeout: 0, lockTimeout: LOCK_TIMEOUT },
    timeout: 0,
    waiting() {},
    warn() {},
  });
  try {
    await lockMigration(connection);
    const end = new PostgresEnd(connection, address, await nameOf(connection, address));
    await end.requireAlone();
    return end;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** The same however the server is reached. */
async function nameOf(connection: Connection, { database }: PostgresAddress): Promise<string> {
  const { rows } = await connection.query({
    text: `SELECT system_identifier::text AS system, current_schema() AS schema FROM pg_control_system()`,
  });
  return `postgres:${database} of the server ${rows[0].system}, schema ${rows[0].schema}`;
}

class PostgresEnd implements CopyEnd {
  readonly name: string;
  readonly migrateCommand = 'haina migrate, with HAINA_STORE set to its URL';
  readonly #connection: Connection;
  readonly #address: PostgresAddress;
  /** PostgreSQL's types of columns, by table and column. */
  readonly #types = new Map<string, string>();
  #identities: readonly ColumnRow[] = [];

  constructor(connection: Connection, address: PostgresAddress, name: string) {
    this.#connection = connection;
    this.#address = address;
    this.name = name;
  }

  async version(): Promise<number> {
    const [{ found }] = await this.#rows<{ found: number }>(
      `SELECT to_regclass('schema_version') IS NOT NULL AS found`,
    );
    return found ? schemaVersion(this.#connection) : 0;
  }

  async migrate(): Promise<void> {
    await migratePostgres(this.#connection, undefined, { halfCopy: true });
  }

  async tables(): Promise<readonly TableShape[]> {
    const rows = (await this.#rows<ColumnRow>(COLUMNS)).filter(({ table }) => !isLeftOut(table));
    for (const { table, name, type } of rows) this.#types.set(`${table}.${name}`, type);
    this.#identities = rows.filter(({ identity }) => identity === 1);
    return [...Map.groupBy(rows, ({ table }) => table)].map(([name, columns]) => tableOf(name, columns));
  }

  async hasRows({ name }: TableShape): Promise<boolean> {
    return (await this.#rows(`SELECT 1 FROM ${quoted(name)} LIMIT 1`)).length > 0;
  }

  async count({ name }: TableShape): Promise<number> {
    return (await this.#rows<{ n: number }>(`SELECT count(*) AS n FROM ${quoted(name)}`))[0].n;
  }

  async read(table: TableShape, after: Row | null): Promise<readonly Row[]> {
    const { name, key, columns } = table;
    const condition = after === null ? '' : `WHERE ${behind(table, (index) => `$${index + 1}`)}`;
    const order = key.map(quoted).join(', ');
    const names = columns.map((column) => quoted(column.name)).join(', ');
    const sizes = columns
      .filter(({ kind }) => kind !== 'integer')
      .map((column) => `coalesce(octet_length(${quoted(column.name)}), 0)`);
    // The server counts the bytes, so that no more of them come than are held here. A row that is too large comes alone.
    const text = `SELECT ${names} FROM (
        SELECT *, sum(${[8 * columns.length, ...sizes].join(' + ')}) OVER (ORDER BY ${order} ROWS UNBOUNDED PRECEDING) AS "upto bytes",
          row_number() OVER (ORDER BY ${order}) AS "row place"
        FROM (SELECT * FROM ${quoted(name)} ${condition} ORDER BY ${order} LIMIT ${MAX_ROWS}) AS next
      ) AS batch WHERE "upto bytes" <= ${MAX_BYTES} OR "row place" = 1 ORDER BY ${order}`;
    const values = (after ?? []).map((value) => (typeof value === 'string' ? escapeNul(value) : value));
    const query = { text, values, rowMode: 'array' };
    const { rows } = await this.#connection.query(query);
    return rows as unknown as Row[];
  }

  async counters(): Promise<ReadonlyMap<string, number>> {
    const counters = new Map<string, number>();
    for (const { table, name } of this.#identities) {
      const [{ sequence }] = await this.#rows<{ sequence: string }>(
        `SELECT pg_get_serial_sequence('${quoted(table)}', '${name}') AS sequence`,
      );
      const [row] = await this.#rows<{ last: number; called: number }>(
        `SELECT last_value AS last, is_called AS called FROM ${sequence}`,
      );
      counters.set(table, row.called ? row.last : 0);
    }
    return counters;
  }

  async halfCopy(): Promise<HalfCopy | undefined> {
    if (!(await hasHalfCopy(this.#connection))) return undefined;
    return halfCopyOf(await this.#rows<ProgressRow>(`SELECT * FROM ${PROGRESS_TABLE}`));
  }

  async beginCopy(source: string): Promise<void> {
    await this.#transaction(async () => {
      await this.#rows(PROGRESS_SQL);
      await this.#note(SOURCE_ROW, source, 0);
    });
  }

  async write(table: TableShape, rows: readonly Row[], progress: TableProgress): Promise<void> {
    const { name, columns } = table;
    const names = columns.map((column) => quoted(column.name)).join(', ');
    const types = columns.map((column) => this.#types.get(`${name}.${column.name}`) as string);
    const arrays = types.map((type, index) => `$${index + 1}::${type}[]`).join(', ');
    const values = types.map((type, index) => rows.map((row) => toValue(row[index] as Value, type)));
    await this.#transaction(async () => {
      const text = `INSERT INTO ${quoted(name)} (${names}) SELECT * FROM unnest(${arrays})`;
      await this.#connection.query({ text, values });
      await this.#note(progress.table, JSON.stringify(progress.lastKey), progress.rows);
    });
  }

  async raiseCounters(counters: ReadonlyMap<string, number>): Promise<void> {
    for (const { table, name } of this.#identities) {
      await this.#connection.query({
        text: `SELECT setval(pg_get_serial_sequence($1, $2), greatest(top, $3::bigint, 1), greatest(top, $3::bigint) > 0)
          FROM (SELECT coalesce(max(${quoted(name)}), 0) AS top FROM ${quoted(table)}) AS highest`,
        values: [quoted(table), name, counters.get(table) ?? 0],
      });
    }
  }

  async endCopy(): Promise<void> {
    await this.#rows(`DROP TABLE ${PROGRESS_TABLE}`);
    for (const { name } of await this.tables()) await this.#rows(`ANALYZE ${quoted(name)}`);
  }

  async requireAlone(): Promise<void> {
    const values = [this.#address.applicationName ?? ''];
    const { rows } = await this.#connection.query({ text: SESSIONS, values });
    if (rows.length === 0) return;
    const who = rows.map(({ pid, name, host }) => `${name} (pid ${pid}${host ? ` from ${host}` : ''})`);
    throw new StartError(
      `servers of haina use the database "${this.#address.database}": stop them first; there are ${who.join(', ')}`,
    );
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #note(name: string, lastKey: string, copied: number): Promise<void> {
    await this.#connection.query({
      text: `INSERT INTO ${PROGRESS_TABLE} (name, last_key, copied) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET last_key = excluded.last_key, copied = excluded.copied`,
      values: [name, escapeNul(lastKey), copied],
    });
  }

  async #transaction(work: () => Promise<void>): Promise<void> {
    await this.#rows('BEGIN');
    try {
      await work();
      await this.#rows('COMMIT');
    } catch (error) {
      if (this.#connection.isOpen) await this.#rows('ROLLBACK');
      throw error;
    }
  }

  async #rows<T>(text: string): Promise<[T, ...T[]]> {
    return (await this.#connection.query({ text })).rows as [T, ...T[]];
  }
}

function tableOf(name: string, rows: readonly ColumnRow[]): TableShape {
  const key = rows.filter(({ place }) => place !== null).sort((a, b) => Number(a.place) - Number(b.place));
  const columns = rows.map((column) => {
    const kind = KINDS[column.type];
    if (!kind) throw new Error(`${name}.${column.name} is ${column.type}, which nobody knows how to copy`);
    return { name: column.name, kind };
  });
  return { name, key: key.map((column) => column.name), columns };
}

function toValue(value: Value, type: string): unknown {
  if (typeof value === 'string') return escapeNul(value);
  if (type === 'boolean' && value !== null) return value === 1;
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}
