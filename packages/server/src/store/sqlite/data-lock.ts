import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../../make-folder.ts';

/** What SQLite says where somebody else has the lock. */
const SQLITE_BUSY = 5;

/** Holds a data directory for this process; the operating system lets go of it however the process ends. */
export interface DataLock {
  release(): void;
}

/** Throws `DataDirInUse` where another process holds the directory, and what keeps the lock from being made. */
export function lockDataDir(dataDir: string): DataLock {
  makeFolder(dataDir);
  // An open write transaction on a file of its own is a lock that works the same on every platform.
  const db = new DatabaseSync(join(dataDir, 'lock'), { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    db.close();
    throw (cause as { errcode?: number }).errcode === SQLITE_BUSY ? new DataDirInUse(dataDir, cause) : cause;
  }
  return { release: () => db.close() };
}

export class DataDirInUse extends Error {
  override readonly name = 'DataDirInUse';

  constructor(dataDir: string, cause: unknown) {
    super(`the data directory ${dataDir} is in use by another haina`, { cause });
  }
}
