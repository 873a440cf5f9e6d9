import type { Timestamp } from '../../core/model.ts';
import type { DeadLetter } from '../../core/ports/event-store.ts';
import type { Page } from '../../core/ports/store.ts';
import { requireDeadLetter } from '../../core/rules/outbox.ts';
import { DELIVERY_COLUMNS, type DeliveryRow, toDelivery } from './outbox-row.ts';
import type { OutboxWaiting } from './outbox-waiting.ts';
import { all, get, type Op, run } from './statement.ts';

/** Not one of a webhook that was deleted, whose rows are being removed. */
const HAS_TARGET = "NOT EXISTS (SELECT 1 FROM remains r WHERE r.kind = 'webhook' AND r.name = outbox.target)";

/** SQL of events that were given up. */
export class DeadLetterTable {
  readonly #waiting: OutboxWaiting;

  constructor(waiting: OutboxWaiting) {
    this.#waiting = waiting;
  }

  *list(tenant: string, { after, limit }: Page): Op<DeadLetter[]> {
    const rows = yield* all(
      `SELECT ${DELIVERY_COLUMNS} FROM outbox WHERE tenant = ? AND dead AND pk < ? AND ${HAS_TARGET} ORDER BY pk DESC LIMIT ?`,
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
    yield* this.#waiting.addAgain([row]);
    return row.target;
  }

  /** Gives a delivery up, and forgets the oldest where a target has more dead ones than it may. */
  *bury(target: string, pk: number, failure: string, maxDead: number): Op<void> {
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
}

/** An id that was never given finds nothing. */
function keyOf(id: string): number {
  return /^\d{1,15}$/.test(id) ? Number(id) : -1;
}
