/** The store's SQL (`sql/statement.ts`) as SQLite takes it. */
export function forSqlite(sql: string): string {
  return sql
    .replaceAll(' FOR UPDATE', '')
    .replaceAll('greatest(', 'max(')
    .replaceAll(/(?:TEXTS|INTEGERS)\((\?\d*)\)/g, '(SELECT value FROM json_each($1))');
}
