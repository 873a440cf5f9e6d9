import type { SeqRange, Timestamp } from '../../core/model.ts';
import type { EmptyRoom, EmptyRoomQuery, GuestPurge } from '../../core/ports/room-store.ts';
import type { Statements } from './database.ts';
import type { FileTable } from './files.ts';

interface Removed {
  conversation: number;
  seq: number;
  id: string;
}

/** SQL of what is not kept for ever: what guests say, and the rooms that they make. */
export class RetentionTable {
  readonly #sql: Statements;
  readonly #files: FileTable;

  constructor(sql: Statements, files: FileTable) {
    this.#sql = sql;
    this.#files = files;
  }

  purgeGuestMessages({ before, at, limit }: GuestPurge): number {
    const old = this.#sql
      .get(
        `SELECT conversation, seq, id FROM message WHERE guest IS NOT NULL AND created_at < ?
           ORDER BY created_at LIMIT ?`,
      )
      .all(before, limit) as unknown as Removed[];
    for (const message of old) this.#remove(message, at);
    return old.length;
  }

  listEmptyGuestRooms({ createdBefore, after, limit }: EmptyRoomQuery): EmptyRoom[] {
    const rows = this.#sql
      .get(
        `SELECT c.pk AS place, t.id AS tenant, c.id FROM room r
           JOIN conversation c ON c.pk = r.conversation JOIN tenant t ON t.pk = c.tenant
           WHERE r.owner_profile IS NOT NULL AND r.conversation > ? AND c.created_at < ? AND c.member_count = 0
             AND NOT EXISTS (SELECT 1 FROM message m WHERE m.conversation = c.pk)
           ORDER BY r.conversation LIMIT ?`,
      )
      .all(after, createdBefore, limit) as unknown as EmptyRoom[];
    return rows.map((row) => ({ ...row }));
  }

  #remove({ conversation, seq, id }: Removed, at: Timestamp): void {
    this.#files.relink([], { conversation, seq }, at);
    for (const table of ['hidden', 'pin', 'message'])
      this.#sql.get(`DELETE FROM ${table} WHERE conversation = ? AND seq = ?`).run(conversation, seq);
    this.#sql.get('DELETE FROM untold WHERE message = ?').run(id);
    this.#note(conversation, seq);
  }

  /** Adds a sequence to the ranges, joined with those next to it. */
  #note(conversation: number, seq: number): void {
    const before = this.#sql
      .get('SELECT from_seq FROM gone WHERE conversation = ? AND from_seq < ? AND to_seq = ?')
      .get(conversation, seq, seq - 1) as { from_seq: number } | undefined;
    const after = this.#sql
      .get('SELECT to_seq FROM gone WHERE conversation = ? AND from_seq = ?')
      .get(conversation, seq + 1) as { to_seq: number } | undefined;
    if (after) {
      this.#sql.get('DELETE FROM gone WHERE conversation = ? AND from_seq = ?').run(conversation, seq + 1);
    }
    this.#sql
      .get('INSERT OR REPLACE INTO gone (conversation, from_seq, to_seq) VALUES (?, ?, ?)')
      .run(conversation, before?.from_seq ?? seq, after?.to_seq ?? seq);
  }
}

/** The sequences of a conversation whose messages were removed, ascending. */
export function goneOf(sql: Statements, conversation: number): SeqRange[] {
  const rows = sql
    .get('SELECT from_seq, to_seq FROM gone WHERE conversation = ? ORDER BY from_seq')
    .all(conversation) as unknown as { from_seq: number; to_seq: number }[];
  return rows.map(({ from_seq: from, to_seq: to }) => ({ from, to }));
}
