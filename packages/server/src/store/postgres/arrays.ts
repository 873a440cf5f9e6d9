import type { BulkItem, ColumnType } from '../sql/bulk.ts';
import { escapeNul } from './dialect.ts';

const TO_ESCAPE = /["\\]/g;

/**
 * One column of many items as PostgreSQL's literal of an array. pg can make one, too, but has to find out for each value
 * what it is.
 */
export function arrayOf(type: ColumnType, items: readonly BulkItem[], column: number): string {
  let text = '{';
  for (const item of items) {
    const value = item[column];
    if (text.length > 1) text += ',';
    text += value === null || value === undefined ? 'NULL' : elementOf(type, value);
  }
  return `${text}}`;
}

function elementOf(type: ColumnType, value: string | number | Uint8Array): string {
  if (type === 'TEXT') return `"${escapeNul(String(value)).replace(TO_ESCAPE, '\\$&')}"`;
  if (type === 'BYTES') return `"\\\\x${Buffer.from(value as Uint8Array).toString('hex')}"`;
  return String(value);
}
