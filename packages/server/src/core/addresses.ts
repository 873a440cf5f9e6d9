import { DomainError } from './errors.ts';
import { DECEPTIVE } from './name-forms.ts';
import { requireLength } from './validate.ts';

/** Longest address of a picture, in characters. */
export const MAX_ADDRESS_LENGTH = 2048;

/** Schemes that run or read something where the address is opened; browsers skip blanks and controls in them. */
const UNSAFE_SCHEMES = [
  'javascript',
  'vbscript',
  'data',
  'file',
  'filesystem',
  'blob',
  'about',
  'view-source',
  'jar',
];

/** What no address holds as it is: blanks, controls, and what would end an attribute of HTML that it is put into. */
const UNFIT = `\\s${DECEPTIVE}\\u200c\\u200d\u{e0020}-\u{e007f}"<>\\\\\``;

/**
 * An http or https address, or a path of this server, as the source of a regular expression with the flag `u`. Never a
 * script that runs where it is clicked, a document in itself (`data:`), or a file of who looks at it.
 */
export const ADDRESS_PATTERN = addressPattern('(?![^]*\\p{Cs})');

/** The same for well-formed texts, for documents. */
export const ADDRESS_FORM = addressPattern('');

/** What `isUnsafeLink` does not take, as the source of a regular expression with the flag `u`. */
export const SAFE_LINK_PATTERN = `^(?!(?:${UNSAFE_SCHEMES.map(hidden).join('|')}))`;

const ADDRESS = new RegExp(ADDRESS_PATTERN, 'u');
const UNSAFE_SCHEME = new RegExp(`^(?:${UNSAFE_SCHEMES.join('|')}):`, 'i');

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

/** @param condition a lookahead for the whole text */
function addressPattern(condition: string): string {
  const rest = `[^${UNFIT}]*`;
  return `^${condition}(?:[Hh][Tt]{2}[Pp][Ss]?://[^${UNFIT}/?#]${rest}|/(?![/\\\\])${rest})$`;
}

/** A scheme and its colon in any case, with blanks and controls anywhere, as a part of a regular expression. */
function hidden(scheme: string): string {
  const letters = [...scheme].map((letter) =>
    letter === '-' ? letter : `[${letter}${letter.toUpperCase()}]`,
  );
  return [...letters, ':'].map((letter) => `[\\s\\p{C}]*${letter}`).join('');
}

function notAnAddress(field: string): DomainError {
  const allowed = 'an http or https address, or a path of this server that begins with one /';
  return new DomainError('EINVAL', `${field} must be ${allowed}`, { field });
}
