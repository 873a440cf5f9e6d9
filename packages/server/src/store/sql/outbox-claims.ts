import type { Timestamp } from '../../core/model.ts';
import type {
  Delivery,
  DeliveryClaim,
  DeliveryOutcome,
  DeliverySettlement,
} from '../../core/ports/event-store.ts';
import type { DeadLetterTable } from './dead-letters.ts';
import type { OutboxLease } from './outbox-lease.ts';
import { DELIVERY_COLUMNS, type DeliveryRow, isDeleted, toDelivery } from './outbox-row.ts';
import type { OutboxWaiting } from './outbox-waiting.ts';
import { all, get, type Op, run } from './statement.ts';

interface ClaimedRow {
  pk: number;
  claimed_until: number | null;
}

/** Deliveries of a target without order that all nodes together have in their hands, at most, as far as the next look goes. */
const MAX_CLAIMED = 100;

export interface OutboxClaimsDeps {
  readonly waiting: OutboxWaiting;
  readonly deadLetters: DeadLetterTable;
  readonly lease: OutboxLease;
}

/** SQL of who has which events in its hands, and of what became of them. */
export class OutboxClaims {
  readonly #waiting: OutboxWaiting;
  readonly #deadLetters: DeadLetterTable;
  readonly #lease: OutboxLease;

  constructor({ waiting, deadLetters, lease }: OutboxClaimsDeps) {
    this.#waiting = waiting;
    this.#deadLetters = deadLetters;
    this.#lease = lease;
  }

  *claim(claim: DeliveryClaim): Op<Delivery[]> {
    const { target, now, limit, inOrder, until, endedBy = now } = claim;
    if (yield* isDeleted(target)) return [];
    if (inOrder && !((yield* this.#isAnyDue(target, now)) && (yield* this.#lease.take(claim)))) return [];
    const rows = yield* all<DeliveryRow>(
      `SELECT ${DELIVERY_COLUMNS} FROM outbox WHERE target = ? AND NOT dead AND due_at <= ?
           AND (claimed_until IS NULL OR claimed_until <= ?) ORDER BY due_at, pk LIMIT ? FOR UPDATE SKIP LOCKED`,
      target,
      now,
      endedBy,
      limit,
    );
    const keys = rows.map(({ pk }) => pk);
    if (inOrder && keys.length === 0) yield* this.#lease.end(claim);
    if (!inOrder && keys.length > 0)
      yield* run('UPDATE outbox SET claimed_until = ? WHERE pk IN INTEGERS(?)', until, keys);
    return rows.map(toDelivery);
  }

  *nextDue(target: string): Op<Timestamp | null> {
    if (yield* isDeleted(target)) return null;
    const { due } = (yield* get<{ due: number | null }>(
      `SELECT min(greatest(due_at, coalesce(claimed_until, 0))) AS due FROM
           (SELECT due_at, claimed_until FROM outbox WHERE target = ? AND NOT dead ORDER BY due_at LIMIT ?) first`,
      target,
      MAX_CLAIMED,
    )) as { due: number | null };
    if (due === null) return null;
    return Math.max(due, yield* this.#lease.endOf(target));
  }

  *settle(settlement: DeliverySettlement): Op<void> {
    const { target, until, inOrder, outcomes, undone, maxDead } = settlement;
    const hasLease = inOrder && (yield* this.#lease.has(settlement));
    // A deletion of the webhook is waited for, or waits: what it leaves is removed by somebody else.
    yield* get('SELECT 1 FROM webhook WHERE id = ? FOR KEY SHARE', target);
    if (yield* isDeleted(target)) return;
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
    yield* this.#waiting.remove(target, gone.length);
    if (hasLease) yield* this.#lease.end(settlement);
    else if (undone.length > 0) yield* this.#release(undone, until);
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
      yield* this.#deadLetters.bury(target, pk, outcome.failure, maxDead);
    }
  }

  *#release(ids: readonly string[], until: Timestamp): Op<void> {
    yield* run(
      'UPDATE outbox SET claimed_until = NULL WHERE pk IN INTEGERS(?) AND claimed_until = ?',
      ids.map(Number),
      until,
    );
  }

  *#isAnyDue(target: string, now: Timestamp): Op<boolean> {
    const due = 'SELECT 1 FROM outbox WHERE target = ? AND NOT dead AND due_at <= ? LIMIT 1';
    return (yield* get(due, target, now)) !== undefined;
  }
}

/** The ids of these rows. */
function keysOf(rows: readonly ClaimedRow[]): ReadonlySet<string> {
  return new Set(rows.map(({ pk }) => String(pk)));
}
