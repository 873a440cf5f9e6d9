import type { DatabaseSync } from 'node:sqlite';
import { forAllItems, forPostgres } from '../postgres/dialect.ts';
import type { BulkStatement } from '../sql/bulk.ts';
import { forSqlite, singleOf } from '../sqlite/dialect.ts';
import { MANY_IN_CONVERSATION, OPEN_INDEXES, SMALL_TABLES } from './scan-reasons.ts';

/*
 * What a database would do for a statement that takes the longer the more there is: `scan` and the table, where it goes through all of
 * it, or all that a tenant or a
 * conversation has; `sort`, where it puts rows in order that no index has in order.
 */

/** The statement of the store, and how it is run in bulk where it is. */
export type Asked = readonly [sql: string, bulk: BulkStatement | undefined];

export function findingsOfSqlite(db: DatabaseSync, [sql, bulk]: Asked): string[] {
  const explain = `EXPLAIN QUERY PLAN ${forSqlite(bulk ? singleOf(bulk) : sql)}`;
  const details = db
    .prepare(explain)
    .all()
    .map(({ detail }) => String(detail));
  const names = tablesOf(sql);
  return unique(details.flatMap((detail) => sqliteFinding(detail, names)));
}

function sqliteFinding(detail: string, names: ReadonlyMap<string, string>): string[] {
  // What has the same place in the index is put in order, and never much.
  if (detail.startsWith('USE TEMP B-TREE FOR LAST')) return [];
  if (detail.startsWith('USE TEMP B-TREE')) return ['sort'];
  const [, verb, name = '', index] = /^(SCAN|SEARCH) (\w+)(?:.* INDEX (\w+))?/.exec(detail) ?? [];
  const table = names.get(name);
  const [, only] = / \((\w+)=\?\)$/.exec(detail) ?? [];
  return table !== undefined && (verb === 'SCAN' || isWhole(table, only)) ? scan(table, index) : [];
}

/** The tables of a statement by the names that they have in it. */
function tablesOf(sql: string): Map<string, string> {
  const named = sql.matchAll(
    /\b(?:FROM|JOIN|(?<!FOR )UPDATE|INTO) (\w+)(?:(?: AS)? (?!INDEXED|ON|JOIN|WHERE|SET|LEFT|CROSS)(\w+))?/g,
  );
  return new Map([...named].map(([, table = '', alias]) => [alias ?? table, table]));
}

/** As much of a connection as this needs. */
export interface Client {
  query(text: string): Promise<{ rows: Record<string, unknown>[] }>;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** By the plan that PostgreSQL keeps for a statement whatever its parameters are. */
export async function findingsOfPostgres(client: Client, [sql, bulk]: Asked): Promise<string[]> {
  const text = bulk ? forAllItems(bulk) : forPostgres(sql);
  const places = [...text.matchAll(/\$(\d+)/g)].map(([, place]) => Number(place));
  const nulls = Array.from({ length: Math.max(0, ...places) }, () => 'NULL').join(', ');
  await client.query(`PREPARE asked AS ${text}`);
  const { rows } = await client.query(
    `EXPLAIN (FORMAT JSON) EXECUTE asked${nulls === '' ? '' : ` (${nulls})`}`,
  );
  await client.query('DEALLOCATE asked');
  const [row] = rows as { 'QUERY PLAN': [{ Plan: PlanNode }] }[];
  return unique(row ? postgresFindings(row['QUERY PLAN'][0].Plan) : []);
}

function postgresFindings(node: PlanNode): string[] {
  return [...postgresFinding(node), ...(node.Plans ?? []).flatMap(postgresFindings)];
}

function postgresFinding(node: PlanNode): string[] {
  const { 'Node Type': type, 'Relation Name': table, 'Index Name': index, 'Index Cond': condition } = node;
  // An `Incremental Sort` is of what has the same place in the index.
  if (type === 'Sort') return ['sort'];
  if (type === 'Seq Scan') return scan(table as string);
  if (!/^(Index|Index Only|Bitmap Index) Scan/.test(type)) return [];
  const [, only] = /^\((?:\w+\.)?(\w+) = [^)]*\)$/.exec(condition ?? '') ?? [];
  return condition === undefined || isWhole(table ?? '', only) ? scan(table, index) : [];
}

/** Whether a look-up by this column alone finds what grows without bounds. */
function isWhole(table: string, column: string | undefined): boolean {
  return column === 'tenant' || (column === 'conversation' && MANY_IN_CONVERSATION.has(table));
}

function scan(table: string | undefined, index?: string): string[] {
  if (table !== undefined && table in SMALL_TABLES) return [];
  if (index !== undefined && index in OPEN_INDEXES) return [];
  return [`scan ${table ?? index}`];
}

function unique(findings: readonly string[]): string[] {
  return [...new Set(findings)];
}
