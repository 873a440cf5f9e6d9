import type { Message, Party } from '../../core/model.ts';
import type { ConversationQuery, ConversationView, PeerReach } from '../../core/ports/store.ts';
import { bulk, getEach } from './bulk.ts';
import { type ConversationRow, SHOWN_COLUMNS, toConversation } from './conversation-row.ts';
import type { ConversationTable } from './conversations.ts';
import { IS_NOBODY } from './members.ts';
import { MESSAGE_COLUMNS, MESSAGE_TABLE, type MessageRow } from './message-row.ts';
import type { MessageTable } from './messages.ts';
import { hourOf } from './numbers.ts';
import { PartyTable } from './parties.ts';
import { parseRanges } from './range-json.ts';
import { MEMBER_REACH, type MemberReachRow, ReachTable } from './reach.ts';
import { ENDED, sightOf } from './sight.ts';
import { all, type Op } from './statement.ts';
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
    return yield* this.#views(tenant, key, userId, newest);
  }

  /** How far the other user of a single chat is; undefined where there is none, and for one whose chat it is not. */
  *peerReach(tenant: string, conversationId: string, userId: string): Op<PeerReach | undefined> {
    const row = yield* this.#deps.conversations.rowOf(tenant, conversationId);
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

  /** What each needs is looked up for all of them at once. */
  *#views(
    tenant: string,
    key: number,
    userId: string,
    rows: readonly ConversationRow[],
  ): Op<ConversationView[]> {
    // The reading thread learns of no change to users: what it read before may not be so any more.
    const parties = new PartyTable();
    const keys = rows.map(({ pk }) => pk);
    const singles = rows.filter(({ kind }) => kind === 'single').map(({ pk }) => pk);
    const own = yield* getEach<MemberReachRow>(
      MEMBER_OF_EACH,
      keys.map((pk) => [pk, userId]),
    );
    const others = yield* othersOf(singles, userId);
    const last = yield* getEach<MessageRow>(
      LAST_OF_EACH,
      own.map((member, index) => [keys[index] ?? -1, ...lastSeen(member), userId]),
    );
    const persons = [userId, ...others.map((peer) => peer?.user_id), ...last.map((row) => row?.sender)];
    yield* parties.prefetch(persons.flatMap((id) => (id === undefined ? [] : [{ tenant: key, id }])));
    const peers = new Map(singles.map((pk, index) => [pk, others[index]]));
    const views: ConversationView[] = [];
    for (const [index, row] of rows.entries()) {
      const member = own[index];
      if (!member) continue;
      const found = { row, member, peer: peers.get(row.pk), last: last[index] };
      views.push(yield* this.#view(tenant, userId, found, parties));
    }
    return views;
  }

  *#view(
    tenant: string,
    userId: string,
    { row, member, peer, last }: Found,
    parties: PartyTable,
  ): Op<ConversationView> {
    const { person } = yield* parties.identity(row.tenant, userId);
    const sides = yield* parties.of(row.tenant, row, person);
    const reached = yield* this.#reach.ofMember(row.pk, userId, member);
    return {
      conversation: toConversation(tenant, row),
      targetId: sides.targetId,
      target: targetOf(row, sides.parties.target),
      member: {
        userId,
        role: member.role,
        joinedAt: member.joined_at,
        deliveredSeq: reached.delivered,
        readSeq: reached.read,
      },
      ...(peer ? { peer: yield* this.#reachOf(row.pk, peer) } : {}),
      lastMessage: last
        ? yield* parties.toMessage(tenant, row, last)
        : yield* this.#earlierMessage(tenant, userId, row, member, parties),
      unread: yield* this.#reach.countUnreadOf(row.pk, userId, member, MAX_UNREAD),
      activity: row.activity,
    };
  }

  /** The last message of a member who was away in between, where it sees none since it is back. */
  *#earlierMessage(
    tenant: string,
    userId: string,
    row: ConversationRow,
    member: MemberReachRow,
    parties: PartyTable,
  ): Op<Message | null> {
    if (sightOf(member).length < 2) return null;
    const query = { tenant, conversationId: row.id, viewerId: userId, limit: 1 };
    return (yield* this.#deps.messages.list(query, parties))[0] ?? null;
  }

  *#peerReach(conversation: number, userId: string): Op<PeerReach | undefined> {
    const [own] = yield* getEach<MemberReachRow>(MEMBER_OF_EACH, [[conversation, userId]]);
    const [peer] = own ? yield* othersOf([conversation], userId) : [];
    return peer && (yield* this.#reachOf(conversation, peer));
  }

  *#reachOf(conversation: number, peer: MemberReachRow): Op<PeerReach> {
    const reached = yield* this.#reach.ofMember(conversation, peer.user_id, peer);
    return {
      deliveredSeq: reached.delivered,
      readSeq: reached.read,
      delivered: [{ from: 1, to: peer.delivered }, ...parseRanges(peer.delivered_above)],
      read: [{ from: 1, to: peer.read }, ...parseRanges(peer.read_above)],
    };
  }
}

/** A conversation with what was looked up for its view. */
interface Found {
  readonly row: ConversationRow;
  readonly member: MemberReachRow;
  /** Of a single chat. */
  readonly peer: MemberReachRow | undefined;
  readonly last: MessageRow | undefined;
}

const MEMBER_OF_EACH = bulk(
  { conversation: 'INTEGER', user_id: 'TEXT' },
  `${MEMBER_REACH} WHERE v.conversation = :conversation AND v.user_id = :user_id`,
);
const OTHER_OF_EACH = bulk(
  { conversation: 'INTEGER', user_id: 'TEXT' },
  `${MEMBER_REACH} WHERE v.conversation = :conversation AND v.user_id <> :user_id
     AND NOT ${IS_NOBODY.replaceAll('member.', 'v.')} LIMIT 1`,
);

/** The other member of each of these single chats. */
function othersOf(singles: readonly number[], userId: string): Op<(MemberReachRow | undefined)[]> {
  return getEach(
    OTHER_OF_EACH,
    singles.map((pk) => [pk, userId]),
  );
}

/** The newest message of each in a range of sequences, but what the user hid. */
const LAST_OF_EACH = bulk(
  { conversation: 'INTEGER', first: 'INTEGER', top: 'INTEGER', user_id: 'TEXT' },
  `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLE} WHERE m.conversation = :conversation AND m.seq BETWEEN :first AND :top
     AND NOT EXISTS (SELECT 1 FROM hidden h WHERE h.conversation = m.conversation AND h.user_id = :user_id AND h.seq = m.seq)
     ORDER BY m.seq DESC LIMIT 1`,
);

/** The newest sequences that a member may see. */
function lastSeen(member: MemberReachRow | undefined): readonly [first: number, top: number] {
  const range = member && sightOf(member).at(-1);
  return range ? [range.from, range.to] : [1, 0];
}

/** Unread messages of a conversation are counted so far. */
const MAX_UNREAD = 1000;

/** Groups have a picture, which messages to them don't show. */
function targetOf({ kind, avatar }: ConversationRow, target: Party): Party {
  return kind === 'single' ? target : { ...target, avatar };
}
