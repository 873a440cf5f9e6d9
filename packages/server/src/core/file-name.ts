import { requireLength } from './validate.ts';

/** Longest name of a file, in characters: what file systems take. */
const MAX_FILE_NAME_LENGTH = 255;
/** Control characters, and those that turn the direction of what follows, so that `gpj.exe` reads `exe.jpg`. */
const DECEPTIVE = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * What a client calls its file, without the path before it and what would deceive who reads it: to be shown and saved
 * under, and never a path of ours. ETOOLONG, EINVAL (field `file`).
 */
export function toFileName(given: string): string {
  const [last = ''] = given.split(/[\\/]/).slice(-1);
  const name = requireLength(last.replace(DECEPTIVE, '').trim(), 'file', 0, MAX_FILE_NAME_LENGTH);
  return /^\.*$/.test(name) ? 'file' : name;
}
