import { withoutDeceptive } from './names.ts';
import { requireLength, requireWellFormed } from './validate.ts';

/** Longest name of a file, in characters: what file systems take. */
const MAX_FILE_NAME_LENGTH = 255;

/**
 * What a client calls its file, without the path before it and what would deceive who reads it, such as the turned direction by which `gpj.exe` reads `exe.jpg`: to be shown and saved
 * under, and never a path of ours. ETOOLONG, EINVAL (field `file`).
 */
export function toFileName(given: string): string {
  requireWellFormed(given, 'file');
  const [last = ''] = given.split(/[\\/]/).slice(-1);
  const name = requireLength(withoutDeceptive(last).trim(), 'file', 0, MAX_FILE_NAME_LENGTH);
  return /^\.*$/.test(name) ? 'file' : name;
}
