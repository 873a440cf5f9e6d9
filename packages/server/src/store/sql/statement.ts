import type { BulkItem, BulkStatement } from './bulk.ts';

/** What a statement is given: a list goes to `TEXTS(?)` or `INTEGERS(?)`. */
export type Parameter = string | number | null | Uint8Array | readonly string[] | readonly number[];

/** One statement on its way to a database, whichever it is. */
export type Statement = SingleStatement | EachStatement | TogetherStatement;

/** Its text is the SQL that both understand; what differs stands in each adapter's `dialect.ts`. */
export interface SingleStatement {
  /** What comes back: the first row, all rows, or how many rows were changed. */
  readonly wants: 'row' | 'rows' | 'changes';
  /** From a fixed set of texts, as it is prepared once. */
  readonly sql: string;
  readonly parameters: readonly Parameter[];
}

/** See `bulk.ts`. */
export interface EachStatement {
  readonly wants: 'row-each' | 'done-each';
  readonly bulk: BulkStatement;
  readonly items: readonly BulkItem[];
}

/** See `together.ts`. What comes back is what each of them brings. */
export interface TogetherStatement {
  readonly wants: 'each-of-these';
  readonly statements: readonly Statement[];
}

/**
 * An operation on the store: yields statements, is given what each brought, and returns its result. It knows no database:
 * a driver runs it, synchronously on SQLite, with waits on PostgreSQL.
 */
export type Op<T> = Generator<Statement, T, unknown>;

/** The first row, or undefined where there is none. */
export function* get<Row = unknown>(sql: string, ...parameters: readonly Parameter[]): Op<Row | undefined> {
  return (yield { wants: 'row', sql, parameters }) as Row | undefined;
}

export function* all<Row = unknown>(sql: string, ...parameters: readonly Parameter[]): Op<Row[]> {
  return (yield { wants: 'rows', sql, parameters }) as Row[];
}

/** How many rows were changed. */
export function* run(sql: string, ...parameters: readonly Parameter[]): Op<number> {
  return (yield { wants: 'changes', sql, parameters }) as number;
}

/** As `Array.map`, one after the other. */
export function* mapped<Item, Result>(
  items: Iterable<Item>,
  toResult: (item: Item) => Op<Result>,
): Op<Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(yield* toResult(item));
  return results;
}
