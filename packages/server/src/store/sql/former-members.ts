import type { SeqRange } from '../../core/model.ts';
import { appendRanges, cover } from '../../core/ranges.ts';
import type { ConversationRow } from './conversation-row.ts';
import { packRanges, parseRanges } from './range-json.ts';
import { all, get, type Op, run } from './statement.ts';

interface FormerRow {
  user_id: string;
  left_seq: number;
  stays: string;
  delivered: number;
  delivered_above: string;
  read: number;
  read_above: string;
}

interface LeavingRow {
  joined_seq: number;
  stays: string;
  last_seq: number;
}

const POSITIONS = 'delivered, delivered_above, read, read_above, revision, revision_above';
const REPLACED = ['left_seq', 'stays', ...POSITIONS.split(', ')]
  .map((name) => `${name} = excluded.${name}`)
  .join(', ');
/** Earlier stays that are kept; the oldest of more are forgotten, and out of sight. */
const MAX_STAYS = 256;

/**
 * SQL of what is kept of members who left: what they had, and when they were there. Who comes again goes on from there,
 * and is told what changed in what it had.
 */
export class FormerMemberTable {
  /** Keeps what a member has, who is about to leave. */
  *keep(conversation: number, user: string): Op<void> {
    const row = yield* get<LeavingRow>(
      `SELECT m.joined_seq, m.stays, c.last_seq FROM member m JOIN conversation c ON c.pk = m.conversation
           WHERE m.conversation = ? AND m.user_id = ?`,
      conversation,
      user,
    );
    if (!row) return;
    yield* run(
      `INSERT INTO former_member (conversation, user_id, tenant, left_seq, stays, ${POSITIONS})
           SELECT conversation, user_id, tenant, ?, ?, ${POSITIONS} FROM member WHERE conversation = ? AND user_id = ?
           ON CONFLICT (conversation, user_id) DO UPDATE SET ${REPLACED}`,
      row.last_seq,
      packRanges(staysOf(row)),
      conversation,
      user,
    );
  }

  /** Gives members who have just come what they had when they left, those who were here before. */
  *restore(conversation: ConversationRow, users: readonly string[]): Op<void> {
    const rows = yield* all<FormerRow>(
      'SELECT * FROM former_member WHERE conversation = ? AND user_id IN TEXTS(?)',
      conversation.pk,
      users,
    );
    for (const row of rows) yield* this.#restore(conversation, row);
  }

  *#restore({ pk, history, last_seq }: ConversationRow, row: FormerRow): Op<void> {
    const { user_id: user } = row;
    yield* run(
      `UPDATE member SET (stays, ${POSITIONS}) = (SELECT stays, ${POSITIONS} FROM former_member
           WHERE conversation = member.conversation AND user_id = member.user_id) WHERE conversation = ? AND user_id = ?`,
      pk,
      user,
    );
    if (history === 'since_join') yield* this.#coverAbsence(pk, user, row, last_seq);
    yield* run('DELETE FROM former_member WHERE conversation = ? AND user_id = ?', pk, user);
  }

  /** Whoever gets the id of a deleted user is somebody else. Removes some; returns how many. */
  *forgetUser(tenant: number, user: string, limit: number): Op<number> {
    return yield* run(
      `DELETE FROM former_member WHERE user_id = ?2 AND conversation IN
           (SELECT conversation FROM former_member WHERE tenant = ?1 AND user_id = ?2 LIMIT ?3)`,
      tenant,
      user,
      limit,
    );
  }

  /** Removes some; returns how many. */
  *forgetConversation(conversation: number, limit: number): Op<number> {
    return yield* run(
      `DELETE FROM former_member WHERE conversation = ?1 AND user_id IN
           (SELECT user_id FROM former_member WHERE conversation = ?1 LIMIT ?2)`,
      conversation,
      limit,
    );
  }

  /** What it may not see is nothing that it missed. */
  *#coverAbsence(conversation: number, user: string, row: FormerRow, lastSeq: number): Op<void> {
    if (lastSeq <= row.left_seq) return;
    const absence = [{ from: row.left_seq + 1, to: lastSeq }];
    const delivered = { mark: row.delivered, above: parseRanges(row.delivered_above) };
    const read = { mark: row.read, above: parseRanges(row.read_above) };
    const columns = [delivered, read].flatMap((position) => {
      const { mark, above } = cover(position, absence).position;
      return [mark, packRanges(above)];
    });
    yield* run(
      `UPDATE member SET delivered = ?, delivered_above = ?, read = ?, read_above = ? WHERE conversation = ? AND user_id = ?`,
      ...columns,
      conversation,
      user,
    );
  }
}

/** The earlier stays and the present one, which ends. */
function staysOf({ joined_seq, stays, last_seq }: LeavingRow): SeqRange[] {
  const ranges = parseRanges(stays);
  if (last_seq > joined_seq) appendRanges(ranges, [{ from: joined_seq + 1, to: last_seq }]);
  return ranges.slice(-MAX_STAYS);
}
