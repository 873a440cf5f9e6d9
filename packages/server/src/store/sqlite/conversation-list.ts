import type { Party } from '../../core/model.ts';
import type { ConversationQuery, ConversationView, PeerReach } from '../../core/ports/store.ts';
import {
  CONVERSATION_COLUMNS,
  type ConversationRow,
  type ConversationTable,
  toConversation,
} from './conversations.ts';
import type { Statements } from './database.ts';
import type { MessageTable } from './messages.ts';
import { PartyTable } from './parties.ts';
import { parseRanges } from './range-json.ts';
import { ReachTable } from './reach.ts';
import type { Tenants } from './tenants.ts';

export interface ConversationListDeps {
  readonly sql: Statements;
  readonly tenants: Tenants;
  readonly conversations: ConversationTable;
  readonly messages: MessageTable;
}

/**
 * SQL of a user's conversations by their activity, which is one column of the conversation: a message writes it once, for
 * however many members. Single chats, of which a user may have very many, are read by an index; the others, of which it has
 * fewer, are looked through.
 */
export class ConversationListTable {
  readonly #deps: ConversationListDeps;
  readonly #reach: ReachTable;

  constructor(deps: ConversationListDeps) {
    this.#deps = deps;
    this.#reach = new ReachTable(deps.sql);
  }

  list({ tenant, userId, before = Number.MAX_SAFE_INTEGER, limit }: ConversationQuery): ConversationView[] {
    const key = this.#deps.tenants.find(tenant);
    if (key === undefined) return [];
    const rows = [
      ...this.#singles('user_a', key, userId, before, limit),
      ...this.#singles('user_b', key, userId, before, limit),
      ...this.#others(key, userId, before, limit),
    ];
    const newest = rows.sort((a, b) => b.activity - a.activity).slice(0, limit);
    // The reading thread learns of no change to users: what it read before may not be so any more.
    const parties = new PartyTable(this.#deps.sql);
    return newest.flatMap((row) => this.#view(tenant, row, userId, parties) ?? []);
  }

  /** How far the other user of a single chat is; undefined where there is none. */
  peerReach(tenant: string, conversationId: string, userId: string): PeerReach | undefined {
    const key = this.#deps.tenants.find(tenant);
    const row = key === undefined ? undefined : this.#deps.conversations.row(key, conversationId);
    return row?.kind === 'single' ? this.#peerReach(row.pk, userId) : undefined;
  }

  #singles(column: 'user_a' | 'user_b', tenant: number, userId: string, before: number, limit: number) {
    return this.#deps.sql
      .get(
        `SELECT ${CONVERSATION_COLUMNS} FROM conversation WHERE tenant = ? AND ${column} = ? AND activity < ?
           AND EXISTS (SELECT 1 FROM member v WHERE v.conversation = conversation.pk AND v.user = ?)
           ORDER BY activity DESC LIMIT ?`,
      )
      .all(tenant, userId, before, userId, limit) as unknown as ConversationRow[];
  }

  /** Groups, rooms that the user is in now, and service sessions that are not closed. */
  #others(tenant: number, userId: string, before: number, limit: number) {
    return this.#deps.sql
      .get(
        `SELECT ${CONVERSATION_COLUMNS} FROM conversation
           WHERE pk IN (SELECT conversation FROM member WHERE tenant = ? AND user = ? AND many) AND activity < ?
             AND (kind <> 'service' OR NOT EXISTS
               (SELECT 1 FROM service_session s WHERE s.conversation = conversation.pk AND s.state = 'closed'))
           ORDER BY activity DESC LIMIT ?`,
      )
      .all(tenant, userId, before, limit) as unknown as ConversationRow[];
  }

  #view(
    tenant: string,
    row: ConversationRow,
    userId: string,
    parties: PartyTable,
  ): ConversationView | undefined {
    const { conversations, messages } = this.#deps;
    const member = conversations.findMember(tenant, row.id, userId);
    if (!member) return undefined;
    const sides = parties.of(row.tenant, row, parties.identity(row.tenant, userId).person);
    const peer = row.kind === 'single' ? this.#peerReach(row.pk, userId) : undefined;
    const query = { tenant, conversationId: row.id, viewerId: userId, limit: 1 };
    const [lastMessage = null] = messages.list(query, parties);
    return {
      conversation: toConversation(tenant, row),
      targetId: sides.targetId,
      target: targetOf(row, sides.parties.target),
      member,
      ...(peer ? { peer } : {}),
      lastMessage,
      unread: this.#reach.countUnread(row.pk, userId, MAX_UNREAD),
      activity: row.activity,
    };
  }

  #peerReach(conversation: number, userId: string): PeerReach | undefined {
    const row = this.#deps.sql
      .get(
        `SELECT user, delivered, delivered_above, read, read_above FROM member WHERE conversation = ? AND user <> ?`,
      )
      .get(conversation, userId) as PeerRow | undefined;
    const reached = row && this.#reach.of(conversation, row.user);
    if (!row || !reached) return undefined;
    return {
      deliveredSeq: reached.delivered,
      readSeq: reached.read,
      delivered: [{ from: 1, to: row.delivered }, ...parseRanges(row.delivered_above)],
      read: [{ from: 1, to: row.read }, ...parseRanges(row.read_above)],
    };
  }
}

interface PeerRow {
  user: string;
  delivered: number;
  delivered_above: string;
  read: number;
  read_above: string;
}

/** Unread messages of a conversation are counted so far. */
const MAX_UNREAD = 1000;

/** Groups have a picture, which messages to them don't show. */
function targetOf({ kind, avatar }: ConversationRow, target: Party): Party {
  return kind === 'single' ? target : { ...target, avatar };
}
