import type { OutboxEntry } from '../../core/ports/event-store.ts';
import type { FedRecord } from '../../core/ports/log-store.ts';
import { bulk, runEach } from './bulk.ts';
import type { OutboxWaiting } from './outbox-waiting.ts';
import { type Op, run } from './statement.ts';

const INSERT = bulk(
  {
    tenant: 'TEXT',
    target: 'TEXT',
    event_id: 'TEXT',
    event_type: 'TEXT',
    body: 'TEXT',
    at: 'INTEGER',
    due_at: 'INTEGER',
  },
  `INSERT INTO outbox (tenant, target, event_id, event_type, body, at, due_at)
     VALUES (:tenant, :target, :event_id, :event_type, :body, :at, :due_at)`,
);

/** SQL of events on their way out: how they come in, and go with their target. */
export class OutboxTable {
  readonly #waiting: OutboxWaiting;

  constructor(waiting: OutboxWaiting) {
    this.#waiting = waiting;
  }

  *record(entries: readonly OutboxEntry[], maxWaiting: number): Op<number> {
    const waiting = yield* this.#waiting.of([...new Set(entries.map(({ target }) => target))]);
    const taken: OutboxEntry[] = [];
    for (const entry of entries) {
      const n = waiting.get(entry.target) ?? 0;
      if (n >= maxWaiting) continue;
      waiting.set(entry.target, n + 1);
      taken.push(entry);
    }
    yield* runEach(
      INSERT,
      taken.map(({ tenant, target, eventId, eventType, body, at }) => [
        ...[tenant, target, eventId, eventType, body],
        ...[at, at],
      ]),
    );
    yield* this.#waiting.add(taken);
    return entries.length - taken.length;
  }

  /** Two who feed the same record wait for each other here, and the second one finds it gone. */
  *feed(records: readonly FedRecord[], maxWaiting: number): Op<number> {
    const remove = 'DELETE FROM change_log WHERE ordinal = ? AND writer = ? AND n = ?';
    const mine: OutboxEntry[] = [];
    for (const { ordinal, writer, n, deliveries } of records) {
      const isMine = (yield* run(remove, ordinal, writer, n)) > 0;
      if (isMine) mine.push(...deliveries);
    }
    return yield* this.record(mine, maxWaiting);
  }

  /** Removes some of what a target has, whether it waits or is dead; returns how much. */
  *removeOf(target: string, limit: number): Op<number> {
    // Each finds its rows by an index of its own.
    const dead = yield* run(
      'DELETE FROM outbox WHERE pk IN (SELECT pk FROM outbox WHERE target = ? AND dead LIMIT ?)',
      target,
      limit,
    );
    if (dead >= limit) return dead;
    const waiting = yield* run(
      'DELETE FROM outbox WHERE pk IN (SELECT pk FROM outbox WHERE target = ? AND NOT dead LIMIT ?)',
      target,
      limit - dead,
    );
    return dead + waiting;
  }
}
