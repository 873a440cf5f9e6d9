import type { CoreEvent, EventSink, OnDemandType } from '../core/events.ts';
import { type Fact, factsOf, isStored } from '../core/facts.ts';
import type { Timestamp } from '../core/model.ts';
import { isShown } from '../core/on-demand.ts';
import type { Clock, IdSource } from '../core/ports/clock.ts';
import type { EventStore, OutboxEntry } from '../core/ports/event-store.ts';
import type { Timers } from '../core/ports/timers.ts';
import { SerialTask } from '../core/serial-task.ts';
import { type OutboxEntriesDeps, outboxEntriesOf } from './outbox-entries.ts';

/** Entries of one write. */
const MAX_BATCH = 1000;
/** Bytes of entries that wait in memory for the store; more are lost, and counted. */
const MAX_PENDING_BYTES = 67_108_864;
/** What an entry takes beside its body, which the targets of an event share. */
const ENTRY_BYTES = 512;

export interface FactRecorderDeps extends OutboxEntriesDeps {
  readonly store: Pick<EventStore, 'recordDeliveries'>;
  readonly next: EventSink;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ids: IdSource;
  /** Most entries that may wait for one target. */
  readonly maxWaiting: number;
  /** Something was stored, and is in the change log. */
  stored(): void;
  /** Entries for these targets are in the store. */
  recorded(targets: ReadonlySet<string>): void;
  /** So many entries found no room. */
  dropped(count: number): void;
  onError(error: unknown): void;
}

/**
 * Hears what the core publishes. What it has stored is in the change log, whose feed is woken; what is told only, such as who is
 * online, goes into the outbox from here, many in one write, and is lost in a crash.
 */
export class FactRecorder implements EventSink {
  readonly #deps: FactRecorderDeps;
  #pending: OutboxEntry[] = [];
  #pendingBytes = 0;
  readonly #task: SerialTask;

  constructor(deps: FactRecorderDeps) {
    this.#deps = deps;
    this.#task = new SerialTask({ ...deps, run: () => this.#run() });
  }

  publish(topics: readonly string[], event: CoreEvent): void {
    if (this.#deps.targets.isAny) this.#hear(event);
    this.#deps.next.publish(topics, event);
  }

  notify(topics: readonly string[], event: CoreEvent): void {
    this.#deps.next.notify(topics, event);
  }

  /** No facts are made of such events. */
  isShown(topics: readonly string[], type: OnDemandType): boolean {
    return isShown(this.#deps.next, topics, type);
  }

  async settled(): Promise<void> {
    await this.#deps.next.settled?.();
  }

  /** Entries that are not in the store yet. */
  get depth(): number {
    return this.#pending.length;
  }

  /** Writes what waits, as far as the store takes it. */
  async close(): Promise<void> {
    await this.#task.close();
    await this.#write().catch((error: unknown) => this.#deps.onError(error));
  }

  #hear(event: CoreEvent): void {
    if (isStored(event)) {
      this.#deps.stored();
      return;
    }
    this.#queueFacts(event);
    if (this.#pending.length > 0) this.#task.ask();
  }

  /** Other systems miss an event that no facts can be made of; nobody else does. */
  #queueFacts(event: CoreEvent): void {
    const at = this.#deps.clock.now();
    try {
      for (const fact of factsOf(event, at)) this.#queue(fact, at);
    } catch (error) {
      this.#deps.dropped(1);
      this.#deps.onError(error);
    }
  }

  #queue(fact: Fact, at: Timestamp): void {
    const { ids, dropped } = this.#deps;
    const entries = outboxEntriesOf(fact, { eventId: ids.next(), at }, this.#deps);
    const bytes = bytesOf(entries);
    if (this.#pendingBytes + bytes > MAX_PENDING_BYTES) {
      dropped(entries.length);
      return;
    }
    this.#pending.push(...entries);
    this.#pendingBytes += bytes;
  }

  async #run(): Promise<null> {
    // The rest of this tick may bring more for the same write.
    await undefined;
    await this.#write();
    return null;
  }

  /** Writes until nothing is left. Throws where the store refuses. */
  async #write(): Promise<void> {
    const { store, maxWaiting, recorded, dropped } = this.#deps;
    while (this.#pending.length > 0) {
      const batch = this.#pending.slice(0, MAX_BATCH);
      const leftOut = await store.recordDeliveries(batch, maxWaiting);
      this.#pending = this.#pending.slice(batch.length);
      this.#pendingBytes -= bytesOf(batch);
      if (leftOut > 0) dropped(leftOut);
      recorded(new Set(batch.map(({ target }) => target)));
    }
  }
}

/** Bytes that entries take in memory, at most. */
function bytesOf(entries: readonly OutboxEntry[]): number {
  return entries.reduce((sum, { body }) => sum + ENTRY_BYTES + body.length * 2, 0);
}
