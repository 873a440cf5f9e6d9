import { DomainError } from './errors.ts';

const ID = /^[\p{L}\p{N}_.@-]{1,64}$/u;

/** Returns the value if it can be the id of a user or group; else throws EINVAL naming the field. */
export function requireId(value: string, field: string): string {
  if (ID.test(value)) return value;
  throw new DomainError('EINVAL', `${field} must be 1 to 64 letters, digits or any of _ . @ -`, { field });
}

/** Throws EINVAL unless the text is between the two lengths, in characters. */
export function requireLength(value: string, field: string, min: number, max: number): string {
  const length = characters(value);
  if (length < min)
    throw new DomainError('EINVAL', `${field} must have at least ${min} characters`, { field });
  if (length > max) throw tooLong(field, max);
  return value;
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
