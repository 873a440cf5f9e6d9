import type { Timestamp } from '../../core/model.ts';
import type {
  DeadLetter,
  Delivery,
  DeliveryClaim,
  DeliveryOutcome,
  DeliverySettlement,
  OutboxEntry,
} from '../../core/ports/event-store.ts';
import type { FedRecord } from '../../core/ports/log-store.ts';
import type { Page } from '../../core/ports/store.ts';
import { requireDeadLetter } from '../../core/rules/outbox.ts';
import { bulk, runEach } from './bulk.ts';
import { all, get, type Op, run } from './statement.ts';

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

interface ClaimedRow {
  pk: number;
  claimed_until: number | null;
}

interface LeaseRow {
  claimed_until: number;
}

/** Deliveries of a target without order that all nodes together have in their hands, at most, as far as the next look goes. */
const MAX_CLAIMED = 100;

const COLUMNS = 'pk, tenant, target, event_id, event_type, body, at, tries, failure';

/** Not one of a webhook that was deleted, whose rows are being removed. */
const HAS_TARGET = "NOT EXISTS (SELECT 1 FROM remains r WHERE r.kind = 'webhook' AND r.name = outbox.target)";

/** SQL of events on their way out. Runs inside the worker thread, writes inside its transaction. */
export class OutboxTable {
  /** How many wait for a target is counted no more. */
  *forget(target: string): Op<void> {
    yield* run('DELETE FROM outbox_waiting WHERE target = ?', target);
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

  *claim(claim: DeliveryClaim): Op<Delivery[]> {
    const { target, now, limit, inOrder, until, endedBy = now } = claim;
    if (yield* this.#isDeleted(target)) return [];
    if (inOrder && !((yield* this.#isAnyDue(target, now)) && (yield* this.#takeLease(claim)))) return [];
    const rows = yield* all<DeliveryRow>(
      `SELECT ${COLUMNS} FROM outbox WHERE target = ? AND NOT dead AND due_at <= ?
           AND (claimed_until IS NULL OR claimed_until <= ?) ORDER BY due_at, pk LIMIT ? FOR UPDATE SKIP LOCKED`,
      target,
      now,
      endedBy,
      limit,
    );
    const keys = rows.map(({ pk }) => pk);
    if (inOrder && keys.length === 0) yield* this.#endLease(claim);
    if (!inOrder && keys.length > 0)
      yield* run('UPDATE outbox SET claimed_until = ? WHERE pk IN INTEGERS(?)', until, keys);
    return rows.map(toDelivery);
  }

  *nextDue(target: string): Op<Timestamp | null> {
    if (yield* this.#isDeleted(target)) return null;
    const { due } = (yield* get<{ due: number | null }>(
      `SELECT min(greatest(due_at, coalesce(claimed_until, 0))) AS due FROM
           (SELECT due_at, claimed_until FROM outbox WHERE target = ? AND NOT dead ORDER BY due_at LIMIT ?) first`,
      target,
      MAX_CLAIMED,
    )) as { due: number | null };
    if (due === null) return null;
    const lease = yield* get<LeaseRow>('SELECT claimed_until FROM outbox_lease WHERE target = ?', target);
    return Math.max(due, lease?.claimed_until ?? 0);
  }

  *settle(settlement: DeliverySettlement): Op<void> {
    const { target, until, inOrder, outcomes, undone, maxDead } = settlement;
    const hasLease = inOrder && (yield* this.#hasLease(settlement));
    // A deletion of the webhook is waited for, or waits: what it leaves is removed by somebody else.
    yield* get('SELECT 1 FROM webhook WHERE id = ? FOR KEY SHARE', target);
    if (yield* this.#isDeleted(target)) return;
    const rows = yield* all<ClaimedRow>(
      `SELECT pk, claimed_until FROM outbox WHERE pk IN INTEGERS(?) AND target = ? AND NOT dead
         ORDER BY pk FOR UPDATE`,
      outcomes.map(({ id }) => Number(id)),
      target,
    );
    const held = rows.filter((row) => (inOrder ? hasLease : row.claimed_until === until));
    const [isThere, isHeld] = [keysOf(rows), keysOf(held)];
    const done = outcomes.filter(({ id, result }) => result === 'done' && isThere.has(id));
    const failed = outcomes.filter(({ id, result }) => result !== 'done' && isHeld.has(id));
    yield* this.#remove(done);
    for (const outcome of failed) yield* this.#settle(target, outcome, maxDead);
    const gone = [...done, ...failed.filter(({ result }) => result === 'dead')];
    yield* runEach(COUNT_KNOWN, gone.length === 0 ? [] : [[target, -gone.length]]);
    if (hasLease) yield* this.#endLease(settlement);
    else if (undone.length > 0) yield* this.#release(undone, until);
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
    // A deletion of its webhook is waited for, or waits.
    yield* get(
      'SELECT 1 FROM webhook WHERE id = (SELECT target FROM outbox WHERE pk = ? AND tenant = ?) FOR KEY SHARE',
      keyOf(id),
      tenant,
    );
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

  *#remove(outcomes: readonly DeliveryOutcome[]): Op<void> {
    if (outcomes.length === 0) return;
    yield* run(
      'DELETE FROM outbox WHERE pk IN INTEGERS(?)',
      outcomes.map(({ id }) => Number(id)),
    );
  }

  *#settle(target: string, outcome: DeliveryOutcome, maxDead: number): Op<void> {
    const pk = Number(outcome.id);
    if (outcome.result === 'retry') {
      yield* run(
        'UPDATE outbox SET tries = tries + 1, due_at = ?, failure = ?, claimed_until = NULL WHERE pk = ?',
        outcome.dueAt,
        outcome.failure,
        pk,
      );
    } else if (outcome.result === 'dead') {
      yield* this.#bury(target, pk, outcome.failure, maxDead);
    }
  }

  *#bury(target: string, pk: number, failure: string, maxDead: number): Op<void> {
    yield* run(
      'UPDATE outbox SET tries = tries + 1, dead = TRUE, failure = ?, claimed_until = NULL WHERE pk = ?',
      failure,
      pk,
    );
    yield* run(
      `DELETE FROM outbox WHERE target = ?1 AND dead AND pk <=
           (SELECT pk FROM outbox WHERE target = ?1 AND dead ORDER BY pk DESC LIMIT 1 OFFSET ?2)`,
      target,
      maxDead,
    );
  }

  *#release(ids: readonly string[], until: Timestamp): Op<void> {
    yield* run(
      'UPDATE outbox SET claimed_until = NULL WHERE pk IN INTEGERS(?) AND claimed_until = ?',
      ids.map(Number),
      until,
    );
  }

  /** Whether a webhook was deleted, whose rows are still to be removed. */
  *#isDeleted(target: string): Op<boolean> {
    return (yield* get("SELECT 1 FROM remains WHERE kind = 'webhook' AND name = ?", target)) !== undefined;
  }

  *#isAnyDue(target: string, now: Timestamp): Op<boolean> {
    const due = 'SELECT 1 FROM outbox WHERE target = ? AND NOT dead AND due_at <= ? LIMIT 1';
    return (yield* get(due, target, now)) !== undefined;
  }

  /** Whoever has a target's lease delivers there alone. False where another has it. */
  *#takeLease({ target, now, until, endedBy = now }: DeliveryClaim): Op<boolean> {
    const changes = yield* run(
      `INSERT INTO outbox_lease (target, claimed_until) VALUES (?, ?)
           ON CONFLICT (target) DO UPDATE SET claimed_until = excluded.claimed_until WHERE outbox_lease.claimed_until <= ?`,
      target,
      until,
      endedBy,
    );
    return changes > 0;
  }

  /** Nobody else gets the lease before the transaction ends. */
  *#hasLease({ target, until }: Pick<DeliveryClaim, 'target' | 'until'>): Op<boolean> {
    const row = yield* get<LeaseRow>(
      'SELECT claimed_until FROM outbox_lease WHERE target = ? FOR UPDATE',
      target,
    );
    return row?.claimed_until === until;
  }

  *#endLease({ target, until }: Pick<DeliveryClaim, 'target' | 'until'>): Op<void> {
    yield* run(
      'UPDATE outbox_lease SET claimed_until = 0 WHERE target = ? AND claimed_until = ?',
      target,
      until,
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

/** The ids of these rows. */
function keysOf(rows: readonly ClaimedRow[]): ReadonlySet<string> {
  return new Set(rows.map(({ pk }) => String(pk)));
}

/** An id that was never given finds nothing. */
function keyOf(id: string): number {
  return /^\d{1,15}$/.test(id) ? Number(id) : -1;
}

function toDelivery({ pk, event_id: eventId, event_type: eventType, ...row }: DeliveryRow): Delivery {
  const { tenant, target, body, at, tries } = row;
  return { id: String(pk), tenant, target, eventId, eventType, body, at, tries };
}
