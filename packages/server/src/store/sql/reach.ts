import type { MemberRole, MessageState, SeqRange } from '../../core/model.ts';
import type { UnreadMessage, UnreadQuery } from '../../core/ports/store.ts';
import { gaps, intersect, type Position } from '../../core/ranges.ts';
import { NOT_HIDDEN, shownId } from './message-row.ts';
import { parseRanges } from './range-json.ts';
import { SIGHT_COLUMNS, type SightRow, sightOf } from './sight.ts';
import { all, get, type Op } from './statement.ts';

interface ReachRow extends SightRow {
  delivered: number;
  delivered_above: string;
  read: number;
  read_above: string;
}

/** A member with what says how far it is. */
export interface MemberReachRow extends ReachRow {
  user_id: string;
  role: MemberRole;
  joined_at: number;
}

interface UnreadRow {
  id: string;
  client_id: string;
  sender: string;
  seq: number;
  state: MessageState;
}

/** Members `v` of conversations `c`, with what says how far each is. */
export const MEMBER_REACH = `SELECT v.user_id, v.role, v.joined_at, v.delivered, v.delivered_above, v.read, v.read_above, ${SIGHT_COLUMNS}
  FROM member v JOIN conversation c ON c.pk = v.conversation`;

/** Messages that are looked at to find out how far a member is; beyond it the answer is the last one that was looked at. */
const MAX_LOOK = 1000;

/** What a member can still be told: takes the conversation and twice the member's id. Who that is is looked up once. */
const TELLABLE = `m.sender IS DISTINCT FROM (SELECT u.person FROM conversation c JOIN account u ON u.tenant = c.tenant WHERE c.pk = ? AND u.id = ?)
  AND ${NOT_HIDDEN}`;
/** What a member can still read: takes the same. */
const READABLE = `${TELLABLE} AND m.state NOT IN ('recalled', 'deleted')`;

const FIND = `SELECT v.delivered, v.delivered_above, v.read, v.read_above, ${SIGHT_COLUMNS}
  FROM member v JOIN conversation c ON c.pk = v.conversation WHERE v.conversation = ? AND v.user_id = ?`;
const COUNT_UNREAD = `SELECT count(*) AS n
  FROM (SELECT 1 FROM message m WHERE m.conversation = ? AND m.seq BETWEEN ? AND ? AND ${READABLE} LIMIT ?) found`;
const LIST_UNREAD = `SELECT m.id, m.client_id, ${shownId('m.sender', 'm.tenant')} AS sender, m.seq, m.state FROM message m
  WHERE m.conversation = ? AND m.seq BETWEEN ? AND ? AND ${READABLE} ORDER BY m.seq LIMIT ?`;
/** The subquery bounds how many are looked at, and is read only until the first that fits. */
const first = (condition: string) => `SELECT seq FROM (SELECT m.seq, ${condition} AS fits FROM message m
  WHERE m.conversation = ? AND m.seq BETWEEN ? AND ? ORDER BY m.seq LIMIT ?) looked WHERE fits LIMIT 1`;
const FIRST_TELLABLE = first(TELLABLE);
const FIRST_READABLE = first(READABLE);

/**
 * SQL of how far members are. What can't be read any more (hidden, recalled, deleted, out of sight) counts as read, and one's
 * own messages do; what is recalled or deleted still counts as to be delivered, as its new form is.
 */
export class ReachTable {
  /** The sequences up to which everything was delivered to, and read by, a member; undefined for one who is none. */
  *of(conversation: number, user: string): Op<{ delivered: number; read: number } | undefined> {
    const row = yield* this.#row(conversation, user);
    return row && (yield* this.ofMember(conversation, user, row));
  }

  /** As `of`, of a member that is known; who has everything costs nothing. */
  *ofMember(conversation: number, user: string, row: ReachRow): Op<{ delivered: number; read: number }> {
    const delivered = yield* this.#reached(conversation, user, openOf(row, 'delivered'), FIRST_TELLABLE);
    const read = yield* this.#reached(conversation, user, openOf(row, 'read'), FIRST_READABLE);
    return { delivered: delivered ?? row.last_seq, read: read ?? row.last_seq };
  }

  /** Up to where all counts as read by a member whose position in the running transaction this is. */
  *readTo(conversation: number, user: string, read: Position): Op<number> {
    const row = yield* this.#row(conversation, user);
    if (!row) return read.mark;
    const open = intersect(gaps(read, row.last_seq), sightOf(row));
    return (yield* this.#reached(conversation, user, open, FIRST_READABLE)) ?? row.last_seq;
  }

  /** How many messages a member could still read, counted up to a limit. 0 for one who is no member. */
  *countUnread(conversation: number, user: string, limit: number): Op<number> {
    const row = yield* this.#row(conversation, user);
    return row ? yield* this.countUnreadOf(conversation, user, row, limit) : 0;
  }

  /** As `countUnread`, of a member that is known. */
  *countUnreadOf(conversation: number, user: string, row: ReachRow, limit: number): Op<number> {
    let total = 0;
    for (const { from, to } of openOf(row, 'read')) {
      if (total >= limit) break;
      total += (
        (yield* get<{ n: number }>(
          COUNT_UNREAD,
          conversation,
          from,
          to,
          conversation,
          user,
          user,
          limit - total,
        )) as { n: number }
      ).n;
    }
    return total;
  }

  /** What a member could still read, the oldest first. */
  *listUnread(
    conversation: number,
    { userId, after, upTo, limit }: Pick<UnreadQuery, 'userId' | 'after' | 'upTo' | 'limit'>,
  ): Op<UnreadMessage[]> {
    const row = yield* this.#row(conversation, userId);
    const open = row ? intersect(openOf(row, 'read'), [{ from: after + 1, to: upTo }]) : [];
    const found: UnreadRow[] = [];
    for (const { from, to } of open) {
      if (found.length >= limit) break;
      const rows = yield* all(
        LIST_UNREAD,
        conversation,
        from,
        to,
        conversation,
        userId,
        userId,
        limit - found.length,
      );
      found.push(...(rows as unknown as UnreadRow[]));
    }
    return found.map(({ id, client_id: clientId, sender: senderId, seq, state }) => ({
      id,
      clientId,
      senderId,
      seq,
      state,
    }));
  }

  /** The sequence before the first message of ascending ranges that fits; undefined where none does. */
  *#reached(
    conversation: number,
    user: string,
    ranges: readonly SeqRange[],
    firstThatFits: string,
  ): Op<number | undefined> {
    let looks = 0;
    for (const { from, to } of ranges) {
      const left = MAX_LOOK - looks;
      const found = yield* get<{ seq: number }>(
        firstThatFits,
        conversation,
        user,
        user,
        conversation,
        from,
        to,
        left,
      );
      if (found) return found.seq - 1;
      looks += to - from + 1;
      if (looks >= MAX_LOOK) return from + left - 1;
    }
    return undefined;
  }

  *#row(conversation: number, user: string): Op<ReachRow | undefined> {
    return yield* get<ReachRow>(FIND, conversation, user);
  }
}

/** What a member may see and has not acknowledged, ascending. */
function openOf(row: ReachRow, kind: 'delivered' | 'read'): SeqRange[] {
  const position = { mark: row[kind], above: parseRanges(row[`${kind}_above`]) };
  return intersect(gaps(position, row.last_seq), sightOf(row));
}
