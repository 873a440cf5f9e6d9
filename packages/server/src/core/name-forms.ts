/**
 * The forms that names have, as the sources of regular expressions with the flag `u` for documents: `names.ts` refuses what
 * does not have them. The characters are written out, as few tools know the properties of Unicode that `names.ts` asks for;
 * those beyond the first plane as they are, as few know `\u{…}`.
 */

/** What `names.ts` calls deceptive, but for `TAGS`; within a class. */
export const DECEPTIVE =
  '\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b\\u200e-\\u200f\\u2028-\\u202e\\u2060-\\u2064\\u2066-\\u206f' +
  '\\ufdd0-\\ufdef\\ufeff\\ufff9-\\ufffb\\ufffe-\\uffff\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}' +
  '\u{1fffe}-\u{1ffff}\u{2fffe}-\u{2ffff}\u{3fffe}-\u{3ffff}\u{4fffe}-\u{4ffff}\u{5fffe}-\u{5ffff}' +
  '\u{6fffe}-\u{6ffff}\u{7fffe}-\u{7ffff}\u{8fffe}-\u{8ffff}\u{9fffe}-\u{9ffff}\u{afffe}-\u{affff}' +
  '\u{bfffe}-\u{bffff}\u{cfffe}-\u{cffff}\u{dfffe}-\u{dffff}\u{e0001}' +
  '\u{efffe}-\u{effff}\u{ffffe}-\u{fffff}\u{10fffe}-\u{10ffff}';

/** What leaves no ink and is not white space. */
const INKLESS =
  '\\u034f\\u115f-\\u1160\\u17b4-\\u17b5\\u180b-\\u180d\\u180f\\u200c-\\u200d\\u2065\\u3164\\ufe00-\\ufe0f\\uffa0' +
  '\\ufff0-\\ufff8\u{e0000}\u{e0002}-\u{e001f}\u{e0080}-\u{e0fff}';

/** White space that is not deceptive, and the empty braille cell. */
const BLANKS = ' \\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u2800\\u3000';

/** The characters that spell a flag (of England, say) after a black one: the one place for them. */
const TAGS = '\u{e0020}-\u{e007f}';
const FLAG_TAIL = '[\u{e0020}-\u{e007e}]+\u{e007f}';
const BLACK_FLAG = '\u{1f3f4}';
/** Whether there are tags elsewhere. */
const STRAY_TAG = `(?:[^${TAGS}${BLACK_FLAG}]|${BLACK_FLAG}(?:${FLAG_TAIL}|(?!${FLAG_TAIL})))*[${TAGS}]`;
const ANY = `[^${DECEPTIVE}]*`;
const SEEN = `[^${DECEPTIVE}${TAGS}${INKLESS}${BLANKS}]`;
const PLAIN = `[^${DECEPTIVE}${TAGS}${INKLESS}]*`;

/** A name of which something is seen. */
export const NAME_FORM = `^(?!${STRAY_TAG})${ANY}${SEEN}${ANY}$`;
/** The same, or the empty text. */
export const OPTIONAL_NAME_FORM = `^(?!${STRAY_TAG})(?:${ANY}${SEEN}${ANY})?$`;
export const USERNAME_FORM = `^${PLAIN}[^${DECEPTIVE}${TAGS}${INKLESS}${BLANKS}]${PLAIN}$`;
