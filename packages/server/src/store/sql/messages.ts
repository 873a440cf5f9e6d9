import type { Message, SeqRange } from '../../core/model.ts';
import type { HistoryQuery } from '../../core/ports/store.ts';
import { intersect } from '../../core/ranges.ts';
import type { ConversationTable } from './conversations.ts';
import { MESSAGE_COLUMNS, MESSAGE_TABLE, type MessageRow, NOT_HIDDEN } from './message-row.ts';
import { PartyTable } from './parties.ts';
import { SIGHT_COLUMNS, type SightRow, sightOf } from './sight.ts';
import { all, get, type Op } from './statement.ts';

const IN_SIGHT = `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLE} WHERE m.conversation = ? AND m.seq BETWEEN ? AND ?
  AND ${NOT_HIDDEN}`;
const NEWEST = `${IN_SIGHT} ORDER BY m.seq DESC LIMIT ?`;
const OLDEST = `${IN_SIGHT} ORDER BY m.seq LIMIT ?`;

/** SQL of what was said in a conversation. */
export class MessageTable {
  readonly #conversations: ConversationTable;

  constructor(conversations: ConversationTable) {
    this.#conversations = conversations;
  }

  /** @param parties of this read: the reading thread learns of no change to users, so that older ones may not be so any more */
  *list(query: HistoryQuery, parties = new PartyTable()): Op<Message[]> {
    const { tenant, conversationId, viewerId, seesAll = false } = query;
    const conversation = yield* this.#conversations.rowOf(tenant, conversationId);
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
    const select = newestFirst ? NEWEST : OLDEST;
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
