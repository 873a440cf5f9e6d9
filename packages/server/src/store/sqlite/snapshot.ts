import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import { backup, type DatabaseSync } from 'node:sqlite';
import { openDatabase } from './database.ts';

const BUSY_TIMEOUT = 5000;
/** Pages that are copied in one go: what waits for the disk waits for no more than that. */
const PAGES_PER_STEP = 128;
/** What is handed to the disk at once. A server's own small writes wait for what the disk has been given before. */
const SYNC_BYTES = 4 * 1024 ** 2;

/** Told after each step of a copy. May block, to slow the copy down. */
export type OnCopied = (bytes: number, total: number) => void;

/**
 * A data folder's database as it is at one moment, also beside a server that goes on writing. Opened for reading only.
 * While a snapshot is held, the write-ahead log can't be emptied and grows: hold it no longer than the copy takes.
 */
export class Snapshot {
  readonly #db: DatabaseSync;
  readonly #pageSize: number;

  constructor(dataDir: string) {
    this.#db = openDatabase({ dataDir, readOnly: true, busyTimeout: BUSY_TIMEOUT });
    try {
      // A copy without a read transaction would begin anew after each write of the server, and never end.
      this.#db.exec('BEGIN');
      // The transaction begins with the first read.
      this.#pageSize = this.#number('PRAGMA page_size');
      this.#number('SELECT count(*) FROM sqlite_schema');
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  get bytes(): number {
    return this.#number('PRAGMA page_count') * this.#pageSize;
  }

  get schemaVersion(): number {
    return this.#number('PRAGMA user_version');
  }

  /** Copies it into a new file, which only its owner may read. What is left of a failed copy is the caller's to remove. */
  async copyTo(file: string, onCopied: OnCopied): Promise<void> {
    // Made here, as SQLite would let others read it. Closed at the end only: that would free SQLite's own locks.
    const descriptor = openSync(file, 'wx', 0o600);
    try {
      let synced = 0;
      await backup(this.#db, file, {
        rate: PAGES_PER_STEP,
        progress: ({ totalPages, remainingPages }) => {
          const bytes = (totalPages - remainingPages) * this.#pageSize;
          if (bytes - synced >= SYNC_BYTES) {
            fdatasyncSync(descriptor);
            synced = bytes;
          }
          onCopied(bytes, totalPages * this.#pageSize);
        },
      });
    } finally {
      closeSync(descriptor);
    }
  }

  /** Lets go of the moment; `isStored` goes on telling what is true now. */
  release(): void {
    this.#db.exec('COMMIT');
  }

  /** Whether a file is one that can be read now. False once it was taken as unused, which comes before its bytes go. */
  isStored(fileId: string): boolean {
    const row = this.#db.prepare("SELECT 1 FROM file WHERE id = ? AND state = 'stored'").get(fileId);
    return row !== undefined;
  }

  close(): void {
    this.#db.close();
  }

  #number(sql: string): number {
    return Number(Object.values(this.#db.prepare(sql).get() ?? {})[0]);
  }
}
