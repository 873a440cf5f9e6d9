import type { CoreEvent, EventSink, OnDemandType } from '../core/events.ts';
import { type Fact, factsOf, toEvent } from '../core/facts.ts';
import { isFirstOfTwo } from '../core/message-access.ts';
import type { Timestamp } from '../core/model.ts';
import { isShown } from '../core/on-demand.ts';
import type { Clock, IdSource } from '../core/ports/clock.ts';
import type { EventStore, OutboxEntry, ToldMessage, UntoldMessage } from '../core/ports/event-store.ts';
import type { Timers } from '../core/ports/timers.ts';
import { SerialTask } from '../core/serial-task.ts';
import type { Targets } from './targets.ts';

/** Entries of one write. */
const MAX_BATCH = 1000;
/** Bytes of entries that wait in memory for the store; more are lost, and counted. */
const MAX_PENDING_BYTES = 67_108_864;
/** What an entry takes beside its body, which the targets of an event share. */
const ENTRY_BYTES = 512;
/** Messages that wait to be known as told. */
const MAX_TOLD = 50_000;

export interface FactRecorderDeps {
  readonly store: Pick<EventStore, 'recordDeliveries' | 'listUntold'>;
  readonly next: EventSink;
  readonly targets: Targets;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ids: IdSource;
  /** Of this deployment. */
  readonly origin: string;
  /** Most entries that may wait for one target. */
  readonly maxWaiting: number;
  /** Entries for these targets are in the store. */
  recorded(targets: ReadonlySet<string>): void;
  /** So many entries found no room. */
  dropped(count: number): void;
  onError(error: unknown): void;
}

/**
 * Hears what the core publishes and puts what other systems are to learn into the outbox, many in one write. It hears of a fact
 * once that is durable. What a crash between the two leaves untold of messages is recorded at the next start; of all else the
 * event is lost then, and never the fact.
 */
export class FactRecorder implements EventSink {
  readonly #deps: FactRecorderDeps;
  #pending: OutboxEntry[] = [];
  #pendingBytes = 0;
  /** Whose entries are pending, or that nobody wants. */
  #told: ToldMessage[] = [];
  readonly #task: SerialTask;

  constructor(deps: FactRecorderDeps) {
    this.#deps = deps;
    this.#task = new SerialTask({ ...deps, run: () => this.#run() });
  }

  publish(topics: readonly string[], event: CoreEvent): void {
    if (this.#deps.targets.isAny) this.#record(event);
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

  /** Records what a crash left untold. To be called before anything is published. */
  async catchUp(): Promise<void> {
    let missed: readonly UntoldMessage[];
    do {
      missed = await this.#deps.store.listUntold(MAX_BATCH);
      for (const untold of missed) for (const event of toEventsOf(untold)) this.#record(event);
      await this.#task.settled();
    } while (missed.length === MAX_BATCH && this.#told.length === 0);
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

  #record(event: CoreEvent): void {
    this.#queueFacts(event);
    const told = toldOf(event);
    // What finds no room stays untold until the next start.
    if (told && this.#told.length < MAX_TOLD) this.#told.push(told);
    if (!this.#isIdle) this.#task.ask();
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
    const { targets, ids, origin, dropped } = this.#deps;
    const { tenant, eventType } = fact;
    const wanted = targets.of(tenant, eventType);
    if (wanted.length === 0) return;
    const eventId = ids.next();
    const body = JSON.stringify(toEvent(fact, { eventId, origin }));
    const entries = wanted.map((target) => ({ tenant, target, eventId, eventType, body, at }));
    const bytes = bytesOf(entries);
    if (this.#pendingBytes + bytes > MAX_PENDING_BYTES) {
      dropped(wanted.length);
      return;
    }
    this.#pending.push(...entries);
    this.#pendingBytes += bytes;
  }

  get #isIdle(): boolean {
    return this.#pending.length === 0 && this.#told.length === 0;
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
    while (!this.#isIdle) {
      const batch = this.#pending.slice(0, MAX_BATCH);
      // Not before the last of its entries.
      const told = batch.length === this.#pending.length ? [...this.#told] : [];
      const leftOut = await store.recordDeliveries(batch, maxWaiting, told);
      this.#pending = this.#pending.slice(batch.length);
      this.#pendingBytes -= bytesOf(batch);
      this.#told = this.#told.slice(told.length);
      if (leftOut > 0) dropped(leftOut);
      recorded(new Set(batch.map(({ target }) => target)));
    }
  }
}

/** Bytes that entries take in memory, at most. */
function bytesOf(entries: readonly OutboxEntry[]): number {
  return entries.reduce((sum, { body }) => sum + ENTRY_BYTES + body.length * 2, 0);
}

/** What a message event tells the outbox of. */
function toldOf(event: CoreEvent): ToldMessage | undefined {
  const isOfMessage =
    event.type === 'message.changed' || (event.type === 'message.created' && !event.isRetold);
  return isOfMessage ? { messageId: event.message.id, revision: event.message.revision } : undefined;
}

/** The events that were not recorded; whom they were published to is known no more. */
function toEventsOf({ message, became, actorId }: UntoldMessage): CoreEvent[] {
  if (became !== 'normal') return [{ type: 'message.changed', change: became, message, actorId }];
  const created = { type: 'message.created', message, memberCount: 0 } as const;
  return isFirstOfTwo(message) ? [{ type: 'single.created', message }, created] : [created];
}
