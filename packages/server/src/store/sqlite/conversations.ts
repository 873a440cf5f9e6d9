import { DomainError } from '../../core/errors.ts';
import {
  type GroupActor,
  requireAct,
  requireOwnerLeft,
  requireStepDown,
  type Standing,
  successorOf,
} from '../../core/group-rights.ts';
import type {
  Conversation,
  ConversationKind,
  HistoryAccess,
  Member,
  MemberRole,
  Timestamp,
} from '../../core/model.ts';
import type {
  GroupPatch,
  HandOver,
  LeftGroup,
  Membership,
  NewGroup,
  NewMember,
  NewMembers,
  Page,
  PeerQuery,
  Removal,
  RoleChange,
} from '../../core/ports/store.ts';
import type { Statements } from './database.ts';
import type { FileTable } from './files.ts';
import { FormerMemberTable } from './former-members.ts';
import { ReachTable } from './reach.ts';
import type { Tenants } from './tenants.ts';
import type { UserTable } from './users.ts';

export interface ConversationRow {
  pk: number;
  tenant: number;
  id: string;
  kind: ConversationKind;
  name: string;
  avatar: string;
  history: HistoryAccess;
  member_count: number;
  last_seq: number;
  revision: number;
  created_at: number;
  uid: number | null;
  /** The number of its last message. */
  activity: number;
}

interface MemberRow {
  user: string;
  role: MemberRole;
  joined_at: number;
  delivered: number;
  read: number;
}

export const CONVERSATION_COLUMNS =
  'pk, tenant, id, kind, name, avatar, history, member_count, last_seq, revision, created_at, uid, activity';
const MEMBER_COLUMNS = 'user, role, joined_at, delivered, read';

/** SQL of conversations and members. Runs inside the worker thread, writes inside its transaction. */
export class ConversationTable {
  readonly #sql: Statements;
  readonly #tenants: Tenants;
  readonly #users: UserTable;
  readonly #files: FileTable;
  readonly #former: FormerMemberTable;
  readonly #reach: ReachTable;

  constructor(sql: Statements, tenants: Tenants, users: UserTable, files: FileTable) {
    this.#sql = sql;
    this.#tenants = tenants;
    this.#users = users;
    this.#files = files;
    this.#former = new FormerMemberTable(sql);
    this.#reach = new ReachTable(sql);
  }

  createGroup(group: NewGroup): Conversation {
    const tenant = this.#tenants.ensure(group.tenant);
    if (this.row(tenant, group.id)) {
      throw new DomainError('ECONFLICT', `the id ${group.id} is taken`, { field: 'id' });
    }
    this.#requireUsers(tenant, group.members, 'members');
    const file = this.#files.requirePicture(tenant, group.picture);
    const row = this.create(tenant, 'group', group);
    if (file !== null) this.#files.showGroup(row.pk, file, group.createdAt);
    return toConversation(group.tenant, row);
  }

  /** Makes a conversation of users that exist. */
  create(
    tenant: number,
    kind: ConversationKind,
    conversation: Pick<NewGroup, 'id' | 'name' | 'picture' | 'history' | 'members' | 'createdAt'>,
  ): ConversationRow {
    const { id, name, picture, history = HISTORY[kind], members, createdAt } = conversation;
    const [one, other] = kind === 'single' ? members.map(({ userId }) => userId) : [];
    this.#sql
      .get(
        `INSERT INTO conversation (tenant, id, kind, name, avatar, history, member_count, created_at, uid, activity, user_a, user_b)
           VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)`,
      )
      .run(
        tenant,
        id,
        kind,
        name,
        picture?.address ?? '',
        history,
        createdAt,
        kind === 'single' ? null : this.#nextUid(tenant),
        // The others begin with a message, whose number it is then.
        kind === 'group' || kind === 'room' ? this.#nextNumber(tenant) : 0,
        one ?? null,
        other ?? null,
      );
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
    return this.#sql
      .get(`SELECT ${CONVERSATION_COLUMNS} FROM conversation WHERE tenant = ? AND id = ?`)
      .get(tenant, id) as ConversationRow | undefined;
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

  /** A number of the tenant's own, above those of all messages. Not while the numbers of messages are being counted. */
  #nextNumber(tenant: number): number {
    const row = this.#sql
      .get('UPDATE tenant SET last_number = last_number + 1 WHERE pk = ? RETURNING last_number AS number')
      .get(tenant) as { number: number };
    return row.number;
  }

