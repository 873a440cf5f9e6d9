import { DomainError } from '../../core/errors.ts';
import type { Timestamp } from '../../core/model.ts';
import type {
  DeadLetter,
  Delivery,
  DeliveryOutcome,
  OutboxEntry,
  ToldMessage,
  Webhook,
} from '../../core/ports/event-store.ts';
import type { Page } from '../../core/ports/store.ts';
import type { Statements } from './database.ts';
import type { UntoldTable } from './untold.ts';

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
  readonly #sql: Statements;
  readonly #untold: UntoldTable;
  /** Entries that wait, by target: counting them anew for each event would cost more the more there are. */
  readonly #waiting = new Map<string, number>();

  constructor(sql: Statements, untold: UntoldTable) {
    this.#sql = sql;
    this.#untold = untold;
  }

  createWebhook(
    { tenant, id, url, events, secret, createdBy, createdAt }: Webhook,
    maxWebhooks: number,
  ): void {
    const { n } = this.#sql.get('SELECT count(*) AS n FROM webhook WHERE tenant = ?').get(tenant) as {
      n: number;
    };
    if (n >= maxWebhooks) {
      throw new DomainError('ETOOLONG', `there may be ${maxWebhooks} webhooks`, { limit: maxWebhooks });
    }
    this.#sql
      .get(
        'INSERT INTO webhook (tenant, id, url, events, secret, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(tenant, id, url, JSON.stringify(events), secret, createdBy, createdAt);
  }

  listWebhooks(): Webhook[] {
    const rows = this.#sql
      .get('SELECT tenant, id, url, events, secret, created_by, created_at FROM webhook ORDER BY pk')
      .all() as unknown as WebhookRow[];
    return rows.map(({ events, created_by, created_at, ...row }) => ({
      ...row,
      events: JSON.parse(events) as string[],
      createdBy: created_by,
      createdAt: created_at,
    }));
  }

  deleteWebhook(tenant: string, id: string): void {
    const { changes } = this.#sql.get('DELETE FROM webhook WHERE tenant = ? AND id = ?').run(tenant, id);
    if (changes === 0) throw new DomainError('ENOENT', `no webhook ${id}`, { field: 'id' });
    this.#sql.get('DELETE FROM outbox WHERE target = ?').run(id);
    this.#waiting.delete(id);
  }

  record(entries: readonly OutboxEntry[], maxWaiting: number, told: readonly ToldMessage[] = []): number {
    const insert = this.#sql.get(
      'INSERT INTO outbox (tenant, target, event_id, event_type, body, at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    this.#untold.settle(told);
    let leftOut = 0;
    for (const { tenant, target, eventId, eventType, body, at } of entries) {
      if (this.#waitingOf(target) >= maxWaiting) leftOut++;
      else {
        insert.run(tenant, target, eventId, eventType, body, at, at);
        this.#count(target, 1);
      }
    }
    return leftOut;
  }

  listDue(target: string, now: Timestamp, limit: number): Delivery[] {
    const rows = this.#sql
      .get(
        `SELECT ${COLUMNS} FROM outbox WHERE target = ? AND NOT dead AND due_at <= ? ORDER BY due_at, pk LIMIT ?`,
      )
      .all(target, now, limit) as unknown as DeliveryRow[];
    return rows.map(toDelivery);
  }

  nextDue(target: string): Timestamp | null {
    const row = this.#sql
      .get('SELECT min(due_at) AS due FROM outbox WHERE target = ? AND NOT dead')
      .get(target);
    return (row as { due: number | null }).due;
  }

  settle(outcomes: readonly DeliveryOutcome[], maxDead: number): void {
    for (const outcome of outcomes) {
      const row = this.#sql.get('SELECT target, dead FROM outbox WHERE pk = ?').get(Number(outcome.id)) as
        | { target: string; dead: number }
        | undefined;
      if (row && !row.dead) this.#settle(row.target, outcome, maxDead);
    }
  }

  listDead(tenant: string, { after, limit }: Page): DeadLetter[] {
    const rows = this.#sql
      .get(`SELECT ${COLUMNS} FROM outbox WHERE tenant = ? AND dead AND pk < ? ORDER BY pk DESC LIMIT ?`)
      .all(tenant, after === undefined ? Number.MAX_SAFE_INTEGER : keyOf(after), limit);
    return (rows as unknown as DeliveryRow[]).map((row) => ({ ...toDelivery(row), failure: row.failure }));
  }

  retry(tenant: string, id: string, at: Timestamp): string {
    const row = this.#sql
      .get(
        'UPDATE outbox SET dead = 0, due_at = ?, tries = 0 WHERE pk = ? AND tenant = ? AND dead RETURNING target',
      )
      .get(at, keyOf(id), tenant) as { target: string } | undefined;
    if (!row) throw new DomainError('ENOENT', `no dead letter ${id}`, { field: 'id' });
    this.#count(row.target, 1);
    return row.target;
  }

  /** Forgets what a rolled back transaction may have counted. */
  reset(): void {
    this.#waiting.clear();
  }

  #settle(target: string, outcome: DeliveryOutcome, maxDead: number): void {
    const pk = Number(outcome.id);
    if (outcome.result === 'retry') {
      this.#sql
        .get('UPDATE outbox SET tries = tries + 1, due_at = ?, failure = ? WHERE pk = ?')
        .run(outcome.dueAt, outcome.failure, pk);
      return;
    }
    this.#count(target, -1);
    if (outcome.result === 'done') {
      this.#sql.get('DELETE FROM outbox WHERE pk = ?').run(pk);
      return;
    }
    this.#sql
      .get('UPDATE outbox SET tries = tries + 1, dead = 1, failure = ? WHERE pk = ?')
      .run(outcome.failure, pk);
    this.#sql
      .get(
        'DELETE FROM outbox WHERE pk IN (SELECT pk FROM outbox WHERE target = ? AND dead ORDER BY pk DESC LIMIT -1 OFFSET ?)',
      )
      .run(target, maxDead);
  }

  #waitingOf(target: string): number {
    const known = this.#waiting.get(target);
    if (known !== undefined) return known;
    const row = this.#sql.get('SELECT count(*) AS n FROM outbox WHERE target = ? AND NOT dead').get(target);
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
