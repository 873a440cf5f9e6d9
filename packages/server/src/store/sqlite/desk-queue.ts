import { type FreeAgent, fits, nextMatch, type Waiting } from '../../core/desk/assignment.ts';
import type { Handover } from '../../core/desk/model.ts';
import { newestThatFit } from '../../core/desk/newest.ts';
import { requireMove } from '../../core/desk/service-state.ts';
import { DomainError } from '../../core/errors.ts';
import type { Message, Timestamp } from '../../core/model.ts';
import type {
  AgentRef,
  AssignNext,
  QueuedCustomer,
  ReleaseLost,
  Removal,
  ServiceAct,
  Transfer,
} from '../../core/ports/desk-store.ts';
import type { ConversationRow, ConversationTable } from './conversations.ts';
import type { Statements } from './database.ts';
import { type AgentRow, type AgentTable, isPresent, MAY_SERVE } from './desk-agents.ts';
import { type ServiceRow, serviceColumns, toService } from './desk-rows.ts';
import { notYours, type ServiceTable } from './desk-sessions.ts';
import { MESSAGE_COLUMNS, MESSAGE_TABLE, type MessageRow, toMessage } from './message-row.ts';
import { PartyTable } from './parties.ts';
import type { Tenants } from './tenants.ts';

/** Most messages and notes that a new agent is told; older ones are in the history. */
const MAX_SAID = 200;

/** The queue's order; a session's place, and those before it, are read from one index. */
const TURN = 'place, waiting_since, conversation';
/** Before everything. */
const EVER = -1;
const HEAD = 0;
const TAIL = 1;

export interface DeskQueueDeps {
  readonly sql: Statements;
  readonly tenants: Tenants;
  readonly conversations: ConversationTable;
  readonly services: ServiceTable;
  readonly agents: AgentTable;
}

/** SQL of who serves whom. Runs inside the worker thread, writes inside its transaction. */
export class DeskQueue {
  readonly #deps: DeskQueueDeps;

  constructor(deps: DeskQueueDeps) {
    this.#deps = deps;
  }

