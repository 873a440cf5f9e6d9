import type { CloseReason, ServiceNote, ServiceSession, ServiceState } from '../../core/desk/model.ts';
import type { AgentRef } from '../../core/ports/desk-store.ts';

export interface ServiceRow {
  conversation: number;
  tenant: number;
  id: string;
  customer: string;
  agent: string | null;
  agent_name: string | null;
  state: ServiceState;
  skill: string;
  place: number;
  waiting_since: number;
  opened_at: number;
  assigned_at: number | null;
  answered_at: number | null;
  closed_at: number | null;
  closed_by: string | null;
  close_reason: CloseReason | null;
  customer_node: string | null;
  customer_seen_at: number;
  absent_at: number | null;
  score: number | null;
  comment: string | null;
  rated_at: number | null;
}

export interface NoteRow {
  id: string;
  client_id: string;
  author: string;
  content: string;
  at: number;
}

const COLUMNS =
  'conversation, tenant, id, customer, agent, state, skill, place, waiting_since, opened_at, assigned_at, answered_at, closed_at, closed_by, close_reason, customer_node, customer_seen_at, absent_at, score, comment, rated_at';
/** All of a row, and what its agent is called. @param table its name or alias in the statement */
export function serviceColumns(table = 'service_session'): string {
  return `${COLUMNS.replace(/\w+/g, `${table}.$&`)}, (SELECT nickname FROM account
    WHERE account.tenant = ${table}.tenant AND account.id = ${table}.agent) AS agent_name`;
}
export const NOTE_COLUMNS = 'id, client_id, author, content, at';

export function toService(tenant: string, row: ServiceRow): ServiceSession {
  const { score, comment, rated_at: at } = row;
  return {
    tenant,
    id: row.id,
    customerId: row.customer,
    agentId: row.agent,
    agentName: row.agent_name,
    state: row.state,
    skill: row.skill,
    isCustomerConnected: row.customer_node !== null,
    absentSince: row.absent_at,
    openedAt: row.opened_at,
    assignedAt: row.assigned_at,
    answeredAt: row.answered_at,
    closedAt: row.closed_at,
    closedBy: row.closed_by,
    closeReason: row.close_reason,
    rating: score === null || at === null ? null : { score, comment: comment ?? '', at },
  };
}

export function toNote(tenant: string, sessionId: string, row: NoteRow): ServiceNote {
  const { id, client_id: clientId, author: authorId, content, at } = row;
  return { tenant, id, clientId, sessionId, authorId, content, at };
}

/** In the order in which every node locks what is theirs. */
export function inOrder(users: readonly AgentRef[]): AgentRef[] {
  return users.toSorted((a, b) => compare(a.tenant, b.tenant) || compare(a.userId, b.userId));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
