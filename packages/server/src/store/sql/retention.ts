import type { SeqRange, Timestamp } from '../../core/model.ts';
import type { EmptyRoom, EmptyRoomQuery, GuestPurge } from '../../core/ports/room-store.ts';
import type { FileTable } from './files.ts';
import { all, get, type Op, run } from './statement.ts';

interface Removed {
  conversation: number;
  seq: number;
  id: string;
}

/** SQL of what is not kept for ever: what guests say, and the rooms that they make. */
export class RetentionTable {
  readonly #files: FileTable;

  constructor(files: FileTable) {
    this.#files = files;
  }

  *purgeGuestMessages({ before, at, limit }: GuestPurge): Op<number> {
    const old = yield* all<Removed>(
      `SELECT conversation, seq, id FROM message WHERE guest IS NOT NULL AND created_at < ?
           ORDER BY created_at, conversation, seq LIMIT ?`,
      before,
      limit,
    );
    yield* lockAll(old.map(({ conversation }) => conversation));
    let removed = 0;
    for (const message of old) if (yield* this.#remove(message, at)) removed++;
    return removed;
  }

  *listEmptyGuestRooms({ createdBefore, after, limit }: EmptyRoomQuery): Op<EmptyRoom[]> {
    const rows = yield* all<EmptyRoom>(
      `SELECT c.pk AS place, t.id AS tenant, c.id FROM room r
           JOIN conversation c ON c.pk = r.conversation JOIN tenant t ON t.pk = c.tenant
           WHERE r.owner_profile IS NOT NULL AND r.conversation > ? AND c.created_at < ? AND c.member_count = 0
             AND NOT EXISTS (SELECT 1 FROM message m WHERE m.conversation = c.pk)
           ORDER BY r.conversation LIMIT ?`,
      after,
      createdBefore,
      limit,
    );
    return rows.map((row) => ({ ...row }));
  }

  /** False where another node has removed it. */
  *#remove({ conversation, seq }: Removed, at: Timestamp): Op<boolean> {
    const changes = yield* run('DELETE FROM message WHERE conversation = ? AND seq = ?', conversation, seq);
    if (changes === 0) return false;
    yield* this.#files.relink([], { conversation, seq }, at);
    for (const table of ['hidden', 'pin'])
      yield* run(`DELETE FROM ${table} WHERE conversation = ? AND seq = ?`, conversation, seq);
    yield* this.#note(conversation, seq);
    return true;
  }

  /** Adds a sequence to the ranges, joined with those next to it. */
  *#note(conversation: number, seq: number): Op<void> {
    const before = yield* get<{ from_seq: number }>(
      'SELECT from_seq FROM gone WHERE conversation = ? AND from_seq < ? AND to_seq = ?',
      conversation,
      seq,
      seq - 1,
    );
    const after = yield* get<{ to_seq: number }>(
      'SELECT to_seq FROM gone WHERE conversation = ? AND from_seq = ?',
      conversation,
      seq + 1,
    );
    if (after) {
      yield* run('DELETE FROM gone WHERE conversation = ? AND from_seq = ?', conversation, seq + 1);
    }
    yield* run(
      'INSERT INTO gone (conversation, from_seq, to_seq) VALUES (?, ?, ?) ON CONFLICT (conversation, from_seq) DO UPDATE SET to_seq = excluded.to_seq',
      conversation,
      before?.from_seq ?? seq,
      after?.to_seq ?? seq,
    );
  }
}

/** Keeps others from writing in these conversations until the transaction ends; in the order in which everybody locks several. */
function* lockAll(conversations: readonly number[]): Op<void> {
  yield* all('SELECT pk FROM conversation WHERE pk IN INTEGERS(?) ORDER BY tenant, id FOR UPDATE', [
    ...new Set(conversations),
  ]);
}

/** The sequences of a conversation whose messages were removed, ascending. */
export function* goneOf(conversation: number): Op<SeqRange[]> {
  const rows = yield* all<{ from_seq: number; to_seq: number }>(
    'SELECT from_seq, to_seq FROM gone WHERE conversation = ? ORDER BY from_seq',
    conversation,
  );
  return rows.map(({ from_seq: from, to_seq: to }) => ({ from, to }));
}
