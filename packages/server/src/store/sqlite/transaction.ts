import type { DatabaseSync } from 'node:sqlite';
import { WriteBatch } from '../sql/batch.ts';
import { type OperationCall, type OperationOutcome, toFailure } from '../sql/calls.ts';
import type { Tables } from '../sql/tables.ts';
import type { SqliteDriver } from './driver.ts';
import { isDamage } from './protocol.ts';

/** SQLite's primary result codes that say the file can't be written now, whatever the operation. */
const STORE_TROUBLE: ReadonlySet<number> = new Set([
  5, // SQLITE_BUSY
  6, // SQLITE_LOCKED
  7, // SQLITE_NOMEM
  8, // SQLITE_READONLY
  10, // SQLITE_IOERR
  11, // SQLITE_CORRUPT
  13, // SQLITE_FULL
  14, // SQLITE_CANTOPEN
  26, // SQLITE_NOTADB
]);

/** Runs batches of writes, each batch as one transaction (group commit). */
export class BatchWriter {
  readonly #driver: SqliteDriver;
  readonly #db: DatabaseSync;
  readonly #batch: WriteBatch;
  readonly #onDamage: (error: Error) => void;

  /** @param onDamage told what SQLite found wrong with the file */
  constructor(driver: SqliteDriver, tables: Tables, onDamage: (error: Error) => void) {
    this.#onDamage = onDamage;
    this.#driver = driver;
    this.#db = driver.db;
    this.#batch = new WriteBatch(tables, { looksAhead: false });
  }

  /**
   * Outcomes in the order of the calls; all writes among them are on disk. A call refused by the domain fails alone.
   * When SQLite refuses the transaction, all calls fail if the file is to blame, else each is tried by itself.
   */
  run(batch: readonly OperationCall[]): OperationOutcome[] {
    try {
      return this.#transaction(batch);
    } catch (error) {
      if (isDamage(error)) this.#onDamage(error);
      if (batch.length === 1 || isStoreTrouble(error))
        return batch.map(() => ({ failure: toFailure(error) }));
      return batch.flatMap((call) => this.run([call]));
    }
  }

  #transaction(batch: readonly OperationCall[]): OperationOutcome[] {
    // A rollback that failed, on a disk that did, left the last one open.
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const outcomes = this.#driver.run(this.#batch.run(batch));
      this.#db.exec('COMMIT');
      return outcomes;
    } catch (error) {
      this.#batch.reset();
      // Some errors (a full disk, for one) have made SQLite roll back by itself.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}

function isStoreTrouble(error: unknown): boolean {
  const code = (error as { errcode?: number } | null)?.errcode;
  return code !== undefined && STORE_TROUBLE.has(code & 0xff);
}