  assignNext({ tenant, seenAfter, customerSeenAfter = EVER, at }: AssignNext): Handover | null {
    const { tenants, services, agents } = this.#deps;
    const key = tenants.find(tenant);
    if (key === undefined) return null;
    const free = agents.listFree(key, seenAfter);
    if (free.length === 0) return null;
    const match = nextMatch(this.#heads(key, free, customerSeenAfter), free);
    return match ? this.#give(tenant, services.require(tenant, match.sessionId), match.agentId, at) : null;
  }

  accept({ tenant, sessionId, actorId, at }: ServiceAct): Handover {
    const { services, agents } = this.#deps;
    const row = services.require(tenant, sessionId);
    if (row.state !== 'queued') {
      throw new DomainError('ECONFLICT', `the service session is ${row.state}`, { field: 'sessionId' });
    }
    requireOther(row, actorId, 'sessionId');
    requireRoom(agents.require(row.tenant, actorId), 'sessionId');
    return this.#give(tenant, row, actorId, at);
  }

  transfer({ tenant, sessionId, actorId, isManager, at, to }: Transfer): Handover {
    const { services, agents } = this.#deps;
    const row = services.require(tenant, sessionId);
    if (!isManager && row.agent !== actorId) throw notYours();
    // Only an active one can go back, or on.
    requireMove(row.state, 'queued');
    if ('skill' in to && to.skill !== '' && !agents.hasSkilled(row.tenant, to.skill)) {
      throw new DomainError('ENOENT', `no agent has the skill ${to.skill}`, { field: 'skill' });
    }
    if ('skill' in to) return this.#putBack(tenant, row, { place: TAIL, since: at, skill: to.skill }, at);
    if (to.agentId === row.agent) {
      throw new DomainError('EINVAL', 'the agent has the service session already', { field: 'agentId' });
    }
    requireOther(row, to.agentId, 'agentId');
    const agent = agents.require(row.tenant, to.agentId);
    if (agent.status !== 'online' || !isPresent(agent, to.seenAfter)) {
      throw new DomainError('ECONFLICT', `the agent ${to.agentId} is not online`, { field: 'agentId' });
    }
    requireRoom(agent, 'agentId');
    return this.#give(tenant, row, to.agentId, at);
  }

  releaseLost({ seenAfter, at, limit }: ReleaseLost): Handover[] {
    const { sql, agents } = this.#deps;
    agents.disconnectLost(seenAfter);
    const rows = sql
      .get(
        `SELECT t.id AS tenant_id, ${serviceColumns('s')} FROM service_session s
           JOIN tenant t ON t.pk = s.tenant LEFT JOIN desk_agent a ON a.tenant = s.tenant AND a.user = s.agent
           WHERE s.state = 'active' AND (a.user IS NULL OR a.seen_at <= ? OR NOT ${MAY_SERVE})
           ORDER BY s.opened_at, s.conversation LIMIT ?`,
      )
      .all(seenAfter, limit) as unknown as (ServiceRow & { tenant_id: string })[];
    return rows.map((row) => this.#toHead(row.tenant_id, row, at));
  }

  list(tenant: string, skill: string, limit: number): QueuedCustomer[] {
    const { sql, tenants } = this.#deps;
    const rows = sql
      .get(
        `SELECT id, customer FROM service_session WHERE tenant = ? AND state = 'queued' AND skill = ? ORDER BY ${TURN} LIMIT ?`,
      )
      .all(tenants.find(tenant) ?? null, skill, limit) as unknown as Pick<ServiceRow, 'id' | 'customer'>[];
    return rows.map(({ id, customer }) => ({ sessionId: id, customerId: customer }));
  }

  position(tenant: string, sessionId: string): number | null {
    const { sql, services } = this.#deps;
    const row = services.require(tenant, sessionId);
    if (row.state !== 'queued') return null;
    const { before } = sql
      .get(
        `SELECT count(*) AS before FROM service_session WHERE tenant = ? AND state = 'queued' AND skill = ? AND (${TURN}) < (?, ?, ?)`,
      )
      .get(row.tenant, row.skill, row.place, row.waiting_since, row.conversation) as { before: number };
    return before + 1;
  }

  removeUser(user: AgentRef, at: Timestamp): Removal {
    const { tenant, userId } = user;
    const { tenants, services } = this.#deps;
    const open = services.findOpen(tenants.ensure(tenant), userId);
    const end = { reason: 'deleted', actorId: userId, at } as const;
    const closed = open === undefined ? [] : [services.end(tenant, services.require(tenant, open), end)];
    return { closed, released: this.removeAgent(user, at) };
  }

  removeAgent({ tenant, userId }: AgentRef, at: Timestamp): Handover[] {
    const { sql, tenants, agents } = this.#deps;
    const key = tenants.ensure(tenant);
    const served = sql
      .get(
        `SELECT ${serviceColumns()} FROM service_session WHERE tenant = ? AND agent = ? AND state = 'active'
           ORDER BY opened_at, conversation`,
      )
      .all(key, userId) as unknown as ServiceRow[];
    const released = served.map((row) => this.#toHead(tenant, row, at));
    agents.remove(key, userId);
    return released;
  }

  /** The next of each skill that one of these agents can serve, and whose customer is there, or was seen after this. */
  #heads(tenant: number, free: readonly FreeAgent[], seenAfter: Timestamp): Waiting[] {
    const head = this.#deps.sql.get(
      `SELECT ${serviceColumns()} FROM service_session WHERE tenant = ? AND state = 'queued' AND skill = ?
         AND absent_at IS NULL AND (customer_node IS NOT NULL OR customer_seen_at > ?) AND customer IS NOT ?
         ORDER BY ${TURN} LIMIT 1`,
    );
    const skills = new Set(['', ...free.flatMap((agent) => agent.skills)]);
    return [...skills].flatMap((skill) => {
      const [first, second] = free.filter((agent) => fits(agent.skills, skill));
      // Who alone has the skill can't serve itself, and must not hold up those behind it.
      const alone = first && !second ? first.userId : null;
      const row = head.get(tenant, skill, seenAfter, alone) as ServiceRow | undefined;
      if (!row) return [];
      const { id, customer, place, waiting_since, conversation } = row;
      return [
        { sessionId: id, customerId: customer, skill, place, since: waiting_since, order: conversation },
      ];
    });
  }

  #give(tenant: string, row: ServiceRow, agentId: string, at: Timestamp): Handover {
    const { sql, conversations, services, agents } = this.#deps;
    this.#takeFrom(row, at);
    sql
      .get(
        "UPDATE service_session SET state = 'active', agent = ?, assigned_at = ?, absent_at = NULL WHERE conversation = ?",
      )
      .run(agentId, at, row.conversation);
    agents.busied(row.tenant, agentId, at);
    const conversation = conversations.row(row.tenant, row.id) as ConversationRow;
    const said = this.#said(tenant, conversation);
    // What was said before is news to the agent, so it counts as not delivered.
    const seen = (said[0]?.seq ?? conversation.last_seq + 1) - 1;
    const members = [{ userId: agentId, role: 'member' as const }];
    conversations.addToConversation({ ...conversation, last_seq: seen }, members, at);
    return {
      session: toService(tenant, services.require(tenant, row.id)),
      formerAgentId: row.agent,
      said,
      notes: services.listNotes(tenant, row.id, MAX_SAID),
    };
  }

