/** What a column holds, whatever a database calls it. */
export type ColumnKind = 'integer' | 'text' | 'bytes';

export interface ColumnShape {
  readonly name: string;
  readonly kind: ColumnKind;
}

/** A table as the database itself describes it; columns by name. */
export interface TableShape {
  readonly name: string;
  /** The columns of the primary key, in its order. */
  readonly key: readonly string[];
  readonly columns: readonly ColumnShape[];
}

export type Value = number | string | Uint8Array | null;

/** In the order of the table's columns. */
export type Row = readonly Value[];

/** How far a table is copied; null for one of which nothing is. */
export interface TableProgress {
  readonly table: string;
  readonly lastKey: Row | null;
  readonly rows: number;
}

/** Of which source a half-done copy is. */
export interface HalfCopy {
  readonly source: string;
  readonly tables: readonly TableProgress[];
}

/** One database that is copied from or to, which nobody else uses meanwhile. */
export interface CopyEnd {
  /** For the operator, and the same each time it is opened. */
  readonly name: string;
  /** The schema's version; 0 for an empty database. */
  version(): Promise<number>;
  /** The command that brings the schema up to date. */
  readonly migrateCommand: string;
  migrate(): Promise<void>;
  tables(): Promise<readonly TableShape[]>;
  hasRows(table: TableShape): Promise<boolean>;
  count(table: TableShape): Promise<number>;
  /** The rows behind a key, in the order of the keys: a bounded number and size of them, none at the end. */
  read(table: TableShape, after: Row | null): Promise<readonly Row[]>;
  /** What the next key that is given has to be above, by table. */
  counters(): Promise<ReadonlyMap<string, number>>;
  /** Undefined where there is none. */
  halfCopy(): Promise<HalfCopy | undefined>;
  beginCopy(source: string): Promise<void>;
  /** Adds rows, and how far the table is then, in one transaction. */
  write(table: TableShape, rows: readonly Row[], progress: TableProgress): Promise<void>;
  /** Keys that are given from now on are above these and above what there is. */
  raiseCounters(counters: ReadonlyMap<string, number>): Promise<void>;
  endCopy(): Promise<void>;
  /** Throws a StartError where somebody else has come to use it. */
  requireAlone(): Promise<void>;
  close(): Promise<void>;
}

/** Where a target keeps how far a copy into it has got. */
export const PROGRESS_TABLE = 'copy_progress';
/** The row that names the source: no table has this name. */
export const SOURCE_ROW = '';

/**
 * These are not copied: what a server writes to find out whether it can, what a copy notes for itself, and what nodes that work
 * on the same database tell each other.
 */
export function isLeftOut(table: string): boolean {
  return NOT_COPIED.has(table) || NODE_LOG.test(table);
}

const NOT_COPIED: ReadonlySet<string> = new Set([
  'write_probe',
  'schema_version',
  PROGRESS_TABLE,
  'node',
  'log_writer',
]);
/** With its parts. */
const NODE_LOG = /^node_log(_\d+)?$/;

/** No batch has more rows than this, or goes on once it has this many bytes. */
export const MAX_ROWS = 4000;
export const MAX_BYTES = 4_194_304;

export const PROGRESS_SQL = `CREATE TABLE IF NOT EXISTS ${PROGRESS_TABLE}
  (name TEXT NOT NULL PRIMARY KEY, last_key TEXT, copied BIGINT NOT NULL)`;

export interface ProgressRow {
  readonly name: string;
  readonly last_key: string | null;
  readonly copied: number;
}

/** Reads what `PROGRESS_TABLE` has; undefined where no copy was begun. */
export function halfCopyOf(rows: readonly ProgressRow[]): HalfCopy | undefined {
  const source = rows.find(({ name }) => name === SOURCE_ROW)?.last_key;
  if (source === undefined || source === null) return undefined;
  const tables = rows
    .filter(({ name }) => name !== SOURCE_ROW)
    .map(({ name, last_key, copied }) => ({
      table: name,
      lastKey: last_key === null ? null : (JSON.parse(last_key) as Row),
      rows: copied,
    }));
  return { source, tables };
}

/** The values of a row's key. No key holds bytes, so that it can be kept as JSON. */
export function keyOf({ key, columns }: TableShape, row: Row): Row {
  return key.map((name) => row[columns.findIndex((column) => column.name === name)] as Value);
}

/** The condition for rows behind a key, for both databases, with `place` for each parameter. */
export function behind({ key }: TableShape, place: (index: number) => string): string {
  return `(${key.map(quoted).join(', ')}) > (${key.map((_, index) => place(index)).join(', ')})`;
}

export function quoted(name: string): string {
  return `"${name}"`;
}
