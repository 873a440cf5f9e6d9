import type { Member, MemberRole, Timestamp } from '../../core/model.ts';
import type { NewMember, Page } from '../../core/ports/store.ts';
import { requireMember } from '../../core/rules/groups.ts';
import { bulk, runEach } from './bulk.ts';
import type { ConversationRow } from './conversation-row.ts';
import type { FormerMemberTable } from './former-members.ts';
import { ReachTable } from './reach.ts';
import { all, get, mapped, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';

export interface MemberRow {
  user_id: string;
  role: MemberRole;
  joined_at: number;
  delivered: number;
  read: number;
}

/** Members of conversations who were deleted, and are still to be removed, are none. */
export const IS_NOBODY =
  "EXISTS (SELECT 1 FROM remains r WHERE r.kind = 'user' AND r.name = member.user_id AND r.tenant = member.tenant)";
export const MEMBER_COLUMNS = 'user_id, role, joined_at, delivered, read';
const ADD_EACH = bulk(
  {
    conversation: 'INTEGER',
    user_id: 'TEXT',
    tenant: 'INTEGER',
    role: 'TEXT',
    joined_at: 'INTEGER',
    joined_seq: 'INTEGER',
    delivered: 'INTEGER',
    read: 'INTEGER',
    revision: 'INTEGER',
    many: 'BOOLEAN',
  },
  `INSERT INTO member (conversation, user_id, tenant, role, joined_at, joined_seq, delivered, read, revision, many)
     VALUES (:conversation, :user_id, :tenant, :role, :joined_at, :joined_seq, :delivered, :read, :revision, :many)
     ON CONFLICT DO NOTHING`,
);

/** SQL of the members of a conversation: who they are, in which role, and how far each is. */
export class MemberTable {
  readonly #tenants: Tenants;
  readonly #former: FormerMemberTable;
  readonly #reach = new ReachTable();

  constructor(tenants: Tenants, former: FormerMemberTable) {
    this.#tenants = tenants;
    this.#former = former;
  }

  *find(tenant: string, conversationId: string, userId: string): Op<Member | undefined> {
    const pk = yield* this.#conversation(tenant, conversationId);
    if (pk === undefined) return undefined;
    const row = yield* this.row(pk, userId);
    return row && (yield* this.toMember(pk, row));
  }

  *list(tenant: string, conversationId: string, { after = '', limit }: Page): Op<Member[]> {
    const pk = yield* this.#conversation(tenant, conversationId);
    if (pk === undefined) return [];
    const rows = yield* all<MemberRow>(
      `SELECT ${MEMBER_COLUMNS} FROM member WHERE conversation = ? AND user_id > ? AND NOT ${IS_NOBODY} ORDER BY user_id LIMIT ?`,
      pk,
      after,
      limit,
    );
    return yield* mapped(rows, (row) => this.toMember(pk, row));
  }

  *row(pk: number, userId: string): Op<MemberRow | undefined> {
    return yield* get<MemberRow>(
      `SELECT ${MEMBER_COLUMNS} FROM member WHERE conversation = ? AND user_id = ? AND NOT ${IS_NOBODY}`,
      pk,
      userId,
    );
  }

  *require(pk: number, userId: string): Op<MemberRow> {
    const row = yield* this.row(pk, userId);
    requireMember(row, userId);
    return row;
  }

  *toMember(pk: number, row: MemberRow): Op<Member> {
    const { delivered, read } = (yield* this.#reach.of(pk, row.user_id)) ?? row;
    return {
      userId: row.user_id,
      role: row.role,
      joinedAt: row.joined_at,
      deliveredSeq: delivered,
      readSeq: read,
    };
  }

  /** Those who are not members yet, each once. */
  *joining(pk: number, members: readonly NewMember[]): Op<NewMember[]> {
    const named = new Map<string, NewMember>();
    for (const member of members) if (!named.has(member.userId)) named.set(member.userId, member);
    if (named.size === 0) return [];
    const rows = yield* all<{ user_id: string }>(
      'SELECT user_id FROM member WHERE conversation = ? AND user_id IN TEXTS(?)',
      pk,
      [...named.keys()],
    );
    for (const { user_id } of rows) named.delete(user_id);
    return [...named.values()];
  }

  /**
   * Adds those who are not members yet and returns them: what is sent from now on is undelivered to them, and what those
   * missed who were members before.
   */
  *add(row: ConversationRow, members: readonly NewMember[], at: Timestamp): Op<string[]> {
    return yield* this.addNew(row, yield* this.joining(row.pk, members), at);
  }

  /** As `add`. @param joining none of whom is a member */
  *addNew(row: ConversationRow, joining: readonly NewMember[], at: Timestamp): Op<string[]> {
    const ids = joining.map(({ userId }) => userId);
    if (ids.length === 0) return ids;
    const { pk, tenant, last_seq: last, revision } = row;
    const many = row.kind === 'single' ? 0 : 1;
    yield* runEach(
      ADD_EACH,
      joining.map(({ userId, role }) => [pk, userId, tenant, role, at, last, last, last, revision, many]),
    );
    yield* this.#former.restore(row, ids);
    yield* run('UPDATE conversation SET member_count = member_count + ? WHERE pk = ?', ids.length, pk);
    return ids;
  }

  *setRole(pk: number, userId: string, role: MemberRole): Op<NewMember> {
    yield* run('UPDATE member SET role = ? WHERE conversation = ? AND user_id = ?', role, pk, userId);
    return { userId, role };
  }

  /**
   * Ends a membership of any conversation, which must be locked, and keeps what the member had; false where there is none.
   */
  *remove(pk: number, userId: string): Op<boolean> {
    yield* this.#former.keep(pk, userId);
    const changes = yield* run('DELETE FROM member WHERE conversation = ? AND user_id = ?', pk, userId);
    if (changes === 0) return false;
    yield* run('UPDATE conversation SET member_count = member_count - 1 WHERE pk = ?', pk);
    return true;
  }

  /** Removes some members of a conversation that has ended; returns them. */
  *removeSome(pk: number, limit: number): Op<string[]> {
    const rows = yield* all<{ user_id: string }>(
      'SELECT user_id FROM member WHERE conversation = ? ORDER BY user_id LIMIT ?',
      pk,
      limit,
    );
    const members = rows.map(({ user_id }) => user_id);
    yield* run('DELETE FROM member WHERE conversation = ? AND user_id IN TEXTS(?)', pk, members);
    return members;
  }

  *#conversation(tenant: string, id: string): Op<number | undefined> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return undefined;
    const row = yield* get<{ pk: number }>(
      'SELECT pk FROM conversation WHERE tenant = ? AND id = ?',
      key,
      id,
    );
    return row?.pk;
  }
}
