import { DomainError } from './errors.ts';
import type { Timestamp } from './model.ts';

/** The last time that a `Date` can hold, in ms (ECMA-262, "Time Values and Time Range"). */
export const MAX_TIME: Timestamp = 8_640_000_000_000_000;

/** Whole milliseconds since 1970 that a `Date` can hold, written in digits. */
const DIGITS = /^\d{1,16}$/;
/** Java writes the name of the zone behind its offset. */
const ZONE_NAME = /\[[^\]]*\]$/;

/** Returns a time that a `Date` can hold; else throws EINVAL naming the field. */
export function requireTime(value: number, field: string): Timestamp {
  if (isTime(value)) return value;
  throw new DomainError('EINVAL', `${field} must be a time between the years 1970 and 275760`, { field });
}

/** Whether other systems' way to give a time is one: ISO 8601, or milliseconds since 1970 as a number or in digits. */
export function isGivenTime(value: string | number): boolean {
  if (typeof value === 'number') return isTime(value);
  if (DIGITS.test(value)) return isTime(Number(value));
  return !Number.isNaN(Date.parse(value.replace(ZONE_NAME, '')));
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
