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
import { bulk, runEach } from './bulk.ts';
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
const COUNT_NEW = bulk(
  { target: 'TEXT', change: 'INTEGER' },
  `INSERT INTO outbox_waiting (target, waiting) VALUES (:target, :change)
     ON CONFLICT (target) DO UPDATE SET waiting = outbox_waiting.waiting + excluded.waiting`,
);
/** Of a webhook that is gone there is no count, and stays none. */
const COUNT_KNOWN = bulk(
  { target: 'TEXT', change: 'INTEGER' },
  'UPDATE outbox_waiting SET waiting = waiting + :change WHERE outbox_waiting.target = :target',
);
const COLUMNS = 'pk, tenant, target, event_id, event_type, body, at, tries, failure';

/** Not one of a webhook that was deleted, whose rows are being removed. */
const HAS_TARGET = "NOT EXISTS (SELECT 1 FROM remains r WHERE r.kind = 'webhook' AND r.name = outbox.target)";

/** SQL of webhooks and of events on their way out. Runs inside the worker thread, writes inside its transaction. */
export class OutboxTable {
  readonly #tenants: Tenants;

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
    yield* run('DELETE FROM outbox_waiting WHERE target = ?', id);
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

  *record(entries: readonly OutboxEntry[], maxWaiting: number): Op<number> {
    const waiting = yield* this.#waitingFor([...new Set(entries.map(({ target }) => target))]);
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
    yield* runEach(COUNT_NEW, countsOf(taken, 1));
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
    const gone: { target: string }[] = [];
    for (const outcome of outcomes) {
      const row = yield* get<{ target: string; dead: number }>(
        'SELECT target, dead FROM outbox WHERE pk = ?',
        Number(outcome.id),
      );
      if (!row || row.dead) continue;
      yield* this.#settle(row.target, outcome, maxDead);
      if (outcome.result !== 'retry') gone.push(row);
    }
    yield* runEach(COUNT_KNOWN, countsOf(gone, -1));
  }

  *listDead(tenant: string, { after, limit }: Page): Op<DeadLetter[]> {
    const rows = yield* all(
      `SELECT ${COLUMNS} FROM outbox WHERE tenant = ? AND dead AND pk < ? AND ${HAS_TARGET} ORDER BY pk DESC LIMIT ?`,
      tenant,
      after === undefined ? Number.MAX_SAFE_INTEGER : keyOf(after),
      limit,
    );
    return (rows as unknown as DeliveryRow[]).map((row) => ({ ...toDelivery(row), failure: row.failure }));
  }

  *retry(tenant: string, id: string, at: Timestamp): Op<string> {
    const row = yield* get<{ target: string }>(
      `UPDATE outbox SET dead = FALSE, due_at = ?, tries = 0 WHERE pk = ? AND tenant = ? AND dead AND ${HAS_TARGET} RETURNING target`,
      at,
      keyOf(id),
      tenant,
    );
    requireDeadLetter(row, id);
    yield* runEach(COUNT_KNOWN, countsOf([row], 1));
    return row.target;
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

  /** How many wait, by target: counted as they come and go, as counting them anew would cost the more the more there are. */
  *#waitingFor(targets: readonly string[]): Op<Map<string, number>> {
    const rows = yield* all<{ target: string; waiting: number }>(
      'SELECT target, waiting FROM outbox_waiting WHERE target IN TEXTS(?)',
      targets,
    );
    return new Map(rows.map(({ target, waiting }) => [target, waiting]));
  }
}

/** The change for each target, in an order that all writers have: they lock the rows in it. */
function countsOf(entries: readonly { readonly target: string }[], change: number): [string, number][] {
  const counts = new Map<string, number>();
  for (const { target } of entries) counts.set(target, (counts.get(target) ?? 0) + change);
  return [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
}

/** An id that was never given finds nothing. */
function keyOf(id: string): number {
  return /^\d{1,15}$/.test(id) ? Number(id) : -1;
}

function toDelivery({ pk, event_id: eventId, event_type: eventType, ...row }: DeliveryRow): Delivery {
  const { tenant, target, body, at, tries } = row;
  return { id: String(pk), tenant, target, eventId, eventType, body, at, tries };
}
