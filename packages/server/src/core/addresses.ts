import { DomainError } from './errors.ts';
import { requireLength } from './validate.ts';

/** Longest address of a picture, in characters. */
export const MAX_ADDRESS_LENGTH = 2048;

/** What no address holds as it is: blanks, controls, and what would end an attribute of HTML that it is put into. */
const REST = '[^\\s\\p{C}"<>\\\\`]*';

/**
 * An http or https address, or a path of this server, as the source of a regular expression with the flag `u`. Never a
 * script that runs where it is clicked, a document in itself (`data:`), or a file of who looks at it.
 */
export const ADDRESS_PATTERN = `^(?:[Hh][Tt]{2}[Pp][Ss]?://[^\\s\\p{C}/?#"<>\\\\\`]${REST}|/(?![/\\\\])${REST})$`;

const ADDRESS = new RegExp(ADDRESS_PATTERN, 'u');
/** Schemes that run or read something where the address is opened; browsers skip blanks and controls in them. */
const UNSAFE_SCHEME = /^(?:javascript|vbscript|data|file|filesystem|blob|about|view-source|jar):/i;

/** Whether others may be shown this as an address. */
export function isAddress(text: string): boolean {
  return ADDRESS.test(text);
}

/** Returns the address, or the empty text for none. EINVAL for what others must not be shown; ETOOLONG. */
export function requireAddress(value: string, field: string, max = MAX_ADDRESS_LENGTH): string {
  requireLength(value, field, 0, max);
  if (value === '' || isAddress(value)) return value;
  throw notAnAddress(field);
}

/**
 * Returns a text that clients may open as an address, though an application may put something else there (a word, a path
 * in its own storage, a link into its app). EINVAL for a scheme that runs or reads something where it is opened.
 */
export function requireSafeLink(value: string, field: string): string {
  if (!isUnsafeLink(value)) return value;
  throw notAnAddress(field);
}

/** Whether it runs or reads something where it is opened. */
export function isUnsafeLink(text: string): boolean {
  return UNSAFE_SCHEME.test(text.replace(/[\s\p{C}]+/gu, ''));
}

function notAnAddress(field: string): DomainError {
  const allowed = 'an http or https address, or a path of this server that begins with one /';
  return new DomainError('EINVAL', `${field} must be ${allowed}`, { field });
}
