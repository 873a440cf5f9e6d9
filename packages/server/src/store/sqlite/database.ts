import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isUnsafeLink } from '../../core/addresses.ts';
import { fileNamedBy } from '../../core/content-files.ts';
import { usernameKey } from '../../core/names.ts';
import { includes } from '../../core/ranges.ts';
import { makeFolder } from '../../make-folder.ts';
import { PROGRESS_TABLE } from '../copy/end.ts';
import { refuseHalfCopy } from '../copy/half-copy.ts';
import { parseRanges } from '../sql/range-json.ts';
import { MIGRATIONS } from './migrations.ts';

export const DATABASE_FILE = 'haina.db';

/** SQLite's own page count, a number of write-ahead pages after which they move into the main file. */
const CHECKPOINT_PAGES = 4000;
const CACHE_KIB = 65_536;

export interface OpenOptions {
  readonly dataDir: string;
  readonly readOnly?: boolean;
  /** How long to wait for another process's lock, in ms. */
  readonly busyTimeout: number;
}

/** Opens the database file, making it and its folder where they are missing. */
export function openDatabase({ dataDir, readOnly = false, busyTimeout }: OpenOptions): DatabaseSync {
  if (!readOnly) makeFolder(dataDir);
  const file = join(dataDir, DATABASE_FILE);
  const db = new DatabaseSync(file, { readOnly, timeout: busyTimeout });
  addFunctions(db);
  db.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
  if (!readOnly) {
    // Messages are nobody else's business; SQLite gives its side files the mode of the main one.
    chmodSync(file, 0o600);
    db.exec('PRAGMA journal_mode = WAL');
    db.exec('PRAGMA synchronous = FULL');
    db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  }
  return db;
}

/** What statements and migrations need beside SQLite's own functions; PostgreSQL has those of statements in its schema. */
export function addFunctions(db: DatabaseSync): void {
  db.function('in_ranges', { deterministic: true }, (ranges, place) =>
    ranges === null ? null : Number(includes(parseRanges(String(ranges)), Number(place))),
  );
  db.function('in_list', { deterministic: true }, (list, value) =>
    Number((JSON.parse(String(list)) as unknown[]).includes(value)),
  );
  db.function('username_key', { deterministic: true }, (username) => usernameKey(String(username)));
  db.function('unsafe_link', { deterministic: true }, (text) => Number(isUnsafeLink(String(text))));
  db.function(
    'file_named',
    { deterministic: true },
    (address) => fileNamedBy(String(address), '')?.id ?? null,
  );
}

/** The schema version the file has; 0 for an empty one. */
export function schemaVersion(db: DatabaseSync): number {
  return Number((db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version);
}

/** Whether a copy into this database is not done. */
export function hasHalfCopy(db: DatabaseSync): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(PROGRESS_TABLE) !== undefined;
}

/**
 * Brings the schema up to date, each step in a transaction of its own. Throws for a file of a newer haina, and for a half-done
 * copy unless it is the copy that asks.
 */
export function migrate(db: DatabaseSync, { halfCopy = false } = {}): { from: number; to: number } {
  if (!halfCopy && hasHalfCopy(db)) refuseHalfCopy();
  const from = schemaVersion(db);
  const newest = MIGRATIONS.at(-1)?.version ?? 0;
  if (from > newest) {
    throw new Error(`the database has schema version ${from}, this haina knows ${newest}: use a newer haina`);
  }
  addFunctions(db);
  for (const { version, sql } of MIGRATIONS) {
    if (version <= from) continue;
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(sql);
      db.exec(`PRAGMA user_version = ${version}`);
      db.exec('COMMIT');
    } catch (error) {
      // A full disk ends the transaction by itself.
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
  return { from, to: newest };
}
