import type { Limits } from '../limits.ts';
import type { Timestamp } from '../model.ts';
import type { Clock } from '../ports/clock.ts';
import type { AgentRef, DeskStore, OpenCustomerPage } from '../ports/desk-store.ts';
import type { Dispatch } from './dispatch.ts';
import type { ServiceSession } from './model.ts';

/** Sessions of a kind that are settled in one step. */
const BATCH = 100;

export interface CustomersDeps {
  readonly store: Pick<
    DeskStore,
    'findOpenService' | 'listOpenCustomers' | 'customersSeen' | 'customerLeft' | 'settleOverdue'
  >;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly dispatch: Dispatch;
}

/**
 * Who of the customers is there. All of it is in the store: who is connected where, who is given to nobody as it is away,
 * and what ends as nobody comes back or writes.
 */
export class Customers {
  readonly #deps: CustomersDeps;

  constructor(deps: CustomersDeps) {
    this.#deps = deps;
  }

  /** Whether the user has a session that is not closed. */
  async isWaitedFor({ tenant, userId }: AgentRef): Promise<boolean> {
    return (await this.#deps.store.findOpenService(tenant, userId)) !== undefined;
  }

  /** Customers of open sessions of all tenants, page by page. */
  listOpen(after: number, limit: number): Promise<OpenCustomerPage> {
    return this.#deps.store.listOpenCustomers(after, limit);
  }

  /** Customers are connected to a node. Those who were absent have their place in the queue again. */
  async seen(node: string, customers: readonly AgentRef[]): Promise<void> {
    const { store, clock } = this.#deps;
    if (customers.length === 0) return;
    const returned = await store.customersSeen({ node, customers, at: clock.now() });
    await this.#fill(returned);
  }

  /** A customer is not connected to a node any more. */
  async left(node: string, { tenant, userId }: AgentRef): Promise<void> {
    const { store, clock } = this.#deps;
    const session = await store.customerLeft({ tenant, userId, node, at: clock.now() });
    if (session) await this.#fill([session]);
  }

  /**
   * Takes out who is away for too long, and ends what nobody comes back to or writes in.
   *
   * @param at when the node last marked its own customers as seen, or before, so that none is lost by a delay of its own
   */
  async settleOverdue(at: Timestamp): Promise<void> {
    const { store, limits } = this.#deps;
    const { deskAgentTimeout, deskCustomerTimeout, deskAbsenceTimeout, deskIdleTimeout } = limits;
    for (;;) {
      const { left, absent, closed } = await store.settleOverdue({
        lostBefore: at - deskAgentTimeout,
        ...before('awayBefore', at, deskCustomerTimeout),
        ...before('absentBefore', at, deskAbsenceTimeout),
        ...before('idleBefore', at, deskIdleTimeout),
        at,
        limit: BATCH,
      });
      await Promise.all([this.#fill(left), this.#fill(absent), this.#fill(closed)]);
      if (Math.max(left.length, absent.length, closed.length) < BATCH) return;
    }
  }

  /** Gives customers to agents where something changed. */
  async #fill(sessions: readonly ServiceSession[]): Promise<void> {
    const moved = new Map<string, Set<string>>();
    for (const session of sessions) {
      const skills = moved.get(session.tenant) ?? new Set();
      moved.set(session.tenant, skills.add(session.skill));
    }
    for (const [tenant, skills] of moved) await this.#deps.dispatch.fill(tenant, [...skills]);
  }
}

/** The time before which a timeout has passed; nothing where the timeout is off. */
function before<Name extends string>(
  name: Name,
  at: Timestamp,
  timeout: number,
): Partial<Record<Name, Timestamp>> {
  return timeout > 0 ? ({ [name]: at - timeout } as Record<Name, Timestamp>) : {};
}
