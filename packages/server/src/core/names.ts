import { DomainError } from './errors.ts';
import { characters, requireLength, requireWellFormed, tooLong } from './validate.ts';

/** Longest nickname and username, in characters. */
export const MAX_NICKNAME_LENGTH = 64;
export const MAX_USERNAME_LENGTH = 64;
/** Longest name of a group or room, in characters. */
export const MAX_CONVERSATION_NAME_LENGTH = 128;

/**
 * Characters that no shown name may hold: controls, line breaks, noncharacters, and what changes how the text around it
 * reads without being seen (direction overrides, zero-width spaces). Format characters that scripts need are allowed:
 * ZWNJ and ZWJ (Persian, Indic scripts, emoji) and the number signs of Arabic, Syriac and Kaithi.
 */
const DECEPTIVE =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Noncharacter_Code_Point}[\p{Cf}--[\u200c\u200d\u{600}-\u{605}\u{6dd}\u{70f}\u{890}\u{891}\u{8e2}\u{110bd}\u{110cd}]]]/gv;
/** The flags of England, Scotland and Wales are spelled in format characters after a black flag. */
const TAGGED_FLAG = /\u{1f3f4}[\u{e0020}-\u{e007e}]+\u{e007f}/gu;
/** Characters that leave no ink: white space, joiners, fillers, variation selectors, the empty braille cell. */
const INVISIBLE = /[\p{White_Space}\p{Default_Ignorable_Code_Point}\u2800]/gu;

export interface NameRule {
  /** In characters, after normalisation. */
  readonly max: number;
  /** Whether it may be empty, which is not the same as blank. */
  readonly mayBeEmpty?: boolean;
  /** NFC keeps full-width punctuation, which belongs into prose; names are NFKC. */
  readonly form?: 'NFC' | 'NFKC';
}

/**
 * A name that others are shown, in its one normal form and trimmed. EINVAL for deceptive characters and for one of
 * which nothing is seen; ETOOLONG.
 */
export function requireName(
  value: string,
  field: string,
  { max, mayBeEmpty = false, form = 'NFKC' }: NameRule,
): string {
  requireWellFormed(value, field);
  // Normalising costs time by length; none is this much shorter afterwards.
  if (value.length > max * 16) throw tooLong(field, max);
  if (withoutDeceptive(value) !== value) {
    const allowed = 'control, direction and zero-width characters and line breaks are not allowed';
    throw new DomainError('EINVAL', `${field}: ${allowed}`, { field });
  }
  if (value === '' && mayBeEmpty) return value;
  const name = value.normalize(form).trim();
  if (isInvisible(name)) throw new DomainError('EINVAL', `${field} must not be blank`, { field });
  return requireLength(name, field, 1, max);
}

/** A username as `requireName` has it; joiners are refused too, as two names must not differ in what nobody sees. */
export function requireUsername(value: string): string {
  const name = requireName(value, 'username', { max: MAX_USERNAME_LENGTH });
  if (!/\p{Default_Ignorable_Code_Point}/u.test(name)) return name;
  throw new DomainError('EINVAL', 'username: invisible characters are not allowed', { field: 'username' });
}

/**
 * What look-alike usernames have in common: the name without regard to case, compatibility forms (full-width letters),
 * invisible characters and the number of blanks. Two users made by `POST` or renamed by `PATCH` never share one.
 */
export function usernameKey(username: string): string {
  const visible = username
    .normalize('NFKC')
    .replace(/\p{White_Space}+/gu, ' ')
    .replace(/(?! )[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\u2800]/gu, '')
    .trim();
  // Upper case first: it takes `ß` and `ss`, and both forms of the small sigma, together.
  return visible.toUpperCase().toLowerCase().normalize('NFKC');
}

/** A name that can't be refused, as a token brings it: what `requireName` would refuse is taken out. May be empty. */
export function cleanName(value: string, max: number): string {
  const readable = withoutDeceptive(value.slice(0, max * 16).replace(/[\n\r\t\v\f\p{Zl}\p{Zp}]+/gu, ' '));
  const name = shortened(readable.normalize('NFKC').trim(), max).trim();
  return isInvisible(name) ? '' : name;
}

/** The text without what deceives who reads it. */
export function withoutDeceptive(text: string): string {
  const flags = text.match(TAGGED_FLAG);
  if (!flags) return text.replace(DECEPTIVE, '');
  const between = text.split(TAGGED_FLAG).map((part) => part.replace(DECEPTIVE, ''));
  return between.map((part, index) => part + (flags[index] ?? '')).join('');
}

function isInvisible(text: string): boolean {
  return text.replace(INVISIBLE, '') === '';
}

function shortened(text: string, max: number): string {
  return characters(text) <= max ? text : [...text].slice(0, max).join('');
}
