import type { Timestamp } from '../../core/model.ts';
import type {
  DeadLetter,
  Delivery,
  DeliveryOutcome,
  OutboxEntry,
  Webhook,
} from '../../core/ports/event-store.ts';
import type { FedRecord } from '../../core/ports/log-store.ts';
import type { Page } from '../../core/ports/store.ts';
import { requireDeadLetter, requireWebhook, requireWebhookRoom } from '../../core/rules/outbox.ts';
import { all, get, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';

interface DeliveryRow {
  pk: number;
  tenant: string;
  target: string;
  event_id: string;
  event_type: string;
  body: string;
  at: number;
  tries: number;
  failure: string;
}

interface WebhookRow {
  tenant: string;
  id: string;
  url: string;
  events: string;
  secret: string;
  created_by: string;
  created_at: number;
}

const COLUMNS = 'pk, tenant, target, event_id, event_type, body, at, tries, failure';

/** SQL of webhooks and of events on their way out. Runs inside the worker thread, writes inside its transaction. */
export class OutboxTable {
  readonly #tenants: Tenants;
  /** Entries that wait, by target: counting them anew for each event would cost more the more there are. */
  readonly #waiting = new Map<string, number>();

  constructor(tenants: Tenants) {
    this.#tenants = tenants;
  }

  *createWebhook(
    { tenant, id, url, events, secret, createdBy, createdAt }: Webhook,
    maxWebhooks: number,
  ): Op<void> {
    // How many there are is counted by one at a time.
    yield* this.#tenants.lock(tenant);
    const { n } = (yield* get<{
      n: number;
    }>('SELECT count(*) AS n FROM webhook WHERE tenant = ?', tenant)) as {
      n: number;
    };
    requireWebhookRoom(n, maxWebhooks);
    yield* run(
      'INSERT INTO webhook (tenant, id, url, events, secret, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      tenant,
      id,
      url,
      JSON.stringify(events),
      secret,
      createdBy,
      createdAt,
    );
  }

  *listWebhooks(): Op<Webhook[]> {
    const rows = yield* all<WebhookRow>(
      'SELECT tenant, id, url, events, secret, created_by, created_at FROM webhook ORDER BY pk',
    );
    return rows.map(({ events, created_by, created_at, ...row }) => ({
      ...row,
      events: JSON.parse(events) as string[],
      createdBy: created_by,
      createdAt: created_at,
    }));
  }

  *deleteWebhook(tenant: string, id: string): Op<void> {
    const changes = yield* run('DELETE FROM webhook WHERE tenant = ? AND id = ?', tenant, id);
    requireWebhook(changes > 0, id);
    // Each finds its rows by an index of its own.
    yield* run('DELETE FROM outbox WHERE target = ? AND dead', id);
    yield* run('DELETE FROM outbox WHERE target = ? AND NOT dead', id);
    this.#waiting.delete(id);
  }

  *record(entries: readonly OutboxEntry[], maxWaiting: number): Op<number> {
    const insert =
      'INSERT INTO outbox (tenant, target, event_id, event_type, body, at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?)';
    let leftOut = 0;
    for (const { tenant, target, eventId, eventType, body, at } of entries) {
      if ((yield* this.#waitingOf(target)) >= maxWaiting) leftOut++;
      else {
        yield* run(insert, tenant, target, eventId, eventType, body, at, at);
        this.#count(target, 1);
      }
    }
    return leftOut;
  }

  /** Two who feed the same record wait for each other here, and the second one finds it gone. */
  *feed(records: readonly FedRecord[], maxWaiting: number): Op<number> {
    let leftOut = 0;
    const remove = 'DELETE FROM change_log WHERE ordinal = ? AND writer = ? AND n = ?';
    for (const { ordinal, writer, n, deliveries } of records) {
      const isMine = (yield* run(remove, ordinal, writer, n)) > 0;
      if (isMine) leftOut += yield* this.record(deliveries, maxWaiting);
    }
    return leftOut;
  }

  *listDue(target: string, now: Timestamp, limit: number): Op<Delivery[]> {
    const rows = yield* all<DeliveryRow>(
      `SELECT ${COLUMNS} FROM outbox WHERE target = ? AND NOT dead AND due_at <= ? ORDER BY due_at, pk LIMIT ?`,
      target,
      now,
      limit,
    );
    return rows.map(toDelivery);
  }

  *nextDue(target: string): Op<Timestamp | null> {
    const row = yield* get('SELECT min(due_at) AS due FROM outbox WHERE target = ? AND NOT dead', target);
    return (row as { due: number | null }).due;
  }

  *settle(outcomes: readonly DeliveryOutcome[], maxDead: number): Op<void> {
    for (const outcome of outcomes) {
      const row = yield* get<{ target: string; dead: number }>(
        'SELECT target, dead FROM outbox WHERE pk = ?',
        Number(outcome.id),
      );
      if (row && !row.dead) yield* this.#settle(row.target, outcome, maxDead);
    }
  }

  *listDead(tenant: string, { after, limit }: Page): Op<DeadLetter[]> {
    const rows = yield* all(
      `SELECT ${COLUMNS} FROM outbox WHERE tenant = ? AND dead AND pk < ? ORDER BY pk DESC LIMIT ?`,
      tenant,
      after === undefined ? Number.MAX_SAFE_INTEGER : keyOf(after),
      limit,
    );
    return (rows as unknown as DeliveryRow[]).map((row) => ({ ...toDelivery(row), failure: row.failure }));
  }

  *retry(tenant: string, id: string, at: Timestamp): Op<string> {
    const row = yield* get<{ target: string }>(
      'UPDATE outbox SET dead = FALSE, due_at = ?, tries = 0 WHERE pk = ? AND tenant = ? AND dead RETURNING target',
      at,
      keyOf(id),
      tenant,
    );
    requireDeadLetter(row, id);
    this.#count(row.target, 1);
    return row.target;
  }

  /** Forgets what a rolled back transaction may have counted. */
  reset(): void {
    this.#waiting.clear();
  }

  *#settle(target: string, outcome: DeliveryOutcome, maxDead: number): Op<void> {
    const pk = Number(outcome.id);
    if (outcome.result === 'retry') {
      yield* run(
        'UPDATE outbox SET tries = tries + 1, due_at = ?, failure = ? WHERE pk = ?',
        outcome.dueAt,
        outcome.failure,
        pk,
      );
      return;
    }
    this.#count(target, -1);
    if (outcome.result === 'done') {
      yield* run('DELETE FROM outbox WHERE pk = ?', pk);
      return;
    }
    yield* run(
      'UPDATE outbox SET tries = tries + 1, dead = TRUE, failure = ? WHERE pk = ?',
      outcome.failure,
      pk,
    );
    yield* run(
      `DELETE FROM outbox WHERE target = ?1 AND dead AND pk <=
           (SELECT pk FROM outbox WHERE target = ?1 AND dead ORDER BY pk DESC LIMIT 1 OFFSET ?2)`,
      target,
      maxDead,
    );
  }

  *#waitingOf(target: string): Op<number> {
    const known = this.#waiting.get(target);
    if (known !== undefined) return known;
    const row = yield* get('SELECT count(*) AS n FROM outbox WHERE target = ? AND NOT dead', target);
    const { n } = row as { n: number };
    this.#waiting.set(target, n);
    return n;
  }

  /** Of a target whose entries nobody has counted yet, the change is in the table already when somebody does. */
  #count(target: string, change: number): void {
    const known = this.#waiting.get(target);
    if (known !== undefined) this.#waiting.set(target, known + change);
  }
}

/** An id that was never given finds nothing. */
function keyOf(id: string): number {
  return /^\d{1,15}$/.test(id) ? Number(id) : -1;
}

function toDelivery({ pk, event_id: eventId, event_type: eventType, ...row }: DeliveryRow): Delivery {
  const { tenant, target, body, at, tries } = row;
  return { id: String(pk), tenant, target, eventId, eventType, body, at, tries };
}
