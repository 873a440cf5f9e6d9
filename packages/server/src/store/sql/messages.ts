import type { MemberRole, Message, SeqRange } from '../../core/model.ts';
import type { HistoryQuery, MessageLook, MessageView } from '../../core/ports/store.ts';
import { intersect } from '../../core/ranges.ts';
import type { ConversationRow, ConversationTable } from './conversations.ts';
import { MESSAGE_COLUMNS, MESSAGE_TABLE, type MessageRow, NOT_HIDDEN, toMessage } from './message-row.ts';
import { PartyTable } from './parties.ts';
import { inSight, SIGHT_COLUMNS, type SightRow, sightOf } from './sight.ts';
import { all, get, type Op } from './statement.ts';
import type { Tenants } from './tenants.ts';

interface ViewRow extends MessageRow {
  cid: string;
  cname: string;
  cuid: number | null;
  kind: ConversationRow['kind'];
  viewer_role: MemberRole | null;
  in_sight: 0 | 1;
  is_hidden: 0 | 1;
}

/** Whether the member `v` is one and may see the message. */
const IN_SIGHT = `(v.user_id IS NOT NULL AND ${inSight('m')})`;

/** SQL that finds messages. */
export class MessageTable {
  readonly #tenants: Tenants;
  readonly #conversations: ConversationTable;

  constructor(tenants: Tenants, conversations: ConversationTable) {
    this.#tenants = tenants;
    this.#conversations = conversations;
  }

  /** @param parties of this read: older ones may not be so any more */
  *find(
    { tenant, ref, viewerId, prefer, conversationId }: MessageLook,
    parties = new PartyTable(),
  ): Op<MessageView | undefined> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return undefined;
    const select = `SELECT ${MESSAGE_COLUMNS}, c.id AS cid, c.kind, c.name AS cname, c.uid AS cuid, v.role AS viewer_role,
         ${IN_SIGHT} AS in_sight,
         EXISTS (SELECT 1 FROM hidden h WHERE h.conversation = m.conversation AND h.user_id = v.user_id AND h.seq = m.seq)
           AS is_hidden
       FROM ${MESSAGE_TABLE} JOIN conversation c ON c.pk = m.conversation
       LEFT JOIN member v ON v.conversation = m.conversation AND v.user_id = ?`;
    const within = conversationId ?? null;
    const preferred = prefer === 'own' ? 'm.sender = ?' : `m.sender <> ? AND ${IN_SIGHT}`;
    const isWithin = '(CAST(? AS TEXT) IS NULL OR c.id = ?)';
    const { person } = yield* parties.identity(key, viewerId);
    let row = yield* get<ViewRow>(
      `${select} WHERE m.id = ? AND m.tenant = ? AND ${isWithin}`,
      viewerId,
      ref,
      key,
      within,
      within,
    );
    // One's own is found by itself, however many others have chosen the same id.
    if (!row && prefer === 'own') {
      row = yield* get<ViewRow>(
        `${select} WHERE m.tenant = ? AND m.client_id = ? AND m.sender = ? AND ${isWithin}`,
        viewerId,
        key,
        ref,
        person,
        within,
        within,
      );
    }
    row ??= yield* get<ViewRow>(
      `${select} WHERE m.tenant = ? AND m.client_id = ? AND ${isWithin}
             ORDER BY (${preferred}) DESC, in_sight DESC, m.created_at DESC LIMIT 1`,
      viewerId,
      key,
      ref,
      within,
      within,
      person,
    );
    if (!row) return undefined;
    const conversation = { id: row.cid, kind: row.kind, name: row.cname, uid: row.cuid };
    return {
      message: toMessage(tenant, conversation, row, yield* parties.of(key, conversation, row.sender)),
      viewerRole: row.viewer_role ?? undefined,
      isInSight: row.in_sight === 1,
      isHidden: row.is_hidden === 1,
    };
  }

  /** @param parties of this read: the reading thread learns of no change to users, so that older ones may not be so any more */
  *list(query: HistoryQuery, parties = new PartyTable()): Op<Message[]> {
    const { tenant, conversationId, viewerId, seesAll = false } = query;
    const key = yield* this.#tenants.find(tenant);
    const conversation = key === undefined ? undefined : yield* this.#conversations.row(key, conversationId);
    if (!conversation) return [];
    const all = [{ from: 1, to: conversation.last_seq }];
    const sight = seesAll ? all : yield* this.#sightOf(conversation.pk, viewerId);
    return yield* parties.toMessages(
      tenant,
      conversation,
      yield* this.#rowsIn(conversation.pk, sight, query),
    );
  }

  /** What a member may see of a conversation; nothing for one who is no member. */
  *#sightOf(conversation: number, userId: string): Op<SeqRange[]> {
    const row = yield* get<SightRow>(
      `SELECT ${SIGHT_COLUMNS} FROM member v JOIN conversation c ON c.pk = v.conversation
           WHERE v.conversation = ? AND v.user_id = ?`,
      conversation,
      userId,
    );
    return row ? sightOf(row) : [];
  }

  /** Messages by sequence out of ascending ranges: the newest, or the oldest after a sequence. */
  *#rowsIn(
    conversation: number,
    ranges: readonly SeqRange[],
    { viewerId, before = Number.MAX_SAFE_INTEGER, after, limit }: HistoryQuery,
  ): Op<MessageRow[]> {
    const newestFirst = after === undefined;
    const select = `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLE} WHERE m.conversation = ? AND m.seq BETWEEN ? AND ?
         AND ${NOT_HIDDEN} ORDER BY m.seq ${newestFirst ? 'DESC' : 'ASC'} LIMIT ?`;
    const asked = intersect(ranges, [{ from: (after ?? 0) + 1, to: before - 1 }]);
    const rows: MessageRow[] = [];
    for (const { from, to } of newestFirst ? asked.reverse() : asked) {
      if (rows.length >= limit) break;
      const more = yield* all(select, conversation, from, to, viewerId, limit - rows.length);
      rows.push(...(more as unknown as MessageRow[]));
    }
    return newestFirst ? rows.reverse() : rows;
  }
}