  #toHead(tenant: string, row: ServiceRow, at: Timestamp): Handover {
    return this.#putBack(tenant, row, { place: HEAD, since: row.opened_at, skill: row.skill }, at);
  }

  #putBack(
    tenant: string,
    row: ServiceRow,
    { place, since, skill }: { place: number; since: Timestamp; skill: string },
    at: Timestamp,
  ): Handover {
    const { sql, services } = this.#deps;
    this.#takeFrom(row, at);
    sql
      .get(
        `UPDATE service_session SET state = 'queued', agent = NULL, assigned_at = NULL, place = ?, waiting_since = ?, skill = ?
           WHERE conversation = ?`,
      )
      .run(place, since, skill, row.conversation);
    const session = toService(tenant, services.require(tenant, row.id));
    return { session, formerAgentId: row.agent, said: [], notes: [] };
  }

  #takeFrom({ conversation, tenant, agent }: ServiceRow, at: Timestamp): void {
    if (agent === null) return;
    this.#deps.conversations.remove(conversation, agent);
    this.#deps.agents.busied(tenant, agent, at);
  }

  #said(tenant: string, conversation: ConversationRow): Message[] {
    const rows = this.#deps.sql
      .get(
        `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLE} WHERE m.conversation = ? ORDER BY m.seq DESC LIMIT ?`,
      )
      .all(conversation.pk, MAX_SAID) as unknown as MessageRow[];
    const parties = new PartyTable(this.#deps.sql);
    const messages = rows.map((row) =>
      toMessage(tenant, conversation, row, parties.of(conversation.tenant, conversation, row.sender)),
    );
    return newestThatFit(messages.reverse());
  }
}

/** Throws ECONFLICT for an agent who is the customer. */
function requireOther({ customer }: ServiceRow, agentId: string, field: string): void {
  if (agentId !== customer) return;
  throw new DomainError('ECONFLICT', `${agentId} is the customer of the service session`, { field });
}

/** Throws ECONFLICT unless the agent is connected, may write, and may have one more. */
function requireRoom({ user, node, active, capacity, may_serve }: AgentRow, field: string): void {
  if (may_serve === 0) throw new DomainError('ECONFLICT', `the agent ${user} may only read`, { field });
  if (node === null) throw new DomainError('ECONFLICT', `the agent ${user} is not online`, { field });
  if (active < capacity) return;
  const reason =
    capacity === 0
      ? 'takes no service sessions: its capacity is 0'
      : `has ${capacity} service sessions already`;
  throw new DomainError('ECONFLICT', `the agent ${user} ${reason}`, {
    field,
    limit: capacity,
  });
}
