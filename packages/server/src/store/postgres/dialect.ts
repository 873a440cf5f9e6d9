import type { BulkStatement, ColumnType } from '../sql/bulk.ts';

/*
 * Where PostgreSQL differs from the store's SQL (`sql/statement.ts`), which is written so that little does.
 */

/** The store's SQL as PostgreSQL takes it: its parameters have numbers, and lists are arrays. */
export function forPostgres(sql: string): string {
  let last = 0;
  return sql
    .replaceAll(/ INDEXED BY \w+/g, '')
    .replaceAll(/\bIN TEXTS\((\?\d*)\)/g, '= ANY($1::text[])')
    .replaceAll(/\bIN INTEGERS\((\?\d*)\)/g, '= ANY($1::bigint[])')
    .replaceAll(/\?(\d*)/g, (_, place: string) => {
      // As SQLite counts: one without a number comes after the highest so far.
      const index = place === '' ? last + 1 : Number(place);
      last = Math.max(last, index);
      return `$${index}`;
    });
}

const TYPES: Readonly<Record<ColumnType, string>> = {
  INTEGER: 'bigint',
  TEXT: 'text',
  BOOLEAN: 'boolean',
  BYTES: 'bytea',
};

/**
 * A bulk statement for all of its items at once: its parameters are the columns of the items, as arrays, and where it looks for
 * rows, each comes with the `place` of its item, from 1 on.
 */
export function forAllItems({ sql, columns, types }: BulkStatement): string {
  const arrays = types.map((type, index) => `$${index + 1}::${TYPES[type]}[]`).join(', ');
  const text = sql.replaceAll(/:(\w+)/g, 'item.$1');
  const items = `unnest(${arrays})`;
  const names = columns.join(', ');
  if (text.startsWith('SELECT')) {
    return `SELECT item.place, found.* FROM ${items} WITH ORDINALITY AS item (${names}, place) CROSS JOIN LATERAL (${text}) found
      ORDER BY item.place`;
  }
  const source = `${items} AS item (${names})`;
  // Functions, as the parameters' names would mean something in a replacement.
  if (text.startsWith('INSERT')) {
    return text.replace(/VALUES \(([^)]*)\)/, (_, values: string) => `SELECT ${values} FROM ${source}`);
  }
  const joined = text.startsWith('UPDATE') ? 'FROM' : 'USING';
  return text.replace(/\sWHERE\s/, () => ` ${joined} ${source} WHERE `);
}

/** PostgreSQL's text holds no NUL, so that one travels as two characters, and so does the first of these. */
const ESCAPE = '\u001a';
const ESCAPED = /\u001a([01])/g;
const TO_ESCAPE = /[\0\u001a]/g;

export function escapeNul(text: string): string {
  if (!text.includes('\0') && !text.includes(ESCAPE)) return text;
  return text.replaceAll(TO_ESCAPE, (character) => (character === '\0' ? `${ESCAPE}0` : `${ESCAPE}1`));
}

export function unescapeNul(text: string): string {
  if (!text.includes(ESCAPE)) return text;
  return text.replaceAll(ESCAPED, (_, kind: string) => (kind === '0' ? '\0' : ESCAPE));
}
