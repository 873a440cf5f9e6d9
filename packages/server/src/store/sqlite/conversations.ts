import { DomainError } from '../../core/errors.ts';
import type { Conversation, ConversationKind, Member, MemberRole, Timestamp } from '../../core/model.ts';
import type {
  GroupPatch,
  Membership,
  NewGroup,
  NewMember,
  NewMembers,
  Page,
  PeerQuery,
} from '../../core/ports/store.ts';
import type { Statements } from './database.ts';
import type { Tenants } from './tenants.ts';
import type { UserTable } from './users.ts';

export interface ConversationRow {
  pk: number;
  tenant: number;
  id: string;
  kind: ConversationKind;
  name: string;
  avatar: string;
  member_count: number;
  last_seq: number;
  revision: number;
  created_at: number;
  uid: number | null;
}

interface MemberRow {
  user: string;
  role: MemberRole;
  joined_at: number;
  delivered: number;
  read: number;
}

const COLUMNS = 'pk, tenant, id, kind, name, avatar, member_count, last_seq, revision, created_at, uid';
const MEMBER_COLUMNS = 'user, role, joined_at, delivered, read';

/** SQL of conversations and members. Runs inside the worker thread, writes inside its transaction. */
export class ConversationTable {
  readonly #sql: Statements;
  readonly #tenants: Tenants;
  readonly #users: UserTable;

  constructor(sql: Statements, tenants: Tenants, users: UserTable) {
    this.#sql = sql;
    this.#tenants = tenants;
    this.#users = users;
  }

  createGroup(group: NewGroup): Conversation {
    const tenant = this.#tenants.ensure(group.tenant);
    if (this.row(tenant, group.id)) {
      throw new DomainError('ECONFLICT', `the id ${group.id} is taken`, { field: 'id' });
    }
    this.#requireUsers(tenant, group.members, 'members');
    const row = this.create(tenant, 'group', group);
    return toConversation(group.tenant, row);
  }

  /** Makes a conversation of users that exist. */
  create(
    tenant: number,
    kind: ConversationKind,
    conversation: Pick<NewGroup, 'id' | 'name' | 'avatar' | 'members' | 'createdAt'>,
  ): ConversationRow {
    const { id, name, avatar, members, createdAt } = conversation;
    this.#sql
      .get(
        'INSERT INTO conversation (tenant, id, kind, name, avatar, member_count, created_at, uid) VALUES (?, ?, ?, ?, ?, 0, ?, ?)',
      )
      .run(tenant, id, kind, name, avatar, createdAt, kind === 'single' ? null : this.#nextUid(tenant));
    const row = this.row(tenant, id) as ConversationRow;
    const added = this.addToConversation(row, members, createdAt);
    return { ...row, member_count: added.length };
  }

  find(tenant: string, id: string): Conversation | undefined {
    const key = this.#tenants.find(tenant);
    const row = key === undefined ? undefined : this.row(key, id);
    return row && toConversation(tenant, row);
  }

  row(tenant: number, id: string): ConversationRow | undefined {
    return this.#sql.get(`SELECT ${COLUMNS} FROM conversation WHERE tenant = ? AND id = ?`).get(tenant, id) as
      | ConversationRow
      | undefined;
  }

  /** The id of the conversation with this uid. */
  idOf(tenant: number, uid: number): string | undefined {
    const row = this.#sql.get('SELECT id FROM conversation WHERE tenant = ? AND uid = ?').get(tenant, uid);
    return row?.id as string | undefined;
  }

  /** Below zero, so that none is a user's, and never given again. */
  #nextUid(tenant: number): number {
    const row = this.#sql
      .get(
        'UPDATE tenant SET last_group_uid = last_group_uid - 1 WHERE pk = ? RETURNING last_group_uid AS uid',
      )
      .get(tenant) as { uid: number };
    return row.uid;
  }