  listGroups(tenant: string, { after = '', limit }: Page, userId?: string): Conversation[] {
    const key = this.#tenants.find(tenant);
    if (key === undefined) return [];
    const rows =
      userId === undefined
        ? this.#sql
            .get(
              `SELECT ${CONVERSATION_COLUMNS} FROM conversation WHERE tenant = ? AND kind = 'group' AND id > ? ORDER BY id LIMIT ?`,
            )
            .all(key, after, limit)
        : this.#sql
            .get(
              `SELECT ${CONVERSATION_COLUMNS} FROM conversation WHERE kind = 'group' AND id > ? AND pk IN
                 (SELECT conversation FROM member WHERE tenant = ? AND user = ?) ORDER BY id LIMIT ?`,
            )
            .all(after, key, userId, limit);
    return (rows as unknown as ConversationRow[]).map((row) => toConversation(tenant, row));
  }

  updateGroup(tenant: string, id: string, patch: GroupPatch, by?: GroupActor): Conversation {
    const row = this.#requireGroup(tenant, id);
    requireAct(this.#standing(row, by), { kind: 'update' });
    const { picture } = patch;
    if (picture && picture.address !== row.avatar) {
      this.#files.showGroup(row.pk, this.#files.requirePicture(row.tenant, picture), picture.at);
    }
    this.#sql
      .get('UPDATE conversation SET name = ?, avatar = ?, history = ? WHERE pk = ?')
      .run(patch.name ?? row.name, picture?.address ?? row.avatar, patch.history ?? row.history, row.pk);
    return toConversation(tenant, this.#requireGroup(tenant, id));
  }

  /** The id is free again afterwards; the messages stay under a name that no id can have. */
  deleteGroup(tenant: string, id: string, at: Timestamp, by?: GroupActor): string[] {
    const row = this.#requireGroup(tenant, id);
    requireAct(this.#standing(row, by), { kind: 'dissolve' });
    this.#files.showGroup(row.pk, null, at);
    return this.end(row.pk);
  }

  /** As `deleteGroup`, of any conversation. */
  end(pk: number): string[] {
    const rows = this.#sql.get('SELECT user FROM member WHERE conversation = ?').all(pk);
    this.#sql.get('DELETE FROM member WHERE conversation = ?').run(pk);
    this.#former.forgetConversation(pk);
    this.#sql
      .get("UPDATE conversation SET id = id || '#' || pk, kind = 'deleted', member_count = 0 WHERE pk = ?")
      .run(pk);
    return (rows as unknown as { user: string }[]).map(({ user }) => user);
  }

  addMembers({ tenant, conversationId, members, maxMembers, at, by }: NewMembers): string[] {
    const row = this.#requireGroup(tenant, conversationId);
    const standing = this.#standing(row, by);
    for (const { role } of members) requireAct(standing, { kind: 'add', role });
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

  /**
   * Adds those who are not members yet and returns them: what is sent from now on is undelivered to them, and what those
   * missed who were members before.
   */
  addToConversation(row: ConversationRow, members: readonly NewMember[], at: Timestamp): string[] {
    const insert = this.#sql.get(
      `INSERT INTO member (conversation, user, tenant, role, joined_at, joined_seq, delivered, read, revision, many)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    );
    const added = members.filter(
      ({ userId, role }) =>
        insert.run(
          row.pk,
          userId,
          row.tenant,
          role,
          at,
          row.last_seq,
          row.last_seq,
          row.last_seq,
          row.revision,
          row.kind === 'single' ? 0 : 1,
        ).changes === 1,
    );
    for (const { userId } of added) this.#former.restore(row, userId);
    this.#sql
      .get('UPDATE conversation SET member_count = member_count + ? WHERE pk = ?')
      .run(added.length, row.pk);
    return added.map(({ userId }) => userId);
  }

  setMemberRole({ tenant, conversationId, userId, role, by }: RoleChange): Member {
    const row = this.#requireGroup(tenant, conversationId);
    const standing = this.#standing(row, by);
    const from = this.#requireMember(row.pk, userId).role;
    if (by?.userId === userId && standing !== 'manager') requireStepDown(from, role);
    else requireAct(standing, { kind: 'set-role', from, to: role });
    requireOwnerLeft(from, role, this.#owners(row.pk).length);
    this.#setRole(row.pk, userId, role);
    return this.#toMember(row.pk, this.#requireMember(row.pk, userId));
  }

  removeMember({ tenant, conversationId, userId, successorId, by }: Removal): NewMember[] {
    const row = this.#requireGroup(tenant, conversationId);
    const standing = this.#standing(row, by);
    const { role } = this.#requireMember(row.pk, userId);
    if (by?.userId !== userId) requireAct(standing, { kind: 'remove', role });
    if (successorId !== undefined) {
      if (role !== 'owner')
        throw new DomainError('EPERM', 'only an owner has a successor', { field: 'successorId' });
      if (successorId === userId || !this.#memberRow(row.pk, successorId))
        throw noMember(successorId, 'successorId');
    }
    return this.#leave(row.pk, userId, role, successorId);
  }

  handOverGroup({ tenant, conversationId, userId, by }: HandOver): NewMember[] {
    const row = this.#requireGroup(tenant, conversationId);
    const { pk } = row;
    requireAct(this.#standing(row, by), { kind: 'hand-over' });
    const heir = this.#requireMember(pk, userId);
    const owners = this.#owners(pk);
    const former = by && owners.includes(by.userId) ? [by.userId] : owners;
    const demoted = former
      .filter((owner) => owner !== userId)
      .map((owner) => this.#setRole(pk, owner, 'admin'));
    return heir.role === 'owner' ? demoted : [this.#setRole(pk, userId, 'owner'), ...demoted];
  }

  /** Ends a membership of a group; where the only owner goes, another becomes it. Returns who has another role by it. */
  #leave(pk: number, userId: string, role: MemberRole, successorId?: string): NewMember[] {
    this.remove(pk, userId);
    const heir = successorId ?? (role === 'owner' ? this.#successor(pk) : undefined);
    if (heir === undefined || this.#memberRow(pk, heir)?.role === 'owner') return [];
    return [this.#setRole(pk, heir, 'owner')];
  }

  /** Whom the rules name in a group without owners: they need the longest-standing of each role to choose from. */
  #successor(pk: number): string | undefined {
    if (this.#owners(pk).length > 0) return undefined;
    const best = this.#sql.get(
      `SELECT ${MEMBER_COLUMNS} FROM member WHERE conversation = ? AND role = ? ORDER BY joined_at, user LIMIT 1`,
    );
    const candidates = ['admin', 'member'].flatMap((role) => best.all(pk, role)) as unknown as MemberRow[];
    return successorOf(candidates.map((row) => this.#toMember(pk, row)))?.userId;
  }

  #setRole(pk: number, userId: string, role: MemberRole): NewMember {
    this.#sql.get('UPDATE member SET role = ? WHERE conversation = ? AND user = ?').run(role, pk, userId);
    return { userId, role };
  }

  #owners(pk: number): string[] {
    const rows = this.#sql.get("SELECT user FROM member WHERE conversation = ? AND role = 'owner'").all(pk);
    return (rows as unknown as { user: string }[]).map(({ user }) => user);
  }

  /** What an actor is to a group; a manager's standing where none is given. ENOENT for one who has no business with it. */
  #standing({ pk, id }: ConversationRow, by: GroupActor | undefined): Standing {
    if (!by || by.isManager) return 'manager';
    const member = this.#memberRow(pk, by.userId);
    if (!member) throw noGroup(id);
    return member.role;
  }

  /** Ends all memberships of a user; returns its groups. */
  removeUser(tenant: string, userId: string): LeftGroup[] {
    const rows = this.#sql
      .get(
        'SELECT c.pk, c.id, c.kind, m.role FROM member m JOIN conversation c ON c.pk = m.conversation WHERE m.tenant = ? AND m.user = ?',
      )
      .all(this.#tenants.ensure(tenant), userId) as unknown as (ConversationRow & { role: MemberRole })[];
    const groups = rows.filter(({ kind }) => kind === 'group');
    for (const { pk, kind } of rows) if (kind !== 'group') this.remove(pk, userId);
    const left = groups.map(({ pk, id, role }) => ({
      conversationId: id,
      changed: this.#leave(pk, userId, role),
    }));
    this.#former.forgetUser(this.#tenants.ensure(tenant), userId);
    return left;
  }

  findMember(tenant: string, conversationId: string, userId: string): Member | undefined {
    const key = this.#tenants.find(tenant);
    const conversation = key === undefined ? undefined : this.row(key, conversationId);
    const row = conversation && this.#memberRow(conversation.pk, userId);
    return row && this.#toMember(conversation.pk, row);
  }

  listMembers(tenant: string, conversationId: string, { after = '', limit }: Page): Member[] {
    const key = this.#tenants.find(tenant);
    const conversation = key === undefined ? undefined : this.row(key, conversationId);
    if (!conversation) return [];
    const rows = this.#sql
      .get(`SELECT ${MEMBER_COLUMNS} FROM member WHERE conversation = ? AND user > ? ORDER BY user LIMIT ?`)
      .all(conversation.pk, after, limit) as unknown as MemberRow[];
    return rows.map((row) => this.#toMember(conversation.pk, row));
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

  /** What members see of before they came, from now on. */
  setHistory(pk: number, history: HistoryAccess): void {
    this.#sql.get('UPDATE conversation SET history = ? WHERE pk = ?').run(history, pk);
  }

  /** Ends a membership of any conversation and keeps what the member had; false where there is none. */
  remove(pk: number, userId: string): boolean {
    this.#former.keep(pk, userId);
    const { changes } = this.#sql
      .get('DELETE FROM member WHERE conversation = ? AND user = ?')
      .run(pk, userId);
    if (changes === 0) return false;
    this.#sql.get('UPDATE conversation SET member_count = member_count - 1 WHERE pk = ?').run(pk);
    return true;
  }

  #toMember(pk: number, row: MemberRow): Member {
    const { delivered, read } = this.#reach.of(pk, row.user) ?? row;
    return {
      userId: row.user,
      role: row.role,
      joinedAt: row.joined_at,
      deliveredSeq: delivered,
      readSeq: read,
    };
  }

  #memberRow(pk: number, userId: string): MemberRow | undefined {
    return this.#sql
      .get(`SELECT ${MEMBER_COLUMNS} FROM member WHERE conversation = ? AND user = ?`)
      .get(pk, userId) as MemberRow | undefined;
  }

  #requireGroup(tenant: string, id: string): ConversationRow {
    const key = this.#tenants.find(tenant);
    const row = key === undefined ? undefined : this.row(key, id);
    if (row?.kind !== 'group') throw noGroup(id);
    return row;
  }

  #requireMember(pk: number, userId: string): MemberRow {
    const row = this.#memberRow(pk, userId);
    if (!row) throw noMember(userId);
    return row;
  }

  #requireUsers(tenant: number, members: readonly NewMember[], field: string): void {
    for (const { userId } of members) {
      if (!this.#users.exists(tenant, userId))
        throw new DomainError('ENOENT', `no user ${userId}`, { field });
    }
  }
}

/** What members see of before they came where nobody laid it down. */
const HISTORY: Readonly<Record<ConversationKind, HistoryAccess>> = {
  single: 'all',
  group: 'all',
  room: 'since_join',
  service: 'all',
};

export function toConversation(tenant: string, row: ConversationRow): Conversation {
  return {
    tenant,
    id: row.id,
    uid: row.uid ?? 0,
    kind: row.kind,
    name: row.name,
    avatar: row.avatar,
    history: row.history,
    memberCount: row.member_count,
    lastSeq: row.last_seq,
    revision: row.revision,
    createdAt: row.created_at,
  };
}

function noGroup(id: string): DomainError {
  return new DomainError('ENOENT', `no group ${id}`, { field: 'id' });
}

function noMember(userId: string, field = 'userId'): DomainError {
  return new DomainError('ENOENT', `${userId} is no member`, { field });
}
