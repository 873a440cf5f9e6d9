import { randomUUID } from 'node:crypto';
import { entriesOf } from '../../core/log/entries-of.ts';
import { isFact } from '../../core/log/facts-of.ts';
import type { LogEntry } from '../../core/log/log-entry.ts';
import type { LogRecord } from '../../core/ports/log-store.ts';
import type { NewMessage } from '../../core/ports/message-store.ts';
import type { AppendOutcome } from './append.ts';
import { appended } from './appended.ts';
import { type BulkItem, bulk, runEach } from './bulk.ts';
import { all, type Op } from './statement.ts';

/** What entries look like as they are stored. A node reads what it knows, and leaves newer ones to others. */
const VERSION = 1;
/** A record holds entries up to so many characters, and the one that goes beyond. */
const MAX_RECORD_LENGTH = 65_536;
const PER_MS = 1000;

const INSERT = bulk(
  { ordinal: 'INTEGER', writer: 'TEXT', n: 'INTEGER', version: 'INTEGER', body: 'TEXT' },
  'INSERT INTO change_log (ordinal, writer, n, version, body) VALUES (:ordinal, :writer, :n, :version, :body)',
);

interface LogRow {
  ordinal: number;
  writer: string;
  n: number;
  body: string;
}

/** What the writers of one process have in common. */
export class LogSettings {
  isKept = false;
  readonly #now: () => number;
  /** In µs, so that many transactions of one millisecond have their order. */
  #last = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  nextOrdinal(): number {
    this.#last = Math.max(this.#last + 1, this.#now() * PER_MS);
    return this.#last;
  }
}

/**
 * Writes what a transaction did into the change log, with it. Each connection that writes is a *writer* with numbers of its
 * own, from 1 without gaps; its records become visible in their order, as it has one transaction open at a time.
 */
export class ChangeLog {
  readonly #settings: LogSettings;
  #writer = randomUUID();
  /** The last number that is committed, as far as is known, and the last one that was written. */
  #committed = 0;
  #written = 0;
  /** Encoded entries of the transaction, a list a record. */
  #records: string[][] = [];
  #length = 0;

  constructor(settings: LogSettings) {
    this.#settings = settings;
  }

  // biome-ignore lint/correctness/useYield: an operation like others, which has its turn among them
  *keep(isKept: boolean): Op<void> {
    this.#settings.isKept = isKept;
  }

  /** Begins a transaction: the one before is committed. */
  begin(): void {
    this.#committed = this.#written;
  }

  /** Notes what a call did. */
  add(name: string, args: readonly unknown[], value: unknown): void {
    if (!this.#settings.isKept) return;
    const isAppend = name === 'appendMessage';
    const result = isAppend ? appended(args[0] as NewMessage, value as AppendOutcome) : value;
    for (const entry of entriesOf(name, args, result)) if (isFact(entry)) this.#add(JSON.stringify(entry));
  }

  /** Writes what was noted. To be called before the transaction ends. */
  *flush(): Op<void> {
    if (this.#records.length === 0) return;
    const items = this.#records.map(
      (entries): BulkItem => [
        this.#settings.nextOrdinal(),
        this.#writer,
        ++this.#written,
        VERSION,
        `[${entries.join()}]`,
      ],
    );
    this.#forget();
    yield* runEach(INSERT, items);
  }

  /** To be called after a rollback. */
  reset(): void {
    this.#written = this.#committed;
    this.#forget();
  }

  /** Goes on as another writer, where nobody knows how far this one came. */
  restart(): void {
    this.reset();
    this.#writer = randomUUID();
    this.#committed = 0;
    this.#written = 0;
  }

  #add(encoded: string): void {
    let record = this.#records.at(-1);
    if (!record || this.#length > MAX_RECORD_LENGTH) {
      record = [];
      this.#records.push(record);
      this.#length = 0;
    }
    record.push(encoded);
    this.#length += encoded.length;
  }

  #forget(): void {
    this.#records = [];
    this.#length = 0;
  }
}

/** The oldest records that this version of the program can read. */
export function* listLog(limit: number): Op<LogRecord[]> {
  const rows = yield* all<LogRow>(
    'SELECT ordinal, writer, n, body FROM change_log WHERE version <= ? ORDER BY ordinal, writer, n LIMIT ?',
    VERSION,
    limit,
  );
  return rows.map(({ ordinal, writer, n, body }) => ({
    writer,
    n,
    ordinal,
    at: Math.floor(ordinal / PER_MS),
    entries: JSON.parse(body) as LogEntry[],
  }));
}