  listGroups(tenant: string, { after = '', limit }: Page, userId?: string): Conversation[] {
    const key = this.#tenants.find(tenant);
    if (key === undefined) return [];
    const rows =
      userId === undefined
        ? this.#sql
            .get(
              `SELECT ${COLUMNS} FROM conversation WHERE tenant = ? AND kind = 'group' AND id > ? ORDER BY id LIMIT ?`,
            )
            .all(key, after, limit)
        : this.#sql
            .get(
              `SELECT ${COLUMNS} FROM conversation WHERE kind = 'group' AND id > ? AND pk IN
                 (SELECT conversation FROM member WHERE tenant = ? AND user = ?) ORDER BY id LIMIT ?`,
            )
            .all(after, key, userId, limit);
    return (rows as unknown as ConversationRow[]).map((row) => toConversation(tenant, row));
  }

  updateGroup(tenant: string, id: string, patch: GroupPatch): Conversation {
    const row = this.#requireGroup(tenant, id);
    this.#sql
      .get('UPDATE conversation SET name = ?, avatar = ? WHERE pk = ?')
      .run(patch.name ?? row.name, patch.avatar ?? row.avatar, row.pk);
    return toConversation(tenant, this.#requireGroup(tenant, id));
  }

  /** The id is free again afterwards; the messages stay under a name that no id can have. */
  deleteGroup(tenant: string, id: string): string[] {
    return this.end(this.#requireGroup(tenant, id).pk);
  }

  /** As `deleteGroup`, of any conversation. */
  end(pk: number): string[] {
    const rows = this.#sql.get('SELECT user FROM member WHERE conversation = ?').all(pk);
    this.#sql.get('DELETE FROM member WHERE conversation = ?').run(pk);
    this.#sql
      .get("UPDATE conversation SET id = id || '#' || pk, kind = 'deleted', member_count = 0 WHERE pk = ?")
      .run(pk);
    return (rows as unknown as { user: string }[]).map(({ user }) => user);
  }

  addMembers({ tenant, conversationId, members, maxMembers, at }: NewMembers): string[] {
    const row = this.#requireGroup(tenant, conversationId);
    this.#requireUsers(row.tenant, members, 'userId');
    const joining = new Set(members.map(({ userId }) => userId).filter((id) => !this.#memberRow(row.pk, id)));
    if (joining.size > 0 && row.member_count + joining.size > maxMembers) {
      throw new DomainError('ETOOLONG', `a group may have ${maxMembers} members`, {
        field: 'members',
        limit: maxMembers,
      });
    }
    return this.addToConversation(row, members, at);
  }

  /** Adds those who are not members yet and returns them: they see what is sent from now on as undelivered. */
  addToConversation(row: ConversationRow, members: readonly NewMember[], at: Timestamp): string[] {
    const insert = this.#sql.get(
      `INSERT INTO member (conversation, user, tenant, role, joined_at, delivered, read, revision)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    );
    const added = members.filter(
      ({ userId, role }) =>
        insert.run(row.pk, userId, row.tenant, role, at, row.last_seq, row.last_seq, row.revision).changes ===
        1,
    );
    this.#sql
      .get('UPDATE conversation SET member_count = member_count + ? WHERE pk = ?')
      .run(added.length, row.pk);
    return added.map(({ userId }) => userId);
  }

  setMemberRole(tenant: string, id: string, userId: string, role: MemberRole): Member {
    const { pk } = this.#requireGroup(tenant, id);
    const { changes } = this.#sql
      .get('UPDATE member SET role = ? WHERE conversation = ? AND user = ?')
      .run(role, pk, userId);
    if (changes === 0) throw noMember(userId);
    return toMember(this.#memberRow(pk, userId) as MemberRow);
  }

  removeMember(tenant: string, id: string, userId: string): void {
    const { pk } = this.#requireGroup(tenant, id);
    if (!this.remove(pk, userId)) throw noMember(userId);
  }

  /** Ends all memberships of a user; returns its groups. */
  removeUser(tenant: string, userId: string): string[] {
    const rows = this.#sql
      .get(
        'SELECT c.pk, c.id, c.kind FROM member m JOIN conversation c ON c.pk = m.conversation WHERE m.tenant = ? AND m.user = ?',
      )
      .all(this.#tenants.ensure(tenant), userId) as unknown as ConversationRow[];
    for (const { pk } of rows) this.remove(pk, userId);
    return rows.filter(({ kind }) => kind === 'group').map(({ id }) => id);
  }

  findMember(tenant: string, conversationId: string, userId: string): Member | undefined {
    const key = this.#tenants.find(tenant);
    const conversation = key === undefined ? undefined : this.row(key, conversationId);
    const row = conversation && this.#memberRow(conversation.pk, userId);
    return row && toMember(row);
  }

  listMembers(tenant: string, conversationId: string, { after = '', limit }: Page): Member[] {
    const key = this.#tenants.find(tenant);
    const conversation = key === undefined ? undefined : this.row(key, conversationId);
    if (!conversation) return [];
    const rows = this.#sql
      .get(`SELECT ${MEMBER_COLUMNS} FROM member WHERE conversation = ? AND user > ? ORDER BY user LIMIT ?`)
      .all(conversation.pk, after, limit) as unknown as MemberRow[];
    return rows.map(toMember);
  }

  listMemberships(tenant: string, userId: string): Membership[] {
    const key = this.#tenants.find(tenant);
    if (key === undefined) return [];
    const rows = this.#sql
      .get(
        `SELECT c.id, c.kind, m.role FROM member m JOIN conversation c ON c.pk = m.conversation
           WHERE m.tenant = ? AND m.user = ? AND c.kind <> 'single'
             AND NOT EXISTS (SELECT 1 FROM service_session s WHERE s.conversation = c.pk AND s.state = 'closed')`,
      )
      .all(key, userId) as unknown as { id: string; kind: ConversationKind; role: MemberRole }[];
    return rows.map(({ id, kind, role }) => ({ conversationId: id, kind, role }));
  }

  listPeers({ tenant, userId, maxMembers, limit }: PeerQuery): string[] {
    const key = this.#tenants.find(tenant);
    if (key === undefined) return [];
    const rows = this.#sql
      .get(
        `SELECT DISTINCT other.user AS id FROM member own
           JOIN conversation c ON c.pk = own.conversation
           JOIN member other ON other.conversation = own.conversation
           WHERE own.tenant = ? AND own.user = ? AND other.user <> own.user
             AND (c.kind = 'single' OR (c.kind = 'group' AND c.member_count <= ?)) LIMIT ?`,
      )
      .all(key, userId, maxMembers, limit) as unknown as { id: string }[];
    return rows.map(({ id }) => id);
  }

  rename(pk: number, name: string): void {
    this.#sql.get('UPDATE conversation SET name = ? WHERE pk = ?').run(name, pk);
  }

  /** Ends a membership of any conversation; false where there is none. */
  remove(pk: number, userId: string): boolean {
    const { changes } = this.#sql
      .get('DELETE FROM member WHERE conversation = ? AND user = ?')
      .run(pk, userId);
    if (changes === 0) return false;
    this.#sql.get('UPDATE conversation SET member_count = member_count - 1 WHERE pk = ?').run(pk);
    return true;
  }

  #memberRow(pk: number, userId: string): MemberRow | undefined {
    return this.#sql
      .get(`SELECT ${MEMBER_COLUMNS} FROM member WHERE conversation = ? AND user = ?`)
      .get(pk, userId) as MemberRow | undefined;
  }

  #requireGroup(tenant: string, id: string): ConversationRow {
    const key = this.#tenants.find(tenant);
    const row = key === undefined ? undefined : this.row(key, id);
    if (row?.kind !== 'group') throw new DomainError('ENOENT', `no group ${id}`, { field: 'id' });
    return row;
  }

  #requireUsers(tenant: number, members: readonly NewMember[], field: string): void {
    for (const { userId } of members) {
      if (!this.#users.exists(tenant, userId))
        throw new DomainError('ENOENT', `no user ${userId}`, { field });
    }
  }
}

export function toConversation(tenant: string, row: ConversationRow): Conversation {
  return {
    tenant,
    id: row.id,
    uid: row.uid ?? 0,
    kind: row.kind,
    name: row.name,
    avatar: row.avatar,
    memberCount: row.member_count,
    lastSeq: row.last_seq,
    revision: row.revision,
    createdAt: row.created_at,
  };
}

function toMember(row: MemberRow): Member {
  return {
    userId: row.user,
    role: row.role,
    joinedAt: row.joined_at,
    deliveredSeq: row.delivered,
    readSeq: row.read,
  };
}

function noMember(userId: string): DomainError {
  return new DomainError('ENOENT', `${userId} is no member`, { field: 'userId' });
}
