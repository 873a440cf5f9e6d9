import { DomainError } from './errors.ts';
import type { Timestamp } from './model.ts';

/** The last time that a `Date` can hold, in ms (ECMA-262, "Time Values and Time Range"). */
export const MAX_TIME: Timestamp = 8_640_000_000_000_000;

/** Whole milliseconds since 1970 that a `Date` can hold, written in digits. */
const DIGITS = '[0-9]{1,15}|[0-7][0-9]{15}|8[0-5][0-9]{14}|86[0-3][0-9]{13}|8640{13}';
const MONTH_AND_DAY = '(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])';
const HOUR_AND_MINUTE = '(?:[01][0-9]|2[0-3]):[0-5][0-9]';
const CLOCK = `${HOUR_AND_MINUTE}(?::[0-5][0-9](?:\\.[0-9]{1,9})?)?`;

/** ISO 8601 from 1970 on, with its zone, or milliseconds in digits: as the source of a regular expression. */
export const ZONED_TIME_PATTERN = `^(?:${DIGITS}|(?:19[7-9]|[2-9][0-9]{2})[0-9]-${MONTH_AND_DAY}T${CLOCK}(?:Z|[+-]${HOUR_AND_MINUTE}))$`;

/** As other systems write times: also a day alone, a blank for the T, no zone, and Java's name of the zone at the end. */
export const GIVEN_TIME_PATTERN = `^(?:${DIGITS}|[0-9]{4}-${MONTH_AND_DAY}(?:[T ]${CLOCK}(?:Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])?)?(?:\\[[^\\]]*\\])?)$`;

const ZONED_TIME = new RegExp(ZONED_TIME_PATTERN);
const GIVEN_TIME = new RegExp(GIVEN_TIME_PATTERN);
const ONLY_DIGITS = /^\d+$/;

/** Returns a time that a `Date` can hold; else throws EINVAL naming the field. */
export function requireTime(value: number, field: string): Timestamp {
  if (isTime(value)) return value;
  throw new DomainError('EINVAL', `${field} must be a time between the years 1970 and 275760`, { field });
}

/** Whether other systems' way to give a time is one: ISO 8601, or milliseconds since 1970 as a number or in digits. */
export function isGivenTime(value: string | number): boolean {
  if (typeof value === 'number') return isTime(value);
  return GIVEN_TIME.test(value);
}

/** The time that a text of `ZONED_TIME_PATTERN` or a number means; else throws EINVAL naming the field. */
export function readTime(value: unknown, field: string): Timestamp {
  if (typeof value === 'number') return requireTime(value, field);
  if (typeof value === 'string' && ZONED_TIME.test(value)) {
    return requireTime(ONLY_DIGITS.test(value) ? Number(value) : Date.parse(value), field);
  }
  const form = 'a time in ISO 8601 with its zone, or milliseconds since 1970';
  throw new DomainError('EINVAL', `${field} must be ${form}`, { field });
}

/** As `isoTime`, without a fraction where it has none, as people and the documents write it. */
export function wholeIsoTime(at: Timestamp): string {
  return isoTime(at).replace('.000Z', 'Z');
}

/** A time in ISO 8601. One beyond what a `Date` can hold is told as the nearest that it can: telling must not fail. */
export function isoTime(at: Timestamp): string {
  return new Date(Math.min(Math.max(at, -MAX_TIME), MAX_TIME)).toISOString();
}

function isTime(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_TIME;
}
