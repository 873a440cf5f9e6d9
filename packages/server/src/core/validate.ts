import { DomainError } from './errors.ts';

/** Longest id of a user or group, in characters. */
export const MAX_ID_LENGTH = 64;

/** What ids look like, as the source of a regular expression with the flag `u`. */
export const ID_PATTERN = `[\\p{L}\\p{N}_.@-]{1,${MAX_ID_LENGTH}}`;

const ID = new RegExp(`^${ID_PATTERN}$`, 'u');

/** Clients and proxies resolve the first two in a path before it is sent, and `/users/me` is whoever asks. */
const RESERVED_IDS: ReadonlySet<string> = new Set(['.', '..', 'me']);

/** What `isId` takes, for documents: the same, without what is reserved. */
export const NEW_ID_PATTERN = `^(?!(?:\\.{1,2}|me)$)${ID_PATTERN}$`;

/** A text with anything in it but white space (ECMA-262, "WhiteSpace" and "LineTerminator"), which few tools know as a whole. */
export const NOT_BLANK_PATTERN = '[^\t-\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]';

/** Whether a text can be the id of a user, group, room or guest. */
export function isId(text: string): boolean {
  return ID.test(text) && !RESERVED_IDS.has(text);
}

/** Returns the value if it can be the id of a user, group, room or guest; else throws EINVAL naming the field. */
export function requireId(value: string, field: string): string {
  requireTenantId(value, field);
  if (isId(value)) return value;
  throw new DomainError('EINVAL', `${field} must not be ${[...RESERVED_IDS].join(', ')}`, { field });
}

/** As `requireId`, of an application, which no path names. */
export function requireTenantId(value: string, field: string): string {
  if (ID.test(value)) return value;
  const form = `1 to ${MAX_ID_LENGTH} letters, digits or any of _ . @ -`;
  throw new DomainError('EINVAL', `${field} must be ${form}`, { field });
}

/** Throws EINVAL or ETOOLONG unless the text is between the two lengths, in characters, and can be stored. */
export function requireLength(value: string, field: string, min: number, max: number): string {
  requireWellFormed(value, field);
  const length = characters(value);
  if (length < min)
    throw new DomainError('EINVAL', `${field} must have at least ${min} characters`, { field });
  if (length > max) throw tooLong(field, max);
  return value;
}

/** Throws EINVAL for a text with half a surrogate pair: no UTF-8 can hold it, so it would not come back as it was. */
export function requireWellFormed(value: string, field: string): void {
  if (!value.isWellFormed()) throw new DomainError('EINVAL', `${field} is not valid Unicode`, { field });
}

/** Number of characters (code points) of a text. */
export function characters(text: string): number {
  let count = text.length;
  for (let i = 0; i + 1 < text.length; i++) {
    if (isHighSurrogate(text.charCodeAt(i)) && isLowSurrogate(text.charCodeAt(i + 1))) {
      count--;
      i++;
    }
  }
  return count;
}

export function tooLong(field: string, limit: number): DomainError {
  return new DomainError('ETOOLONG', `${field} has more than ${limit} characters`, { field, limit });
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
