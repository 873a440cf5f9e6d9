import type { ServiceSession } from '../../core/desk/model.ts';
import type { Timestamp } from '../../core/model.ts';
import type {
  AgentLeft,
  CustomersSeen,
  OpenCustomerPage,
  Overdue,
  Settled,
} from '../../core/ports/desk-store.ts';
import { inOrder, type ServiceRow, serviceColumns, toService } from './desk-rows.ts';
import type { ServiceEnd, ServiceTable } from './desk-sessions.ts';
import { all, get, mapped, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';

interface TenantRow extends ServiceRow {
  tenant_id: string;
}

interface OpenRow {
  conversation: number;
  tenant_id: string;
  customer: string;
  customer_node: string | null;
}

const COLUMNS = `t.id AS tenant_id, ${serviceColumns('s')}`;

/** Closed sessions, which are most of them, must not be looked at: each look names the index that leaves them out. */
const ALIVE = 'service_session_alive';
const QUEUED = 'service_session_queue';
const ACTIVE = 'service_session_agent';

/** When somebody last wrote, or the agent came; what the server was down since then does not count. */
const LAST_ACT = `greatest(s.assigned_at, s.idle_from,
  coalesce((SELECT created_at FROM message WHERE conversation = s.conversation ORDER BY seq DESC LIMIT 1), 0))`;

/** SQL of who of the customers is there. Runs inside the worker thread, writes inside its transaction. */
export class CustomerTable {
  readonly #tenants: Tenants;
  readonly #services: ServiceTable;

  constructor(tenants: Tenants, services: ServiceTable) {
    this.#tenants = tenants;
    this.#services = services;
  }

  *seen({ node, customers, at }: CustomersSeen): Op<ServiceSession[]> {
    const mark = `UPDATE service_session SET customer_node = ?, customer_seen_at = greatest(customer_seen_at, ?), absent_at = NULL
         WHERE conversation = ?`;
    const returned: ServiceSession[] = [];
    // In one order for all nodes, of which several may see the same ones.
    for (const { tenant, userId } of inOrder(customers)) {
      const row = yield* this.#openOf(tenant, userId);
      if (!row) continue;
      yield* run(mark, node, at, row.conversation);
      if (row.customer_node === null) returned.push(yield* this.#now(tenant, row));
    }
    return returned;
  }

  *left({ tenant, userId, node, at }: AgentLeft): Op<ServiceSession | null> {
    const row = yield* this.#openOf(tenant, userId);
    if (!row || row.customer_node !== node) return null;
    yield* run(
      'UPDATE service_session SET customer_node = NULL, customer_seen_at = ? WHERE conversation = ?',
      at,
      row.conversation,
    );
    return yield* this.#now(tenant, row);
  }

  /** A node starts: nobody is connected to it, and who is away has the whole time again. */
  *resume(node: string, at: Timestamp): Op<void> {
    const { alive } = (yield* get<{
      alive: number;
    }>(`SELECT greatest(coalesce((SELECT max(seen_at) FROM desk_agent), 0),
           coalesce((SELECT max(customer_seen_at) FROM service_session WHERE state <> 'closed'), 0)) AS alive`)) as {
      alive: number;
    };
    yield* run(
      `UPDATE service_session AS s SET idle_from = ${LAST_ACT} + ? WHERE s.state = 'active'`,
      Math.max(0, at - alive),
    );
    const open =
      "UPDATE service_session SET customer_seen_at = ?, customer_node = NULL WHERE state <> 'closed'";
    yield* run(`${open} AND (customer_node IS NULL OR customer_node = ?)`, at, node);
    yield* run(
      "UPDATE service_session SET absent_at = ? WHERE state = 'queued' AND absent_at IS NOT NULL",
      at,
    );
  }

  *listOpen(after: number, limit: number): Op<OpenCustomerPage> {
    const rows = yield* all<OpenRow>(
      `SELECT s.conversation, t.id AS tenant_id, s.customer, s.customer_node FROM service_session s
           INDEXED BY ${ALIVE} JOIN tenant t ON t.pk = s.tenant WHERE s.state <> 'closed' AND s.conversation > ? ORDER BY s.conversation LIMIT ?`,
      after,
      limit,
    );
    const customers = rows.map(({ tenant_id: tenant, customer: userId, customer_node: node }) => ({
      tenant,
      userId,
      node,
    }));
    const last = rows.length < limit ? undefined : rows.at(-1)?.conversation;
    return last === undefined ? { customers } : { customers, next: last };
  }

  *settleOverdue(overdue: Overdue): Op<Settled> {
    const { at } = overdue;
    const left = yield* this.#loseCustomers(overdue);
    const absent = yield* this.#takeOut(overdue);
    const abandoned = yield* this.#end(yield* this.#absentFor(overdue), {
      reason: 'absent',
      actorId: null,
      at,
    });
    const idle = yield* this.#end(yield* this.#idleFor(overdue), { reason: 'idle', actorId: null, at });
    return { left, absent, closed: [...abandoned, ...idle] };
  }

  *#loseCustomers({ lostBefore, limit }: Overdue): Op<ServiceSession[]> {
    const rows = yield* this.#rows(
      ALIVE,
      `s.state <> 'closed' AND s.customer_node IS NOT NULL AND s.customer_seen_at <= ? ORDER BY s.conversation`,
      lostBefore,
      limit,
    );
    return yield* this.#mark(rows, 'customer_node = ?', null);
  }

  *#takeOut({ awayBefore, at, limit }: Overdue): Op<ServiceSession[]> {
    const rows = yield* this.#rows(
      QUEUED,
      `s.state = 'queued' AND s.absent_at IS NULL AND s.customer_node IS NULL AND s.customer_seen_at <= ?
         ORDER BY s.conversation`,
      awayBefore,
      limit,
    );
    return yield* this.#mark(rows, 'absent_at = ?', at);
  }

  *#absentFor({ absentBefore, limit }: Overdue): Op<TenantRow[]> {
    return yield* this.#rows(
      QUEUED,
      `s.state = 'queued' AND s.absent_at <= ? ORDER BY s.absent_at, s.conversation`,
      absentBefore,
      limit,
    );
  }

  *#idleFor({ idleBefore, limit }: Overdue): Op<TenantRow[]> {
    return yield* this.#rows(
      ACTIVE,
      `s.state = 'active' AND ${LAST_ACT} <= ? ORDER BY s.conversation`,
      idleBefore,
      limit,
    );
  }

  *#rows(index: string, condition: string, before: number | undefined, limit: number): Op<TenantRow[]> {
    if (before === undefined) return [];
    return yield* all<TenantRow>(
      `SELECT ${COLUMNS} FROM service_session s INDEXED BY ${index} JOIN tenant t ON t.pk = s.tenant
           JOIN conversation c ON c.pk = s.conversation
           WHERE ${condition} LIMIT ? FOR UPDATE OF c, s SKIP LOCKED`,
      before,
      limit,
    );
  }

  *#mark(rows: readonly TenantRow[], change: string, value: number | null): Op<ServiceSession[]> {
    const update = `UPDATE service_session SET ${change} WHERE conversation = ?`;
    for (const { conversation } of rows) yield* run(update, value, conversation);
    return yield* mapped(rows, (row) => this.#now(row.tenant_id, row));
  }

  #end(rows: readonly TenantRow[], end: ServiceEnd): Op<ServiceSession[]> {
    return mapped(rows, (row) => this.#services.end(row.tenant_id, row, end));
  }

  *#openOf(tenant: string, customerId: string): Op<ServiceRow | undefined> {
    return yield* get<ServiceRow>(
      `SELECT ${serviceColumns()} FROM service_session WHERE tenant = ? AND customer = ? AND state <> 'closed' FOR UPDATE`,
      (yield* this.#tenants.find(tenant)) ?? null,
      customerId,
    );
  }

  *#now(tenant: string, { id }: ServiceRow): Op<ServiceSession> {
    return toService(tenant, yield* this.#services.require(tenant, id));
  }
}
