import type { DeliveryClaim } from '../../core/ports/event-store.ts';
import { get, type Op, run } from './statement.ts';

type Held = Pick<DeliveryClaim, 'target' | 'until'>;

/** SQL of leases: whoever has that of a target delivers there alone. */
export class OutboxLease {
  /** Until when somebody has it; 0 where nobody had it yet. */
  *endOf(target: string): Op<number> {
    const row = yield* get<{ claimed_until: number }>(
      'SELECT claimed_until FROM outbox_lease WHERE target = ?',
      target,
    );
    return row?.claimed_until ?? 0;
  }

  /** False where another has it. */
  *take({ target, now, until, endedBy = now }: DeliveryClaim): Op<boolean> {
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
  *has({ target, until }: Held): Op<boolean> {
    const row = yield* get<{ claimed_until: number }>(
      'SELECT claimed_until FROM outbox_lease WHERE target = ? FOR UPDATE',
      target,
    );
    return row?.claimed_until === until;
  }

  *end({ target, until }: Held): Op<void> {
    yield* run(
      'UPDATE outbox_lease SET claimed_until = 0 WHERE target = ? AND claimed_until = ?',
      target,
      until,
    );
  }
}
