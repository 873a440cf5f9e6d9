import type { Handover } from '../../core/desk/model.ts';
import { newestThatFit } from '../../core/desk/newest.ts';
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
import { type FreeAgent, fits, nextMatch, type Waiting } from '../../core/rules/assignment.ts';
import { requireAcceptable, requireServedSkill, requireTarget } from '../../core/rules/desk-agents.ts';
import { requireTransferable } from '../../core/rules/service-sessions.ts';
import type { ConversationRow } from './conversation-row.ts';
import type { ConversationTable } from './conversations.ts';
import { type AgentTable, MAY_SERVE } from './desk-agents.ts';
import { type ServiceRow, serviceColumns, toService } from './desk-rows.ts';
import type { ServiceTable } from './desk-sessions.ts';
import type { MemberTable } from './members.ts';
import { MESSAGE_COLUMNS, MESSAGE_TABLE, type MessageRow } from './message-row.ts';
import { PartyTable } from './parties.ts';
import { all, get, mapped, type Op, run } from './statement.ts';
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
  readonly tenants: Tenants;
  readonly conversations: ConversationTable;
  readonly members: MemberTable;
  readonly services: ServiceTable;
  readonly agents: AgentTable;
}

/** SQL of who serves whom. Runs inside the worker thread, writes inside its transaction. */
export class DeskQueue {
  readonly #deps: DeskQueueDeps;

  constructor(deps: DeskQueueDeps) {
    this.#deps = deps;
  }

