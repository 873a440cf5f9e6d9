import { existsSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../config/start-error.ts';
import { makeFolder } from '../make-folder.ts';
import { type DataLock, lockDataDir } from '../store/sqlite/data-lock.ts';
import { DATABASE_FILE } from '../store/sqlite/database.ts';
import { syncFolder } from './sync-folder.ts';
import { RESTORING } from './unfinished-restore.ts';

const LOCK_FILES = ['lock', 'lock-journal'];
/** What a backup puts into a data folder; the database comes last. */
const PLACES = ['files', DATABASE_FILE];

/** An empty data folder that a backup is restored into. No server may start on it meanwhile. */
export class RestorePlace {
  /** Where everything is made, beside its place. */
  readonly part: string;
  readonly #dataDir: string;
  readonly #lock: DataLock;
  readonly #isNew: boolean;
  #isOver = false;

  /** StartError for a folder that is not empty. What a restore that was killed left there is removed. */
  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.part = join(dataDir, RESTORING);
    this.#isNew = !existsSync(dataDir);
    requireEmpty(dataDir);
    this.#lock = lockDataDir(dataDir);
    this.#clear();
    makeFolder(this.part);
  }

  /** Puts everything into its place. */
  publish(): void {
    syncFolder(this.part);
    for (const name of PLACES) {
      const made = join(this.part, name);
      if (existsSync(made)) renameSync(made, join(this.#dataDir, name));
    }
    syncFolder(this.#dataDir);
    rmSync(this.part, { recursive: true });
    syncFolder(this.#dataDir);
    this.#isOver = true;
    this.#lock.release();
  }

  /** Leaves the folder as it was, unless the backup was published. */
  discard(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#clear();
    this.#lock.release();
    for (const name of LOCK_FILES) rmSync(join(this.#dataDir, name), { force: true });
    if (this.#isNew && readdirSync(this.#dataDir).length === 0) rmdirSync(this.#dataDir);
  }

  /** The folder was empty before: what has the names of a backup's parts is of a restore. */
  #clear(): void {
    for (const name of [...PLACES, RESTORING]) {
      rmSync(join(this.#dataDir, name), { recursive: true, force: true, maxRetries: 3 });
    }
  }
}

function requireEmpty(dataDir: string): void {
  const names = existsSync(dataDir) ? readdirSync(dataDir) : [];
  const allowed = names.includes(RESTORING)
    ? [RESTORING, ...LOCK_FILES, ...PLACES]
    : [...LOCK_FILES, 'lost+found'];
  const other = names.find((name) => !allowed.includes(name));
  if (other === undefined) return;
  // Says so where a server runs on it.
  if (names.includes('lock')) lockDataDir(dataDir).release();
  throw new StartError(
    `the data folder ${dataDir} is not empty, it has ${other}: choose another by --data-dir or HAINA_DATA_DIR`,
  );
}
