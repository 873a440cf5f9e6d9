import type { HistoryAccess, SeqRange } from '../../core/model.ts';
import { parseRanges } from './range-json.ts';
import { all, type Op } from './statement.ts';

/*
 * What a member may see of a conversation: everything where its `history` is `all`, else what was said while it was a
 * member, in the present stay, which began after `joined_seq`, and in earlier ones; nothing once it has ended. All ways to messages obey this rule,
 * in one of its two forms: a condition for single messages, ranges for lists.
 */

/** The kind of a conversation that was deleted. Some memberships of it may still be there, and show nothing. */
export const ENDED = 'deleted';

/**
 * The condition that the member `v` may see the message `place` of the conversation `c`. These are aliases in the
 * statement; `place` has the columns `conversation` and `seq`.
 */
export function inSight(place: string): string {
  const isWithin = `c.history = 'all' OR ${place}.seq > v.joined_seq OR in_ranges(v.stays, ${place}.seq)`;
  return `(c.kind <> '${ENDED}' AND (${isWithin}))`;
}

/** What the ranges are made of: columns of the conversation and of the member. */
export interface SightRow {
  history: HistoryAccess;
  last_seq: number;
  joined_seq: number;
  stays: string;
}

/** The columns of `SightRow`, of the conversation `c` and its member `v`. */
export const SIGHT_COLUMNS = 'c.history, c.last_seq, v.joined_seq, v.stays';

/** The sequences that a member may see, ascending. */
export function sightOf({ history, last_seq, joined_seq, stays }: SightRow): SeqRange[] {
  if (history === 'all') return [{ from: 1, to: last_seq }];
  return [...parseRanges(stays), { from: joined_seq + 1, to: last_seq }];
}

/** The members of a conversation who may not see one of its messages. */
export function* unseenBy(conversation: number, seq: number): Op<string[]> {
  const rows = yield* all(
    `SELECT v.user_id FROM conversation c JOIN member v ON v.conversation = c.pk
         JOIN (SELECT CAST(? AS BIGINT) AS conversation, CAST(? AS BIGINT) AS seq) place ON place.conversation = c.pk
         WHERE c.pk = ? AND c.history = 'since_join' AND v.joined_seq >= ? AND NOT ${inSight('place')} ORDER BY v.user_id`,
    conversation,
    seq,
    conversation,
    seq,
  );
  return (rows as { user_id: string }[]).map(({ user_id }) => user_id);
}
