import { StartError } from '../config/start-error.ts';

/** SQLite's number for a full disk. */
const SQLITE_FULL = 13;
const FULL_CODES = new Set(['ENOSPC', 'EDQUOT']);

/** The error, or, where the disk that a backup or a restore writes to is full, one that says so. */
export function describeBackupFailure(error: unknown, target: string): unknown {
  const { code = '', errcode = 0 } = error as { code?: string; errcode?: number };
  if ((errcode & 0xff) !== SQLITE_FULL && !FULL_CODES.has(code)) return error;
  return new StartError(`the disk of ${target} is full: make room there, and start again`, { cause: error });
}
