import type { ServiceSession } from '../../core/desk/model.ts';
import type { Timestamp } from '../../core/model.ts';
import type {
  AgentLeft,
  CustomersSeen,
  OpenCustomerPage,
  Overdue,
  Settled,
} from '../../core/ports/desk-store.ts';
import type { Statements } from './database.ts';
import { type ServiceRow, serviceColumns, toService } from './desk-rows.ts';
import type { ServiceEnd, ServiceTable } from './desk-sessions.ts';
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
const LAST_ACT = `max(s.assigned_at, s.idle_from,
  coalesce((SELECT created_at FROM message WHERE conversation = s.conversation ORDER BY seq DESC LIMIT 1), 0))`;

/** SQL of who of the customers is there. Runs inside the worker thread, writes inside its transaction. */
export class CustomerTable {
  readonly #sql: Statements;
  readonly #tenants: Tenants;
  readonly #services: ServiceTable;

  constructor(sql: Statements, tenants: Tenants, services: ServiceTable) {
    this.#sql = sql;
    this.#tenants = tenants;
    this.#services = services;
  }

  seen({ node, customers, at }: CustomersSeen): ServiceSession[] {
    const mark = this.#sql.get(
      `UPDATE service_session SET customer_node = ?, customer_seen_at = max(customer_seen_at, ?), absent_at = NULL
         WHERE conversation = ?`,
    );
    return customers.flatMap(({ tenant, userId }) => {
      const row = this.#openOf(tenant, userId);
      if (!row) return [];
      mark.run(node, at, row.conversation);
      return row.customer_node === null ? [this.#now(tenant, row)] : [];
    });
  }

  left({ tenant, userId, node, at }: AgentLeft): ServiceSession | null {
    const row = this.#openOf(tenant, userId);
    if (!row || row.customer_node !== node) return null;
    this.#sql
      .get('UPDATE service_session SET customer_node = NULL, customer_seen_at = ? WHERE conversation = ?')
      .run(at, row.conversation);
    return this.#now(tenant, row);
  }

  /** A node starts: nobody is connected to it, and who is away has the whole time again. */
  resume(node: string, at: Timestamp): void {
    const { alive } = this.#sql
      .get(
        `SELECT max(coalesce((SELECT max(seen_at) FROM desk_agent), 0),
           coalesce((SELECT max(customer_seen_at) FROM service_session WHERE state <> 'closed'), 0)) AS alive`,
      )
      .get() as { alive: number };
    this.#sql
      .get(`UPDATE service_session AS s SET idle_from = ${LAST_ACT} + ? WHERE s.state = 'active'`)
      .run(Math.max(0, at - alive));
    const open =
      "UPDATE service_session SET customer_seen_at = ?, customer_node = NULL WHERE state <> 'closed'";
    this.#sql.get(`${open} AND (customer_node IS NULL OR customer_node = ?)`).run(at, node);
    this.#sql
      .get("UPDATE service_session SET absent_at = ? WHERE state = 'queued' AND absent_at IS NOT NULL")
      .run(at);
  }

  listOpen(after: number, limit: number): OpenCustomerPage {
    const rows = this.#sql
      .get(
        `SELECT s.conversation, t.id AS tenant_id, s.customer, s.customer_node FROM service_session s
           INDEXED BY ${ALIVE} JOIN tenant t ON t.pk = s.tenant WHERE s.state <> 'closed' AND s.conversation > ? ORDER BY s.conversation LIMIT ?`,
      )
      .all(after, limit) as unknown as OpenRow[];
    const customers = rows.map(({ tenant_id: tenant, customer: userId, customer_node: node }) => ({
      tenant,
      userId,
      node,
    }));
    const last = rows.length < limit ? undefined : rows.at(-1)?.conversation;
    return last === undefined ? { customers } : { customers, next: last };
  }

  settleOverdue(overdue: Overdue): Settled {
    const { at } = overdue;
    const left = this.#loseCustomers(overdue);
    const absent = this.#takeOut(overdue);
    const abandoned = this.#end(this.#absentFor(overdue), { reason: 'absent', actorId: null, at });
    const idle = this.#end(this.#idleFor(overdue), { reason: 'idle', actorId: null, at });
    return { left, absent, closed: [...abandoned, ...idle] };
  }

  #loseCustomers({ lostBefore, limit }: Overdue): ServiceSession[] {
    const rows = this.#rows(
      ALIVE,
      `s.state <> 'closed' AND s.customer_node IS NOT NULL AND s.customer_seen_at <= ? ORDER BY s.conversation`,
      lostBefore,
      limit,
    );
    return this.#mark(rows, 'customer_node = ?', null);
  }

  #takeOut({ awayBefore, at, limit }: Overdue): ServiceSession[] {
    const rows = this.#rows(
      QUEUED,
      `s.state = 'queued' AND s.absent_at IS NULL AND s.customer_node IS NULL AND s.customer_seen_at <= ?
         ORDER BY s.conversation`,
      awayBefore,
      limit,
    );
    return this.#mark(rows, 'absent_at = ?', at);
  }

  #absentFor({ absentBefore, limit }: Overdue): TenantRow[] {
    return this.#rows(
      QUEUED,
      `s.state = 'queued' AND s.absent_at <= ? ORDER BY s.absent_at`,
      absentBefore,
      limit,
    );
  }

  #idleFor({ idleBefore, limit }: Overdue): TenantRow[] {
    return this.#rows(
      ACTIVE,
      `s.state = 'active' AND ${LAST_ACT} <= ? ORDER BY s.conversation`,
      idleBefore,
      limit,
    );
  }

  #rows(index: string, condition: string, before: number | undefined, limit: number): TenantRow[] {
    if (before === undefined) return [];
    return this.#sql
      .get(
        `SELECT ${COLUMNS} FROM service_session s INDEXED BY ${index} JOIN tenant t ON t.pk = s.tenant
           WHERE ${condition} LIMIT ?`,
      )
      .all(before, limit) as unknown as TenantRow[];
  }

  #mark(rows: readonly TenantRow[], change: string, value: number | null): ServiceSession[] {
    const update = this.#sql.get(`UPDATE service_session SET ${change} WHERE conversation = ?`);
    return rows.map((row) => {
      update.run(value, row.conversation);
      return this.#now(row.tenant_id, row);
    });
  }

  #end(rows: readonly TenantRow[], end: ServiceEnd): ServiceSession[] {
    return rows.map((row) => this.#services.end(row.tenant_id, row, end));
  }

  #openOf(tenant: string, customerId: string): ServiceRow | undefined {
    return this.#sql
      .get(
        `SELECT ${serviceColumns()} FROM service_session WHERE tenant = ? AND customer = ? AND state <> 'closed'`,
      )
      .get(this.#tenants.find(tenant) ?? null, customerId) as ServiceRow | undefined;
  }

  #now(tenant: string, { id }: ServiceRow): ServiceSession {
    return toService(tenant, this.#services.require(tenant, id));
  }
}
