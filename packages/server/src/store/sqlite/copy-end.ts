import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { StartError } from '../../config/start-error.ts';
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
import { type DataLock, lockDataDir } from './data-lock.ts';
import { DATABASE_FILE, hasHalfCopy, migrate, openDatabase, schemaVersion } from './database.ts';

const BUSY_TIMEOUT = 5000;
const KINDS: Readonly<Record<string, ColumnKind>> = { INTEGER: 'integer', TEXT: 'text', BLOB: 'bytes' };

/**
 * Opens a data folder's database to copy from it, or into it, and holds the folder meanwhile. Throws `DataDirInUse` while a
 * server runs on it.
 */
export function openSqliteEnd(dataDir: string, role: 'source' | 'target'): CopyEnd {
  if (role === 'source' && !existsSync(join(dataDir, DATABASE_FILE))) {
    throw new StartError(`there is no database at ${join(dataDir, DATABASE_FILE)}`);
  }
  const lock = lockDataDir(dataDir);
  try {
    return new SqliteEnd(dataDir, lock, openDatabase({ dataDir, busyTimeout: BUSY_TIMEOUT }));
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The tables of the store, as SQLite describes them. */
export function sqliteTables(db: DatabaseSync): TableShape[] {
  const names = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`).all();
  return (names as { name: string }[])
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('sqlite_') && !isLeftOut(name))
    .map((name) => tableOf(db, name));
}

function tableOf(db: DatabaseSync, name: string): TableShape {
  const rows = db
    .prepare('SELECT name, type, pk FROM pragma_table_info(?) ORDER BY name')
    .all(name) as unknown as { name: string; type: string; pk: number }[];
  const key = rows.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  const columns = rows.map((column) => {
    const kind = KINDS[column.type];
    if (!kind) throw new Error(`${name}.${column.name} is ${column.type}, which nobody knows how to copy`);
    return { name: column.name, kind };
  });
  return { name, key: key.map((column) => column.name), columns };
}

class SqliteEnd implements CopyEnd {
  readonly name: string;
  readonly migrateCommand: string;
  readonly #lock: DataLock;
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(dataDir: string, lock: DataLock, db: DatabaseSync) {
    this.name = `sqlite:${realpathSync(dataDir)}`;
    this.migrateCommand = `haina migrate --data-dir ${dataDir}`;
    this.#lock = lock;
    this.#db = db;
  }

  async version(): Promise<number> {
    return schemaVersion(this.#db);
  }

  async migrate(): Promise<void> {
    migrate(this.#db, { halfCopy: true });
  }

  async tables(): Promise<readonly TableShape[]> {
    return sqliteTables(this.#db);
  }

  async hasRows({ name }: TableShape): Promise<boolean> {
    return this.#get(`SELECT 1 FROM ${quoted(name)} LIMIT 1`) !== undefined;
  }

  async count({ name }: TableShape): Promise<number> {
    return Number((this.#get(`SELECT count(*) AS n FROM ${quoted(name)}`) as { n: number }).n);
  }

  async read(table: TableShape, after: Row | null): Promise<readonly Row[]> {
    // A loop of reads must not starve the other side: a PostgreSQL whose answers nobody takes hangs up.
    await setImmediate();
    const { name, key, columns } = table;
    const condition = after === null ? '' : `WHERE ${behind(table, () => '?')}`;
    const statement = this.#statement(
      `SELECT ${columns.map((column) => quoted(column.name)).join(', ')} FROM ${quoted(name)} ${condition}
         ORDER BY ${key.map(quoted).join(', ')} LIMIT ${MAX_ROWS}`,
    );
    statement.setReturnArrays(true);
    const rows: Row[] = [];
    let bytes = 0;
    for (const row of statement.iterate(...((after ?? []) as SQLInputValue[])) as Iterable<unknown>) {
      rows.push(row as Row);
      for (const value of row as Row) bytes += sizeOf(value);
      if (bytes >= MAX_BYTES) break;
    }
    return rows;
  }

  async counters(): Promise<ReadonlyMap<string, number>> {
    const rows = this.#db.prepare('SELECT name, seq FROM sqlite_sequence').all();
    return new Map((rows as { name: string; seq: number }[]).map(({ name, seq }) => [name, seq]));
  }

  async halfCopy(): Promise<HalfCopy | undefined> {
    if (!hasHalfCopy(this.#db)) return undefined;
    return halfCopyOf(this.#db.prepare(`SELECT * FROM ${PROGRESS_TABLE}`).all() as unknown as ProgressRow[]);
  }

  async beginCopy(source: string): Promise<void> {
    this.#transaction(() => {
      this.#db.exec(PROGRESS_SQL);
      this.#note(SOURCE_ROW, source, 0);
    });
  }

  async write({ name, columns }: TableShape, rows: readonly Row[], progress: TableProgress): Promise<void> {
    const names = columns.map((column) => quoted(column.name)).join(', ');
    const places = columns.map(() => '?').join(', ');
    const insert = this.#statement(`INSERT INTO ${quoted(name)} (${names}) VALUES (${places})`);
    this.#transaction(() => {
      for (const row of rows) insert.run(...(row as SQLInputValue[]));
      this.#note(progress.table, JSON.stringify(progress.lastKey), progress.rows);
    });
  }

  async raiseCounters(counters: ReadonlyMap<string, number>): Promise<void> {
    // Others go by the highest key that there is. This one remembers keys that are gone, too.
    const counted = this.#db
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'`)
      .all() as { name: string }[];
    this.#transaction(() => {
      for (const { name } of counted) {
        const known = this.#db.prepare('SELECT seq FROM sqlite_sequence WHERE name = ?').get(name);
        const counter = Math.max(Number(known?.seq ?? 0), counters.get(name) ?? 0);
        this.#db.prepare('DELETE FROM sqlite_sequence WHERE name = ?').run(name);
        this.#db.prepare('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)').run(name, counter);
      }
    });
  }

  async endCopy(): Promise<void> {
    this.#db.exec(`DROP TABLE ${PROGRESS_TABLE}`);
  }

  /** The folder's lock keeps others out. */
  async requireAlone(): Promise<void> {}

  async close(): Promise<void> {
    this.#db.close();
    this.#lock.release();
  }

  #note(name: string, lastKey: string, copied: number): void {
    this.#statement(
      `INSERT INTO ${PROGRESS_TABLE} (name, last_key, copied) VALUES (?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET last_key = excluded.last_key, copied = excluded.copied`,
    ).run(name, lastKey, copied);
  }

  #transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  #get(sql: string): unknown {
    return this.#db.prepare(sql).get();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}

function sizeOf(value: Value): number {
  return value === null || typeof value === 'number' ? 8 : value.length;
}
