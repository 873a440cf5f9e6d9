import type { BulkStatement } from '../sql/bulk.ts';

/** The store's SQL (`sql/statement.ts`) as SQLite takes it. */
export function forSqlite(sql: string): string {
  return sql
    .replaceAll(/ FOR (UPDATE|SHARE|KEY SHARE)( OF \w+(, \w+)*)?( SKIP LOCKED)?/g, '')
    .replaceAll('greatest(', 'max(')
    .replaceAll(/(?:TEXTS|INTEGERS)\((\?\d*)\)/g, '(SELECT value FROM json_each($1))');
}

/** A bulk statement for one of its items, whose values are its parameters. */
export function singleOf({ sql, columns }: BulkStatement): string {
  return sql.replaceAll(/:(\w+)/g, (_, name: string) => `?${columns.indexOf(name) + 1}`);
}
