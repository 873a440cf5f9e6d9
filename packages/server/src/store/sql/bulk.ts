import type { Op, Parameter } from './statement.ts';

/** What a column of a bulk statement's items holds. */
export type ColumnType = 'INTEGER' | 'TEXT' | 'BOOLEAN' | 'BYTES';

/**
 * A statement that is run for each of many items: as often as there are items where a statement costs nothing (SQLite), once
 * for all where each is a way to the server (PostgreSQL).
 */
export interface BulkStatement {
  /** Names an item's values as `:name`. An INSERT has them in its one `VALUES (…)`, an UPDATE has a `WHERE`. */
  readonly sql: string;
  /** The names of an item's values, in their order. */
  readonly columns: readonly string[];
  readonly types: readonly ColumnType[];
}

/** An item's values, in the order of the statement's columns. */
export type BulkItem = readonly Exclude<Parameter, readonly string[] | readonly number[]>[];

export function bulk(columns: Readonly<Record<string, ColumnType>>, sql: string): BulkStatement {
  return { sql, columns: Object.keys(columns), types: Object.values(columns) };
}

/** The row that is found for each item, at the item's place. The statement finds one at most. */
export function* getEach<Row>(statement: BulkStatement, items: readonly BulkItem[]): Op<(Row | undefined)[]> {
  if (items.length === 0) return [];
  return (yield { wants: 'row-each', bulk: statement, items }) as (Row | undefined)[];
}

/** Runs a statement that gives nothing back. No two items may mean the same row. */
export function* runEach(statement: BulkStatement, items: readonly BulkItem[]): Op<void> {
  if (items.length > 0) yield { wants: 'done-each', bulk: statement, items };
}
