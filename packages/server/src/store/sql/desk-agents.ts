import type { AgentStatus, DeskAgent } from '../../core/desk/model.ts';
import type { Timestamp } from '../../core/model.ts';
import type { AgentLeft, AgentStatusChange, AgentsSeen } from '../../core/ports/desk-store.ts';
import type { FreeAgent } from '../../core/rules/assignment.ts';
import { type AgentFacts, isFree, requireSeat, type Seat } from '../../core/rules/desk-agents.ts';
import { inOrder } from './desk-rows.ts';
import { all, get, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';
import type { UserTable } from './users.ts';

/** Of an agent who never said how many customers it takes. */
const DEFAULT_CAPACITY = 5;

interface AgentRow {
  user_id: string;
  status: AgentStatus;
  capacity: number;
  skills: string;
  node: string | null;
  seen_at: number;
  idle_since: number;
  active: number;
  may_serve: 0 | 1;
}

/** Whether the agent of a row `a` exists and may write to customers. */
export const MAY_SERVE = `((SELECT u.id FROM account u WHERE u.tenant = a.tenant AND u.id = a.user_id AND NOT u.deleted AND NOT u.disabled) IS NOT NULL
  AND (SELECT p.permission FROM chat_permission p
    WHERE p.tenant = a.tenant AND p.user_id = a.user_id AND p.permission <> 'full_access') IS NULL)`;

const COLUMNS = `a.user_id, a.status, a.capacity, a.skills, a.node, a.seen_at, a.idle_since,
  (SELECT count(*) FROM service_session s WHERE s.tenant = a.tenant AND s.agent = a.user_id AND s.state = 'active') AS active,
  ${MAY_SERVE} AS may_serve`;

/** SQL of the desk's agents. Runs inside the worker thread, writes inside its transaction. */
export class AgentTable {
  readonly #tenants: Tenants;
  readonly #users: UserTable;

  constructor(tenants: Tenants, users: UserTable) {
    this.#tenants = tenants;
    this.#users = users;
  }

  *seen({ node, agents, at }: AgentsSeen): Op<void> {
    const upsert = `INSERT INTO desk_agent (tenant, user_id, status, capacity, skills, node, seen_at, idle_since)
         VALUES (?, ?, 'away', ${DEFAULT_CAPACITY}, '[]', ?, ?, ?)
         ON CONFLICT (tenant, user_id) DO UPDATE SET node = excluded.node, seen_at = greatest(desk_agent.seen_at, excluded.seen_at)`;
    for (const { tenant, userId } of inOrder(agents)) {
      const key = yield* this.#tenants.ensure(tenant);
      if (yield* this.#users.exists(key, userId)) yield* run(upsert, key, userId, node, at, at);
    }
  }

  *left({ tenant, userId, node, at }: AgentLeft): Op<void> {
    yield* run(
      'UPDATE desk_agent SET node = NULL, seen_at = ? WHERE tenant = ? AND user_id = ? AND node = ?',
      at,
      yield* this.#tenants.ensure(tenant),
      userId,
      node,
    );
  }

  *resume(node: string, at: Timestamp): Op<void> {
    yield* run('UPDATE desk_agent SET node = NULL WHERE node = ?', node);
    yield* run('UPDATE desk_agent SET seen_at = ? WHERE node IS NULL', at);
  }

  *setStatus({ tenant, userId, status, capacity, skills, at }: AgentStatusChange): Op<DeskAgent> {
    const key = yield* this.#tenants.lock(tenant);
    const row = yield* this.#require(key, userId);
    const comesOnline = status === 'online' && row.status !== 'online';
    yield* run(
      'UPDATE desk_agent SET status = ?, capacity = ?, skills = ?, idle_since = ? WHERE tenant = ? AND user_id = ?',
      status,
      capacity ?? row.capacity,
      skills ? JSON.stringify(skills) : row.skills,
      comesOnline ? at : row.idle_since,
      key,
      userId,
    );
    return toAgent(yield* this.#require(key, userId));
  }

  /** It was given a customer, or lost one. */
  *busied(tenant: number, userId: string, at: Timestamp): Op<void> {
    yield* run('UPDATE desk_agent SET idle_since = ? WHERE tenant = ? AND user_id = ?', at, tenant, userId);
  }

  /** Those of lost nodes are connected no more. */
  *disconnectLost(seenAfter: Timestamp): Op<void> {
    yield* run('UPDATE desk_agent SET node = NULL WHERE node IS NOT NULL AND seen_at <= ?', seenAfter);
  }

  *listFree(tenant: number, seenAfter: Timestamp): Op<FreeAgent[]> {
    const rows = yield* all<AgentRow>(
      `SELECT ${COLUMNS} FROM desk_agent a WHERE a.tenant = ? AND a.status = 'online'`,
      tenant,
    );
    return rows
      .filter((row) => isFree(toSeat(row), seenAfter))
      .map(({ user_id, skills, active, idle_since }) => ({
        userId: user_id,
        skills: JSON.parse(skills) as string[],
        active,
        idleSince: idle_since,
      }));
  }

  *list(tenant: number): Op<DeskAgent[]> {
    const rows = yield* all<AgentRow>(
      `SELECT ${COLUMNS} FROM desk_agent a WHERE a.tenant = ? ORDER BY a.user_id`,
      tenant,
    );
    return rows.map(toAgent);
  }

  /** What the rules ask of whoever is to serve. */
  *facts(tenant: number, userId: string): Op<AgentFacts> {
    return yield* this.#factsOf(tenant, userId, yield* this.#row(tenant, userId));
  }

  *#row(tenant: number, userId: string): Op<AgentRow | undefined> {
    return yield* get<AgentRow>(
      `SELECT ${COLUMNS} FROM desk_agent a WHERE a.tenant = ? AND a.user_id = ?`,
      tenant,
      userId,
    );
  }

  *#factsOf(tenant: number, userId: string, row: AgentRow | undefined): Op<AgentFacts> {
    if (row) return { userId, isAgent: true, seat: toSeat(row) };
    const agent = yield* get(
      "SELECT 1 FROM account WHERE tenant = ? AND id = ? AND role IN ('agent', 'admin') AND NOT deleted",
      tenant,
      userId,
    );
    return { userId, isAgent: agent !== undefined, seat: undefined };
  }

  *#require(tenant: number, userId: string): Op<AgentRow> {
    const row = yield* this.#row(tenant, userId);
    requireSeat(yield* this.#factsOf(tenant, userId, row));
    return row as AgentRow;
  }

  /** Whether an agent who may serve has the skill, wherever it is now. */
  *hasSkilled(tenant: number, skill: string): Op<boolean> {
    return (
      (yield* get(
        `SELECT 1 FROM desk_agent a WHERE a.tenant = ? AND in_list(a.skills, ?)
             AND ${MAY_SERVE} LIMIT 1`,
        tenant,
        skill,
      )) !== undefined
    );
  }

  *remove(tenant: number, userId: string): Op<void> {
    yield* run('DELETE FROM desk_agent WHERE tenant = ? AND user_id = ?', tenant, userId);
  }
}

function toSeat(row: AgentRow): Seat {
  return {
    status: row.status,
    isConnected: row.node !== null,
    seenAt: row.seen_at,
    isSuspended: row.may_serve === 0,
    capacity: row.capacity,
    active: row.active,
  };
}

function toAgent(row: AgentRow): DeskAgent {
  return {
    userId: row.user_id,
    status: row.status,
    isConnected: row.node !== null,
    isSuspended: row.may_serve === 0,
    capacity: row.capacity,
    skills: JSON.parse(row.skills) as string[],
    active: row.active,
  };
}
