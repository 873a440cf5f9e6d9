import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DATABASE_FILE, schemaVersion } from './database.ts';

/** Of which on there are files; those before had none. */
const FIRST_WITH_FILES = 5;

/** A file whose bytes belong to the database. */
export interface FileEntry {
  readonly id: string;
  readonly size: number;
  readonly sha256: string;
  /** Whether nothing holds it: it may be removed at any time. */
  readonly isUnused: boolean;
}

export interface CopyCounts {
  readonly conversations: number;
  readonly messages: number;
}

/** The database of a backup. No server uses it; so it is one file, without a write-ahead log beside it. */
export class CopiedDatabase {
  readonly #db: DatabaseSync;
  readonly schemaVersion: number;

  constructor(folder: string) {
    this.#db = new DatabaseSync(join(folder, DATABASE_FILE));
    try {
      // A server sets its own mode when it opens the file.
      this.#db.exec('PRAGMA journal_mode = DELETE');
      this.schemaVersion = schemaVersion(this.#db);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  counts(): CopyCounts {
    const count = (sql: string): number => Number((this.#db.prepare(sql).get() as { n: number }).n);
    return {
      conversations: count("SELECT count(*) AS n FROM conversation WHERE kind <> 'deleted'"),
      messages: count('SELECT count(*) AS n FROM message'),
    };
  }

  /** Bytes of all files that `files` gives. */
  fileBytes(): number {
    if (this.schemaVersion < FIRST_WITH_FILES) return 0;
    const row = this.#db.prepare("SELECT coalesce(sum(size), 0) AS n FROM file WHERE state = 'stored'").get();
    return Number((row as { n: number }).n);
  }

  /** The files that somebody may ask for, one at a time. No writing meanwhile. */
  *files(): Generator<FileEntry> {
    if (this.schemaVersion < FIRST_WITH_FILES) return;
    const rows = this.#db
      .prepare("SELECT id, size, sha256, unused_since FROM file WHERE state = 'stored' ORDER BY pk")
      .iterate() as Iterable<Record<string, unknown>>;
    for (const { id, size, sha256, unused_since } of rows) {
      yield { id: String(id), size: Number(size), sha256: String(sha256), isUnused: unused_since !== null };
    }
  }

  /** Takes files out of sight that nothing holds, as the sweep of a server does before it removes their bytes. */
  takeUnused(ids: readonly string[]): void {
    const mark = this.#db.prepare(
      "UPDATE file SET state = 'unused' WHERE id = ? AND unused_since IS NOT NULL",
    );
    this.#db.exec('BEGIN');
    for (const id of ids) mark.run(id);
    this.#db.exec('COMMIT');
  }

  close(): void {
    this.#db.close();
  }
}
