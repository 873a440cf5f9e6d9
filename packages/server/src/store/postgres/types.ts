import pg from 'pg';
import { unescapeNul } from './dialect.ts';

/** The types that PostgreSQL's own catalog numbers for ever. */
const BOOL = 16;
const BYTEA = 17;
const INT8 = 20;
const INT2 = 21;
const INT4 = 23;
const FLOAT4 = 700;
const FLOAT8 = 701;
const NUMERIC = 1700;

const parseBytea = pg.types.getTypeParser(BYTEA, 'text') as (text: string) => Buffer;

const PARSERS: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [BOOL, (text) => (text === 't' ? 1 : 0)],
  [BYTEA, parseBytea],
  [INT2, Number],
  [INT4, Number],
  [INT8, exactNumber],
  [FLOAT4, Number],
  [FLOAT8, Number],
  [NUMERIC, exactNumber],
]);

/**
 * Values as SQLite gives them, for which the operations are written: numbers for all kinds of numbers, 1 and 0 for booleans,
 * a Buffer for bytes, and texts for everything else, JSON included.
 */
export const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid: number) => PARSERS.get(oid) ?? asText,
};

/** Throws for what a number can't hold: the statement fails then, and nobody goes on with another value. */
function exactNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
    throw new RangeError(`the database has ${text}, which is no exact number here`);
  }
  return value;
}

function asText(text: string): string {
  return unescapeNul(text);
}
