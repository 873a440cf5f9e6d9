import type { CloseReason, ServiceNote, ServiceRating, ServiceSession } from '../../core/desk/model.ts';
import type { Timestamp } from '../../core/model.ts';
import type { NoteAdded, ServiceAct, ServiceQuery } from '../../core/ports/desk-store.ts';
import {
  decideClose,
  isNewNote,
  type NoteFacts,
  requireRatable,
  requireService,
} from '../../core/rules/service-sessions.ts';
import { requireMove, requireNotClosed } from '../../core/rules/service-state.ts';
import type { ConversationRow } from './conversation-row.ts';
import type { ConversationTable } from './conversations.ts';
import {
  NOTE_COLUMNS,
  type NoteRow,
  type ServiceRow,
  serviceColumns,
  toNote,
  toService,
} from './desk-rows.ts';
import { all, get, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';

/** How a session ends; `actorId` is null where the server ends it by itself. */
export interface ServiceEnd {
  readonly reason: CloseReason;
  readonly actorId: string | null;
  readonly at: Timestamp;
}

export interface NewService {
  readonly id: string;
  readonly customerId: string;
  readonly skill: string;
  /** The node that the customer is connected to. */
  readonly node: string | null;
  readonly at: Timestamp;
}

const OF_ID = `SELECT ${serviceColumns()} FROM service_session WHERE tenant = ? AND id = ?`;
const FIND = { read: OF_ID, write: `${OF_ID} FOR UPDATE` };

interface KnownNote extends NoteRow {
  conversation: number;
}

/** SQL of service sessions and their notes. Runs inside the worker thread, writes inside its transaction. */
export class ServiceTable {
  readonly #tenants: Tenants;
  readonly #conversations: ConversationTable;
  readonly #find: string;

  /** @param use a write locks the sessions that it looks up */
  constructor(tenants: Tenants, conversations: ConversationTable, use: 'read' | 'write') {
    this.#find = FIND[use];
    this.#tenants = tenants;
    this.#conversations = conversations;
  }

  /** The conversation's id of the customer's session that is not closed. */
  *findOpen(tenant: number, customerId: string): Op<string | undefined> {
    const row = yield* get<{ id: string }>(
      "SELECT id FROM service_session WHERE tenant = ? AND customer = ? AND state <> 'closed'",
      tenant,
      customerId,
    );
    return row?.id;
  }

  /** Opens a session of a user that exists, at the end of its queue. */
  *open(tenant: number, { id, customerId, skill, node, at }: NewService): Op<ConversationRow> {
    const members = [{ userId: customerId, role: 'member' as const }];
    const conversation = { id, name: '', members, createdAt: at };
    const row = yield* this.#conversations.create(tenant, 'service', conversation);
    yield* run(
      `INSERT INTO service_session (conversation, tenant, id, customer, state, skill, waiting_since, opened_at,
             customer_node, customer_seen_at)
           VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?)`,
      row.pk,
      tenant,
      id,
      customerId,
      skill,
      at,
      at,
      node,
      at,
    );
    return row;
  }

  /** ECONFLICT where the conversation's session is closed and the sender, being a member, may know it. */
  *requireOpen(conversation: number, senderId: string): Op<void> {
    const isClosed = yield* get(
      `SELECT 1 FROM service_session s JOIN member m ON m.conversation = s.conversation AND m.user_id = ?
           WHERE s.conversation = ? AND s.state = 'closed'`,
      senderId,
      conversation,
    );
    if (isClosed) requireNotClosed('closed');
  }

  /** ECONFLICT where the conversation is that of a closed session. */
  *requireNotClosed(conversation: number): Op<void> {
    const row = yield* get<Pick<ServiceRow, 'state'>>(
      'SELECT state FROM service_session WHERE conversation = ?',
      conversation,
    );
    if (row) requireNotClosed(row.state);
  }

  /** Somebody wrote in a conversation: the first who is not the customer has answered. */
  *written(conversation: number, senderId: string, at: Timestamp): Op<void> {
    yield* run(
      'UPDATE service_session SET answered_at = ? WHERE conversation = ? AND answered_at IS NULL AND customer <> ?',
      at,
      conversation,
      senderId,
    );
  }

  *close(act: ServiceAct): Op<ServiceSession> {
    const { tenant, sessionId, actorId, at } = act;
    const row = yield* this.lock(tenant, sessionId);
    const reason = decideClose(toService(tenant, row), act);
    return yield* this.end(tenant, row, { reason, actorId, at });
  }

  /** Closes a session, whoever wants it; it is locked, with its conversation. ECONFLICT where it is closed. */
  *end(tenant: string, row: ServiceRow, { reason, actorId, at }: ServiceEnd): Op<ServiceSession> {
    requireMove(row.state, 'closed');
    yield* run(
      `UPDATE service_session SET state = 'closed', closed_at = ?, closed_by = ?, close_reason = ?, customer_node = NULL,
             absent_at = NULL WHERE conversation = ?`,
      at,
      actorId,
      reason,
      row.conversation,
    );
    // So that what is over is not looked at when its people come, however much of it there is.
    yield* run('UPDATE member SET many = FALSE WHERE conversation = ?', row.conversation);
    if (row.agent !== null) {
      yield* run(
        'UPDATE desk_agent SET idle_since = ? WHERE tenant = ? AND user_id = ?',
        at,
        row.tenant,
        row.agent,
      );
    }
    return toService(tenant, yield* this.require(tenant, row.id));
  }

  *rate(act: ServiceAct, rating: Omit<ServiceRating, 'at'>, window = 0): Op<ServiceSession> {
    const { tenant, sessionId, at } = act;
    const row = yield* this.require(tenant, sessionId);
    requireRatable(toService(tenant, row), act, window);
    yield* run(
      'UPDATE service_session SET score = ?, comment = ?, rated_at = ? WHERE conversation = ?',
      rating.score,
      rating.comment,
      at,
      row.conversation,
    );
    return toService(tenant, yield* this.require(tenant, sessionId));
  }

  *addNote(note: ServiceNote): Op<NoteAdded> {
    const { tenant, id, clientId, sessionId, authorId, content, at } = note;
    const session = yield* this.require(tenant, sessionId);
    const known = yield* get<KnownNote>(
      `SELECT ${NOTE_COLUMNS}, conversation FROM service_note WHERE tenant = ? AND author = ? AND client_id = ?`,
      session.tenant,
      authorId,
      clientId,
    );
    if (!isNewNote(note, noteFacts(session, known)) && known) {
      return { note: toNote(tenant, sessionId, known), duplicate: true, agentId: session.agent };
    }
    yield* run(
      'INSERT INTO service_note (tenant, conversation, id, client_id, author, content, at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      session.tenant,
      session.conversation,
      id,
      clientId,
      authorId,
      content,
      at,
    );
    return { note, duplicate: false, agentId: session.agent };
  }

  *findOpenOf(tenant: string, customerId: string): Op<ServiceSession | undefined> {
    const id = yield* this.findOpen((yield* this.#tenants.find(tenant)) ?? -1, customerId);
    return id === undefined ? undefined : yield* this.find(tenant, id);
  }

  *find(tenant: string, sessionId: string): Op<ServiceSession | undefined> {
    const row = yield* this.#row(tenant, sessionId);
    return row && toService(tenant, row);
  }

  *list({ tenant, after, limit, ...query }: ServiceQuery): Op<ServiceSession[]> {
    const key = (yield* this.#tenants.find(tenant)) ?? null;
    const older =
      '(opened_at, conversation) < (SELECT opened_at, conversation FROM service_session WHERE tenant = ? AND id = ?)';
    const filters = [
      filter('tenant = ?', key),
      // By its name, so that a database knows which of its indexes have it.
      ...(query.state === undefined ? [] : [{ condition: `state = '${query.state}'`, values: [] }]),
      filter('agent = ?', query.agentId),
      filter('customer = ?', query.customerId),
      filter('skill = ?', query.skill),
      filter('opened_at >= ?', query.from),
      filter('opened_at < ?', query.to),
      ...(after === undefined ? [] : [{ condition: older, values: [key, after] }]),
    ].filter(({ values }) => values[0] !== undefined || values.length === 0);
    const rows = yield* all<ServiceRow>(
      `SELECT ${serviceColumns()} FROM service_session INDEXED BY ${indexFor(query)}
           WHERE ${filters.map(({ condition }) => condition).join(' AND ')}
           ORDER BY opened_at DESC, conversation DESC LIMIT ?`,
      ...filters.flatMap(({ values }) => values as Value[]),
      limit,
    );
    return rows.map((row) => toService(tenant, row));
  }

  *listNotes(tenant: string, sessionId: string, limit: number): Op<ServiceNote[]> {
    const session = yield* this.#row(tenant, sessionId);
    if (!session) return [];
    const rows = yield* all<NoteRow>(
      `SELECT ${NOTE_COLUMNS} FROM service_note WHERE conversation = ? ORDER BY pk DESC LIMIT ?`,
      session.conversation,
      limit,
    );
    return rows.map((row) => toNote(tenant, sessionId, row)).reverse();
  }

  /** As `require`; nobody writes in its conversation meanwhile. ENOENT. */
  *lock(tenant: string, sessionId: string): Op<ServiceRow> {
    // Before the session, as whoever writes in it does.
    yield* this.#conversations.rowOf(tenant, sessionId);
    return yield* this.require(tenant, sessionId);
  }

  /** ENOENT. */
  *require(tenant: string, sessionId: string): Op<ServiceRow> {
    const row = yield* this.#row(tenant, sessionId);
    requireService(row, sessionId);
    return row;
  }

  *#row(tenant: string, sessionId: string): Op<ServiceRow | undefined> {
    return yield* get<ServiceRow>(this.#find, (yield* this.#tenants.find(tenant)) ?? null, sessionId);
  }
}

function noteFacts({ state, conversation }: ServiceRow, known: KnownNote | undefined): NoteFacts {
  if (!known) return { state, known };
  return { state, known: { isOfSession: known.conversation === conversation, content: known.content } };
}

/** The index that leads to what a list wants past the least of what it does not want. */
function indexFor({ state, agentId, customerId, skill }: Partial<ServiceQuery>): string {
  if (customerId !== undefined) return 'service_session_customer';
  if (state === 'queued') return 'service_session_queue';
  if (state === 'active') return 'service_session_agent';
  if (agentId !== undefined && skill !== undefined) return 'service_session_agent_skill';
  if (agentId !== undefined) return 'service_session_of_agent';
  if (skill !== undefined) return 'service_session_skill';
  return state === undefined ? 'service_session_opened' : 'service_session_state';
}

type Value = string | number | null;

function filter(condition: string, value: Value | undefined) {
  return { condition, values: [value] };
}
