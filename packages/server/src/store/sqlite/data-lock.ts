import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Holds a data directory for this process; the operating system lets go of it however the process ends. */
export interface DataLock {
  release(): void;
}

/** Throws where another process holds the directory. */
export function lockDataDir(dataDir: string): DataLock {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // An open write transaction on a file of its own is a lock that works the same on every platform.
  const db = new DatabaseSync(join(dataDir, 'lock'), { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    db.close();
    throw new DataDirInUse(dataDir, cause);
  }
  return { release: () => db.close() };
}

export class DataDirInUse extends Error {
  override readonly name = 'DataDirInUse';

  constructor(dataDir: string, cause: unknown) {
    super(`the data directory ${dataDir} is in use by another haina`, { cause });
  }
}
