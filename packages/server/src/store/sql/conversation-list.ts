import type { Party } from '../../core/model.ts';
import type { ConversationQuery, ConversationView, PeerReach } from '../../core/ports/store.ts';
import {
  type ConversationRow,
  type ConversationTable,
  IS_NOBODY,
  SHOWN_COLUMNS,
  toConversation,
} from './conversations.ts';
import type { MessageTable } from './messages.ts';
import { hourOf } from './numbers.ts';
import { PartyTable } from './parties.ts';
import { parseRanges } from './range-json.ts';
import { ReachTable } from './reach.ts';
import { ENDED } from './sight.ts';
import { all, get, mapped, type Op } from './statement.ts';
import type { Tenants } from './tenants.ts';

export interface ConversationListDeps {
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
    this.#reach = new ReachTable();
  }

  *list({
    tenant,
    userId,
    before = Number.MAX_SAFE_INTEGER,
    limit,
  }: ConversationQuery): Op<ConversationView[]> {
    const key = yield* this.#deps.tenants.find(tenant);
    if (key === undefined) return [];
    const rows = [
      ...(yield* this.#singles('user_a', key, userId, before, limit)),
      ...(yield* this.#singles('user_b', key, userId, before, limit)),
      ...(yield* this.#others(key, userId, before, limit)),
    ];
    const newest = rows.sort((a, b) => b.activity - a.activity).slice(0, limit);
    // The reading thread learns of no change to users: what it read before may not be so any more.
    const parties = new PartyTable();
    const views = yield* mapped(newest, (row) => this.#view(tenant, row, userId, parties));
    return views.filter((view) => view !== undefined);
  }

  /** How far the other user of a single chat is; undefined where there is none. */
  *peerReach(tenant: string, conversationId: string, userId: string): Op<PeerReach | undefined> {
    const key = yield* this.#deps.tenants.find(tenant);
    const row = key === undefined ? undefined : yield* this.#deps.conversations.row(key, conversationId);
    return row?.kind === 'single' ? yield* this.#peerReach(row.pk, userId) : undefined;
  }

  *#singles(column: 'user_a' | 'user_b', tenant: number, userId: string, before: number, limit: number) {
    return yield* all<ConversationRow>(
      `SELECT ${SHOWN_COLUMNS} FROM conversation WHERE tenant = ? AND ${column} = ? AND activity_hour <= ? AND activity < ?
           AND (SELECT v.user_id FROM member v WHERE v.conversation = conversation.pk AND v.user_id = ?) IS NOT NULL
           ORDER BY activity_hour DESC, activity DESC LIMIT ?`,
      tenant,
      userId,
      hourOf(before),
      before,
      userId,
      limit,
    );
  }

  /** Groups, rooms that the user is in now, and service sessions that are not closed. */
  *#others(tenant: number, userId: string, before: number, limit: number) {
    return yield* all<ConversationRow>(
      `SELECT ${SHOWN_COLUMNS} FROM conversation
           WHERE pk IN (SELECT conversation FROM member INDEXED BY member_many WHERE tenant = ? AND user_id = ? AND many) AND activity < ? AND kind <> '${ENDED}'
           ORDER BY activity DESC LIMIT ?`,
      tenant,
      userId,
      before,
      limit,
    );
  }

  *#view(
    tenant: string,
    row: ConversationRow,
    userId: string,
    parties: PartyTable,
  ): Op<ConversationView | undefined> {
    const { conversations, messages } = this.#deps;
    const member = yield* conversations.findMember(tenant, row.id, userId);
    if (!member) return undefined;
    const sides = yield* parties.of(row.tenant, row, (yield* parties.identity(row.tenant, userId)).person);
    const peer = row.kind === 'single' ? yield* this.#peerReach(row.pk, userId) : undefined;
    const query = { tenant, conversationId: row.id, viewerId: userId, limit: 1 };
    const [lastMessage = null] = yield* messages.list(query, parties);
    return {
      conversation: toConversation(tenant, row),
      targetId: sides.targetId,
      target: targetOf(row, sides.parties.target),
      member,
      ...(peer ? { peer } : {}),
      lastMessage,
      unread: yield* this.#reach.countUnread(row.pk, userId, MAX_UNREAD),
      activity: row.activity,
    };
  }

  *#peerReach(conversation: number, userId: string): Op<PeerReach | undefined> {
    const row = yield* get<PeerRow>(
      `SELECT user_id, delivered, delivered_above, read, read_above FROM member WHERE conversation = ? AND user_id <> ? AND NOT ${IS_NOBODY}`,
      conversation,
      userId,
    );
    const reached = row && (yield* this.#reach.of(conversation, row.user_id));
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
  user_id: string;
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
