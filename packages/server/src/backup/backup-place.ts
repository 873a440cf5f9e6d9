import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { StartError } from '../config/start-error.ts';
import { type DataLock, lockDataDir } from '../store/sqlite/data-lock.ts';
import { MANIFEST_FILE } from './manifest.ts';
import { syncFolder } from './sync-folder.ts';

const LOCK_FILES = new Set(['lock', 'lock-journal']);

/**
 * Where a backup comes to be: a folder beside its place, which gets the place's name once it is whole. So whatever has the
 * name is a whole backup, and what a killed one leaves has another name, and no manifest.
 */
export class BackupPlace {
  readonly part: string;
  readonly #to: string;
  readonly #former: string;
  readonly #lock: DataLock;
  #isOver = false;

  /** StartError where something else is there, or another backup is on its way there. */
  constructor(to: string, { dataDir, replace }: { readonly dataDir: string; readonly replace: boolean }) {
    this.#to = resolve(to);
    this.part = `${this.#to}.part`;
    this.#former = `${this.#to}.old`;
    requireOutside(this.#to, dataDir);
    requireFree(this.#to, replace);
    this.#lock = lock(this.part, to);
    // Of a backup that was killed.
    for (const name of readdirSync(this.part)) {
      if (!LOCK_FILES.has(name)) rmSync(join(this.part, name), { recursive: true });
    }
    if (existsSync(this.#former) && !existsSync(this.#to)) renameSync(this.#former, this.#to);
  }

  /** Writes the manifest, and gives the folder the name of a whole backup. */
  publish(manifest: string): void {
    const draft = join(this.part, `${MANIFEST_FILE}.part`);
    writeFileSync(draft, manifest, { mode: 0o600, flush: true });
    syncFolder(this.part);
    renameSync(draft, join(this.part, MANIFEST_FILE));
    syncFolder(this.part);
    // Windows renames no folder with an open file in it.
    if (process.platform === 'win32') this.#lock.release();
    const isThere = existsSync(this.#to);
    if (isThere) {
      rmSync(this.#former, { recursive: true, force: true });
      renameSync(this.#to, this.#former);
    }
    renameSync(this.part, this.#to);
    syncFolder(dirname(this.#to));
    this.#isOver = true;
    if (process.platform !== 'win32') this.#lock.release();
    for (const name of LOCK_FILES) rmSync(join(this.#to, name), { force: true });
    rmSync(this.#former, { recursive: true, force: true });
  }

  /** Leaves nothing of what was not published. */
  discard(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#lock.release();
    rmSync(this.part, { recursive: true, force: true, maxRetries: 3 });
  }
}

function requireOutside(to: string, dataDir: string): void {
  const path = relative(resolve(dataDir), to);
  if (path === '' || !/^\.\.([/\\]|$)|^[a-z]:/i.test(path)) {
    throw new StartError(
      `the backup can't be in the data folder: choose a place for --to outside of ${dataDir}`,
    );
  }
}

function requireFree(to: string, replace: boolean): void {
  const names = namesIn(to);
  if (names === undefined || names.length === 0) return;
  if (!names.includes(MANIFEST_FILE)) throw new StartError(`${to} is there already, and is no backup`);
  if (!replace) {
    throw new StartError(`there is a backup at ${to} already: choose another --to, or --replace it`);
  }
}

function namesIn(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR') throw new StartError(`${path} is a file: a backup is a folder`, { cause: error });
    throw error;
  }
}

function lock(part: string, to: string): DataLock {
  try {
    return lockDataDir(part);
  } catch (error) {
    if ((error as Error).name !== 'DataDirInUse') throw error;
    throw new StartError(`another haina is making the backup ${basename(to)} just now`, { cause: error });
  }
}