  *assignNext({ tenant, seenAfter, customerSeenAfter = EVER, at }: AssignNext): Op<Handover | null> {
    const { tenants, services, agents } = this.#deps;
    if ((yield* tenants.find(tenant)) === undefined) return null;
    // Who has how many is counted by one at a time.
    const key = yield* tenants.lock(tenant);
    const free = yield* agents.listFree(key, seenAfter);
    while (free.length > 0) {
      const match = nextMatch(yield* this.#heads(key, free, customerSeenAfter), free);
      if (!match) return null;
      const row = yield* services.lock(tenant, match.sessionId);
      if (row.state === 'queued') return yield* this.#give(tenant, row, match.agentId, at);
      // Its customer closed it meanwhile: somebody else is the next one.
    }
    return null;
  }

  *accept({ tenant, sessionId, actorId, at }: ServiceAct): Op<Handover> {
    const { tenants, services, agents } = this.#deps;
    yield* tenants.lock(tenant);
    const row = yield* services.lock(tenant, sessionId);
    requireAcceptable(toService(tenant, row), yield* agents.facts(row.tenant, actorId));
    return yield* this.#give(tenant, row, actorId, at);
  }

  *transfer(transfer: Transfer): Op<Handover> {
    const { tenant, sessionId, at, to } = transfer;
    const { tenants, services, agents } = this.#deps;
    yield* tenants.lock(tenant);
    const row = yield* services.lock(tenant, sessionId);
    const session = toService(tenant, row);
    requireTransferable(session, transfer);
    if ('skill' in to) {
      requireServedSkill(to.skill, yield* agents.hasSkilled(row.tenant, to.skill));
      return yield* this.#putBack(tenant, row, { place: TAIL, since: at, skill: to.skill }, at);
    }
    requireTarget(session, yield* agents.facts(row.tenant, to.agentId), to.seenAfter);
    return yield* this.#give(tenant, row, to.agentId, at);
  }

  *releaseLost({ seenAfter, at, limit }: ReleaseLost): Op<Handover[]> {
    const { agents } = this.#deps;
    yield* agents.disconnectLost(seenAfter);
    const rows = yield* all<ServiceRow & { tenant_id: string }>(
      `SELECT t.id AS tenant_id, ${serviceColumns('s')} FROM service_session s
           JOIN tenant t ON t.pk = s.tenant LEFT JOIN desk_agent a ON a.tenant = s.tenant AND a.user_id = s.agent
           JOIN conversation c ON c.pk = s.conversation
           WHERE s.state = 'active' AND (a.user_id IS NULL OR a.seen_at <= ? OR NOT ${MAY_SERVE})
           ORDER BY s.opened_at, s.conversation LIMIT ? FOR UPDATE OF c, s SKIP LOCKED`,
      seenAfter,
      limit,
    );
    return yield* mapped(rows, (row) => this.#toHead(row.tenant_id, row, at));
  }

  *list(tenant: string, skill: string, limit: number): Op<QueuedCustomer[]> {
    const { tenants } = this.#deps;
    const rows = yield* all<Pick<ServiceRow, 'id' | 'customer'>>(
      `SELECT id, customer FROM service_session WHERE tenant = ? AND state = 'queued' AND skill = ? ORDER BY ${TURN} LIMIT ?`,
      (yield* tenants.find(tenant)) ?? null,
      skill,
      limit,
    );
    return rows.map(({ id, customer }) => ({ sessionId: id, customerId: customer }));
  }

  *position(tenant: string, sessionId: string): Op<number | null> {
    const { services } = this.#deps;
    const row = yield* services.require(tenant, sessionId);
    if (row.state !== 'queued') return null;
    const { before } = (yield* get<{ before: number }>(
      `SELECT count(*) AS before FROM service_session WHERE tenant = ? AND state = 'queued' AND skill = ? AND (${TURN}) < (?, ?, ?)`,
      row.tenant,
      row.skill,
      row.place,
      row.waiting_since,
      row.conversation,
    )) as { before: number };
    return before + 1;
  }

  *removeUser(user: AgentRef, at: Timestamp): Op<Removal> {
    const { tenant, userId } = user;
    const { tenants, services } = this.#deps;
    const open = yield* services.findOpen(yield* tenants.lock(tenant), userId);
    const row = open === undefined ? undefined : yield* services.lock(tenant, open);
    const end = { reason: 'deleted', actorId: userId, at } as const;
    // Others may have closed it meanwhile.
    const closed = row && row.state !== 'closed' ? [yield* services.end(tenant, row, end)] : [];
    return { closed, released: yield* this.removeAgent(user, at) };
  }

  *removeAgent({ tenant, userId }: AgentRef, at: Timestamp): Op<Handover[]> {
    const { tenants, services, agents } = this.#deps;
    const key = yield* tenants.lock(tenant);
    const served = yield* all<Pick<ServiceRow, 'id'>>(
      `SELECT id FROM service_session INDEXED BY service_session_agent
           WHERE tenant = ? AND agent = ? AND state = 'active'
           ORDER BY opened_at, conversation`,
      key,
      userId,
    );
    const rows = yield* mapped(served, ({ id }) => services.lock(tenant, id));
    // Others may have closed some meanwhile; nobody gets one, as the desk is ours.
    const active = rows.filter(({ state }) => state === 'active');
    const released = yield* mapped(active, (row) => this.#toHead(tenant, row, at));
    yield* agents.remove(key, userId);
    return released;
  }

  /** The next of each skill that one of these agents can serve, and whose customer is there, or was seen after this. */
  *#heads(tenant: number, free: readonly FreeAgent[], seenAfter: Timestamp): Op<Waiting[]> {
    const head = `SELECT ${serviceColumns()} FROM service_session WHERE tenant = ? AND state = 'queued' AND skill = ?
         AND absent_at IS NULL AND (customer_node IS NOT NULL OR customer_seen_at > ?) AND customer IS DISTINCT FROM ?
         ORDER BY ${TURN} LIMIT 1`;
    const skills = new Set(['', ...free.flatMap((agent) => agent.skills)]);
    const heads: Waiting[] = [];
    for (const skill of skills) {
      const [first, second] = free.filter((agent) => fits(agent.skills, skill));
      // Who alone has the skill can't serve itself, and must not hold up those behind it.
      const alone = first && !second ? first.userId : null;
      const row = yield* get<ServiceRow>(head, tenant, skill, seenAfter, alone);
      if (!row) continue;
      const { id, customer, place, waiting_since, conversation } = row;
      heads.push({
        sessionId: id,
        customerId: customer,
        skill,
        place,
        since: waiting_since,
        order: conversation,
      });
    }
    return heads;
  }

  *#give(tenant: string, row: ServiceRow, agentId: string, at: Timestamp): Op<Handover> {
    const { conversations, members, services, agents } = this.#deps;
    yield* this.#takeFrom(row, at);
    yield* run(
      "UPDATE service_session SET state = 'active', agent = ?, assigned_at = ?, absent_at = NULL WHERE conversation = ?",
      agentId,
      at,
      row.conversation,
    );
    yield* agents.busied(row.tenant, agentId, at);
    const conversation = (yield* conversations.row(row.tenant, row.id)) as ConversationRow;
    const said = yield* this.#said(tenant, conversation);
    // What was said before is news to the agent, so it counts as not delivered.
    const seen = (said[0]?.seq ?? conversation.last_seq + 1) - 1;
    yield* members.add({ ...conversation, last_seq: seen }, [{ userId: agentId, role: 'member' }], at);
    return {
      session: toService(tenant, yield* services.require(tenant, row.id)),
      formerAgentId: row.agent,
      said,
      notes: yield* services.listNotes(tenant, row.id, MAX_SAID),
    };
  }

  *#toHead(tenant: string, row: ServiceRow, at: Timestamp): Op<Handover> {
    return yield* this.#putBack(tenant, row, { place: HEAD, since: row.opened_at, skill: row.skill }, at);
  }

  *#putBack(
    tenant: string,
    row: ServiceRow,
    { place, since, skill }: { place: number; since: Timestamp; skill: string },
    at: Timestamp,
  ): Op<Handover> {
    const { services } = this.#deps;
    yield* this.#takeFrom(row, at);
    yield* run(
      `UPDATE service_session SET state = 'queued', agent = NULL, assigned_at = NULL, place = ?, waiting_since = ?, skill = ?
           WHERE conversation = ?`,
      place,
      since,
      skill,
      row.conversation,
    );
    const session = toService(tenant, yield* services.require(tenant, row.id));
    return { session, formerAgentId: row.agent, said: [], notes: [] };
  }

  *#takeFrom({ conversation, tenant, agent }: ServiceRow, at: Timestamp): Op<void> {
    if (agent === null) return;
    yield* this.#deps.members.remove(conversation, agent);
    yield* this.#deps.agents.busied(tenant, agent, at);
  }

  *#said(tenant: string, conversation: ConversationRow): Op<Message[]> {
    const rows = yield* all<MessageRow>(
      `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLE} WHERE m.conversation = ? ORDER BY m.seq DESC LIMIT ?`,
      conversation.pk,
      MAX_SAID,
    );
    const messages = yield* new PartyTable().toMessages(tenant, conversation, rows);
    return newestThatFit(messages.reverse());
  }
}
