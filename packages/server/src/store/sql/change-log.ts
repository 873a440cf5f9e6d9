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

/** Whether other nodes read what this one does. */
export interface NodeReaders {
  readonly hasOthers: boolean;
}

/** What a transaction did, for other nodes. */
export interface NodeEntries {
  /** Whether there is anything that others would have to be told. */
  readonly isAny: boolean;
  /** Lists of entries as JSON, one a record; none where nobody is thought to read them. */
  readonly bodies: readonly string[];
}

/** What the writers of one process have in common. */
export class LogSettings {
  /** Whether what other systems learn of is kept for them. */
  isKept = false;
  /** Undefined where the database can have one node only. */
  readonly nodes: NodeReaders | undefined;
  readonly #now: () => number;
  /** In µs, so that many transactions of one millisecond have their order. */
  #last = 0;

  constructor(nodes?: NodeReaders, now: () => number = Date.now) {
    this.nodes = nodes;
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
  /** What the transaction did, for other systems and for other nodes. */
  readonly #facts = new Records();
  readonly #forNodes = new Records();

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
    const { isKept, nodes } = this.#settings;
    if (!isKept && !nodes) return;
    const isAppend = name === 'appendMessage';
    const result = isAppend ? appended(args[0] as NewMessage, value as AppendOutcome) : value;
    for (const entry of entriesOf(name, args, result)) {
      this.#forNodes.isAny = true;
      const isForSystems = isKept && isFact(entry);
      if (!isForSystems && !nodes?.hasOthers) continue;
      const encoded = JSON.stringify(entry);
      if (isForSystems) this.#facts.add(encoded);
      if (nodes?.hasOthers) this.#forNodes.add(encoded);
    }
  }

  /** What was noted for other nodes since the transaction began. */
  takeForNodes(): NodeEntries {
    return this.#forNodes.take();
  }

  /** Writes what was noted. To be called before the transaction ends. */
  *flush(): Op<void> {
    const items = this.#facts
      .take()
      .bodies.map(
        (body): BulkItem => [this.#settings.nextOrdinal(), this.#writer, ++this.#written, VERSION, body],
      );
    yield* runEach(INSERT, items);
  }

  /** To be called after a rollback. */
  reset(): void {
    this.#written = this.#committed;
    this.#facts.take();
    this.#forNodes.take();
  }

  /** Goes on as another writer, where nobody knows how far this one came. */
  restart(): void {
    this.reset();
    this.#writer = randomUUID();
    this.#committed = 0;
    this.#written = 0;
  }
}

/** Encoded entries of a transaction, a list a record. */
class Records {
  isAny = false;
  #lists: string[][] = [];
  #length = 0;

  add(encoded: string): void {
    let list = this.#lists.at(-1);
    if (!list || this.#length > MAX_RECORD_LENGTH) {
      list = [];
      this.#lists.push(list);
      this.#length = 0;
    }
    list.push(encoded);
    this.#length += encoded.length;
    this.isAny = true;
  }

  /** Takes what was added: nothing of it is left. */
  take(): NodeEntries {
    const { isAny } = this;
    const bodies = this.#lists.map((entries) => `[${entries.join()}]`);
    this.isAny = false;
    this.#lists = [];
    this.#length = 0;
    return { isAny, bodies };
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
