import { setImmediate } from 'node:timers/promises';
import { factsOfEntry } from '../core/log/facts-of.ts';
import type { Timestamp } from '../core/model.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { OutboxEntry } from '../core/ports/event-store.ts';
import type { FedRecord, LogRecord, LogStore } from '../core/ports/log-store.ts';
import type { Timers } from '../core/ports/timers.ts';
import { SerialTask } from '../core/serial-task.ts';
import { type OutboxEntriesDeps, outboxEntriesOf } from './outbox-entries.ts';

/** Records of one step. Each has up to 64 KB of entries, or a single larger one. */
const MAX_RECORDS = 32;
/** From one look at what others have logged to the next, in ms. */
const POLL_INTERVAL = 1000;

export interface FactFeedDeps extends OutboxEntriesDeps {
  readonly store: Pick<LogStore, 'listLog' | 'feedOutbox'>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Most entries that may wait for one target. */
  readonly maxWaiting: number;
  /** Entries for these targets are in the store. */
  recorded(targets: ReadonlySet<string>): void;
  /** So many events found no room, or could not be made. */
  dropped(count: number): void;
  onError(error: unknown): void;
}

/**
 * Takes what was stored out of the change log and puts what other systems are to learn of it into the outbox: each record
 * once, however often the server or this feed is cut off.
 */
export class FactFeed {
  readonly #deps: FactFeedDeps;
  readonly #task: SerialTask;

  constructor(deps: FactFeedDeps) {
    this.#deps = deps;
    this.#task = new SerialTask({ ...deps, run: () => this.#run() });
  }

  /** There may be something in the log. */
  wake(): void {
    this.#task.ask();
  }

  /** Feeds until the log is empty. Throws where the store refuses. */
  async drain(): Promise<void> {
    while (await this.#step());
  }

  /** Resolves once nothing is under way. What is left waits in the log. */
  close(): Promise<void> {
    return this.#task.close();
  }

  async #run(): Promise<Timestamp | null> {
    // What is stored meanwhile goes along.
    await setImmediate();
    while (!this.#task.isClosed && (await this.#step()));
    const { targets, clock } = this.#deps;
    return targets.isAny ? clock.now() + POLL_INTERVAL : null;
  }

  /** Feeds some records; returns whether there may be more. */
  async #step(): Promise<boolean> {
    const { store, maxWaiting, recorded, dropped } = this.#deps;
    const records = await store.listLog(MAX_RECORDS);
    if (records.length === 0) return false;
    const fed = records.map((record) => this.#feed(record));
    const leftOut = await store.feedOutbox(fed, maxWaiting);
    if (leftOut > 0) dropped(leftOut);
    recorded(new Set(fed.flatMap(({ deliveries }) => deliveries.map(({ target }) => target))));
    return true;
  }

  /** An event's id comes of its place in the log: whoever makes it, and whenever, it is the same event. */
  #feed({ writer, n, ordinal, at, entries }: LogRecord): FedRecord {
    const { dropped, onError } = this.#deps;
    const deliveries: OutboxEntry[] = [];
    let count = 0;
    for (const entry of entries) {
      try {
        for (const fact of factsOfEntry(entry, at)) {
          const eventId = `${writer}-${n}-${++count}`;
          deliveries.push(...outboxEntriesOf(fact, { eventId, at }, this.#deps));
        }
      } catch (error) {
        // Other systems miss an event that no facts can be made of; nobody else does.
        dropped(1);
        onError(error);
      }
    }
    return { writer, n, ordinal, deliveries };
  }
}
