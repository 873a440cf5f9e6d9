import { openSync, readSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { DATABASE_FILE } from './database.ts';

const WAL_FILE = `${DATABASE_FILE}-wal`;
const FILES = [DATABASE_FILE, WAL_FILE, `${DATABASE_FILE}-shm`] as const;

/** How a write-ahead log begins, in either order of bytes (SQLite's file format, section 4.1), without the last bit. */
const WAL_MAGIC = 0x377f0682;

/**
 * Whether the files that the database was opened as are still those that people find at its path. SQLite goes on writing
 * to a file that was removed or replaced, and nobody will ever read what is in it.
 */
export class FileWatch {
  readonly #db: DatabaseSync;
  readonly #dataDir: string;
  readonly #opened: readonly Stats[];
  /** Looking into the write-ahead log is safe: SQLite locks the other files only, which a close here would unlock. Ends with its thread. */
  readonly #wal: number;
  readonly #magic = Buffer.alloc(4);
  #size: number;
  #version: number;

  /** To be made once the database has been read from, as the files beside it are made then. */
  constructor(db: DatabaseSync, dataDir: string) {
    this.#db = db;
    this.#dataDir = dataDir;
    this.#opened = FILES.map((name) => statSync(join(dataDir, name)));
    this.#size = (this.#opened[0] as Stats).size;
    this.#version = this.#dataVersion();
    this.#wal = openSync(join(dataDir, WAL_FILE), 'r');
  }

  /** Why what is committed now, or was just now, would not be found; undefined where it would. Not within a transaction. */
  check(): string | undefined {
    const now = FILES.map((name) => statSync(join(this.#dataDir, name), { throwIfNoEntry: false }));
    for (const [index, name] of FILES.entries()) {
      const [found, opened] = [now[index], this.#opened[index] as Stats];
      if (!found) return `${name} was removed`;
      if (found.ino !== opened.ino || found.dev !== opened.dev) return `${name} was replaced by another file`;
    }
    return this.#checkMain(now[0] as Stats) ?? this.#checkWal(now[1] as Stats);
  }

  /** The main file only grows, unless another program compacts the database: then that program has written to it. */
  #checkMain({ size }: Stats): string | undefined {
    if (size < this.#size) {
      const version = this.#dataVersion();
      if (size === 0 || version === this.#version) {
        return `${DATABASE_FILE} was cut from ${this.#size} to ${size} bytes`;
      }
      this.#version = version;
    }
    this.#size = size;
    return undefined;
  }

  /** Another program may empty the write-ahead log by SQLite's own means: nothing of it is needed any more then. */
  #checkWal({ size }: Stats): string | undefined {
    if (size > 0) {
      readSync(this.#wal, this.#magic, 0, this.#magic.length, 0);
      // The last bit says in which order the bytes of its checksums are.
      const isWhole = (this.#magic.readUInt32BE() & ~1) >>> 0 === WAL_MAGIC;
      return isWhole ? undefined : `${WAL_FILE} was overwritten`;
    }
    return this.#isWalNeeded() ? `${WAL_FILE} was emptied` : undefined;
  }

  /** Whether it holds what is not in the main file. A checkpoint that can't read it fails. */
  #isWalNeeded(): boolean {
    try {
      const state = this.#db.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
      const { log, checkpointed } = state as { log: number; checkpointed: number };
      return checkpointed < log;
    } catch {
      return true;
    }
  }

  /** Changes whenever another program has written to the database. */
  #dataVersion(): number {
    return (this.#db.prepare('PRAGMA data_version').get() as { data_version: number }).data_version;
  }
}
