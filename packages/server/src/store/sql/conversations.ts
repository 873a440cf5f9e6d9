import type {
  Conversation,
  ConversationKind,
  HistoryAccess,
  Member,
  MemberRole,
  Timestamp,
} from '../../core/model.ts';
import type {
  Addition,
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
import {
  type GroupActor,
  requireAct,
  requireOwnerLeft,
  requireStepDown,
  type Standing,
  successorOf,
} from '../../core/rules/group-rights.ts';
import {
  requireGroup,
  requireGroupSize,
  requireMember,
  requireRemoval,
  standingOf,
} from '../../core/rules/groups.ts';
import { requireFree } from '../../core/rules/ids.ts';
import { requireUser } from '../../core/rules/users.ts';
import { bulk, runEach } from './bulk.ts';
import type { FileTable } from './files.ts';
import { FormerMemberTable } from './former-members.ts';
import { hourOf, type Numbers } from './numbers.ts';
import { ReachTable } from './reach.ts';
import { ENDED } from './sight.ts';
import { all, get, mapped, type Op, run } from './statement.ts';
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
  /** The hour of that, by which conversations are indexed. */
  activity_hour: number;
}

interface MemberRow {
  user_id: string;
  role: MemberRole;
  joined_at: number;
  delivered: number;
  read: number;
}

export const CONVERSATION_COLUMNS =
  'pk, tenant, id, kind, name, avatar, history, member_count, last_seq, revision, created_at, uid, activity, activity_hour';
/** How many single chats could be left in the time that it takes to leave a group. */
const ROWS_OF_A_GROUP = 5;
/** Members of conversations who were deleted, and are still to be removed, are none. */
export const IS_NOBODY =
  "EXISTS (SELECT 1 FROM remains r WHERE r.kind = 'user' AND r.name = member.user_id AND r.tenant = member.tenant)";
/** The columns as they are shown: without the members who were deleted and are still to be removed. */
export const SHOWN_COLUMNS = CONVERSATION_COLUMNS.replace(
  'member_count',
  `member_count - (SELECT CAST(coalesce(sum((SELECT count(*) FROM member v
       WHERE v.conversation = conversation.pk AND v.user_id = r.name)), 0) AS BIGINT)
     FROM remains r WHERE r.kind = 'user' AND r.tenant = conversation.tenant) AS member_count`,
);
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
const MEMBER_COLUMNS = 'user_id, role, joined_at, delivered, read';

export interface ConversationTableDeps {
  readonly tenants: Tenants;
  readonly users: UserTable;
  readonly files: FileTable;
  readonly numbers: Numbers;
}

/** SQL of conversations and members. Runs inside the worker thread, writes inside its transaction. */
export class ConversationTable {
  readonly #tenants: Tenants;
  readonly #users: UserTable;
  readonly #files: FileTable;
  readonly #numbers: Numbers;
  readonly #former: FormerMemberTable;
  readonly #reach: ReachTable;
  readonly #lock: string;
  readonly #columns: string;

  /** @param use a write locks the conversations that it looks up, so that what it finds holds until its end */
  constructor({ tenants, users, files, numbers }: ConversationTableDeps, use: 'read' | 'write') {
    this.#lock = use === 'write' ? ' FOR UPDATE' : '';
    this.#columns = use === 'write' ? CONVERSATION_COLUMNS : SHOWN_COLUMNS;
    this.#tenants = tenants;
    this.#users = users;
    this.#files = files;
    this.#numbers = numbers;
    this.#former = new FormerMemberTable();
    this.#reach = new ReachTable();
  }

  *createGroup(group: NewGroup): Op<Conversation> {
    const users = yield* this.#existing(yield* this.#tenants.ensure(group.tenant), group.members);
    const tenant = yield* this.#tenants.lock(group.tenant);
    requireFree((yield* this.row(tenant, group.id)) !== undefined, 'id', group.id);
    requireUsers(users, group.members, 'members');
    const file = yield* this.#files.requirePicture(tenant, group.picture);
    const row = yield* this.create(tenant, 'group', group);
    if (file !== null) yield* this.#files.showGroup(row.pk, file, group.createdAt);
    return toConversation(group.tenant, row);
  }

  /** Makes a conversation of users that exist. */
  *create(
    tenant: number,
    kind: ConversationKind,
    conversation: Pick<NewGroup, 'id' | 'name' | 'picture' | 'history' | 'members' | 'createdAt'>,
  ): Op<ConversationRow> {
    const { id, name, picture, history = HISTORY[kind], members, createdAt } = conversation;
    const [one, other] = kind === 'single' ? members.map(({ userId }) => userId) : [];
    // The others begin with a message, whose number it is then.
    const activity = kind === 'group' || kind === 'room' ? yield* this.#numbers.next(0) : 0;
    yield* run(
      `INSERT INTO conversation (tenant, id, kind, name, avatar, history, member_count, created_at, uid, activity, activity_hour, user_a, user_b)
           VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)`,
      tenant,
      id,
      kind,
      name,
      picture?.address ?? '',
      history,
      createdAt,
      kind === 'single' ? null : yield* this.#nextUid(tenant),
      activity,
      hourOf(activity),
      one ?? null,
      other ?? null,
    );
    const row = (yield* this.row(tenant, id)) as ConversationRow;
    const added = yield* this.addToConversation(row, members, createdAt);
    return { ...row, member_count: added.length };
  }

  *find(tenant: string, id: string): Op<Conversation | undefined> {
    const key = yield* this.#tenants.find(tenant);
    const row = key === undefined ? undefined : yield* this.row(key, id);
    return row && toConversation(tenant, row);
  }

  *row(tenant: number, id: string): Op<ConversationRow | undefined> {
    return yield* get<ConversationRow>(
      `SELECT ${this.#columns} FROM conversation WHERE tenant = ? AND id = ?${this.#lock}`,
      tenant,
      id,
    );
  }

  /** The id of the conversation with this uid. */
  *idOf(tenant: number, uid: number): Op<string | undefined> {
    const row = yield* get<{ id: string }>(
      'SELECT id FROM conversation WHERE tenant = ? AND uid = ?',
      tenant,
      uid,
    );
    return row?.id;
  }

  /** Below zero, so that none is a user's, and never given again. */
  *#nextUid(tenant: number): Op<number> {
    const row = (yield* get<{ uid: number }>(
      'UPDATE tenant SET last_group_uid = last_group_uid - 1 WHERE pk = ? RETURNING last_group_uid AS uid',
      tenant,
    )) as { uid: number };
    return row.uid;
  }

  *listGroups(tenant: string, { after = '', limit }: Page, userId?: string): Op<Conversation[]> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return [];
    const rows =
      userId === undefined
        ? yield* all(
            `SELECT ${SHOWN_COLUMNS} FROM conversation INDEXED BY conversation_group
             WHERE tenant = ? AND kind = 'group' AND id > ? ORDER BY id LIMIT ?`,
            key,
            after,
            limit,
          )
        : yield* all(
            `SELECT ${SHOWN_COLUMNS} FROM conversation WHERE kind = 'group' AND id > ? AND pk IN
                 (SELECT conversation FROM member INDEXED BY member_many WHERE tenant = ? AND user_id = ? AND many) ORDER BY id LIMIT ?`,
            after,
            key,
            userId,
            limit,
          );
    return (rows as unknown as ConversationRow[]).map((row) => toConversation(tenant, row));
  }

  *updateGroup(tenant: string, id: string, patch: GroupPatch, by?: GroupActor): Op<Conversation> {
    const row = yield* this.#requireGroup(tenant, id);
    requireAct(yield* this.#standing(row, by), { kind: 'update' });
    const { picture } = patch;
    if (picture && picture.address !== row.avatar) {
      yield* this.#files.showGroup(
        row.pk,
        yield* this.#files.requirePicture(row.tenant, picture),
        picture.at,
      );
    }
    yield* run(
      'UPDATE conversation SET name = ?, avatar = ?, history = ? WHERE pk = ?',
      patch.name ?? row.name,
      picture?.address ?? row.avatar,
      patch.history ?? row.history,
      row.pk,
    );
    return toConversation(tenant, yield* this.#requireGroup(tenant, id));
  }

  /** The id is free again afterwards; the messages stay under a name that no id can have. Returns the key. */
  *deleteGroup(tenant: string, id: string, at: Timestamp, by?: GroupActor): Op<number> {
    const row = yield* this.#requireGroup(tenant, id);
    requireAct(yield* this.#standing(row, by), { kind: 'dissolve' });
    yield* this.#files.showGroup(row.pk, null, at);
    yield* this.end(row.pk);
    return row.pk;
  }

  /** As `deleteGroup`, of any conversation. Its memberships show nothing any more, and are to be removed. */
  *end(pk: number): Op<void> {
    yield* run(
      `UPDATE conversation SET id = id || '#' || pk, kind = '${ENDED}', member_count = 0 WHERE pk = ?`,
      pk,
    );
  }

  /** Removes some members of a conversation that has ended; returns them. */
  *removeMembers(pk: number, limit: number): Op<string[]> {
    const rows = yield* all<{ user_id: string }>(
      'SELECT user_id FROM member WHERE conversation = ? ORDER BY user_id LIMIT ?',
      pk,
      limit,
    );
    const members = rows.map(({ user_id }) => user_id);
    yield* run('DELETE FROM member WHERE conversation = ? AND user_id IN TEXTS(?)', pk, members);
    return members;
  }

  /** Removes some of what is kept of a conversation's former members; returns how many. */
  forgetFormer(pk: number, limit: number): Op<number> {
    return this.#former.forgetConversation(pk, limit);
  }

  /** Removes some of what is kept of a user's former memberships; returns how many. */
  forgetUser(tenant: number, userId: string, limit: number): Op<number> {
    return this.#former.forgetUser(tenant, userId, limit);
  }

  *addMembers({ maxMembers, at, ...addition }: NewMembers): Op<string[]> {
    const { row, joining } = yield* this.#requireAddition(addition);
    requireGroupSize(row.member_count, joining.length, maxMembers);
    return yield* this.#add(row, joining, at);
  }

  *listJoining(addition: Addition): Op<string[]> {
    const { joining } = yield* this.#requireAddition(addition);
    return joining.map(({ userId }) => userId);
  }

  /** The group, and those of new members who are none yet. */
  *#requireAddition({
    tenant,
    conversationId,
    members,
    by,
  }: Addition): Op<{ row: ConversationRow; joining: readonly NewMember[] }> {
    const users = yield* this.#existing((yield* this.#tenants.find(tenant)) ?? -1, members);
    const row = yield* this.#requireGroup(tenant, conversationId);
    const standing = yield* this.#standing(row, by);
    for (const { role } of members) requireAct(standing, { kind: 'add', role });
    requireUsers(users, members, 'userId');
    return { row, joining: yield* this.#joining(row.pk, members) };
  }

  /**
   * Adds those who are not members yet and returns them: what is sent from now on is undelivered to them, and what those
   * missed who were members before.
   */
  *addToConversation(row: ConversationRow, members: readonly NewMember[], at: Timestamp): Op<string[]> {
    return yield* this.#add(row, yield* this.#joining(row.pk, members), at);
  }

  /** @param joining none of whom is a member */
  *#add(row: ConversationRow, joining: readonly NewMember[], at: Timestamp): Op<string[]> {
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

  /** Those who are not members yet, each once. */
  *#joining(pk: number, members: readonly NewMember[]): Op<NewMember[]> {
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

  *setMemberRole({ tenant, conversationId, userId, role, by }: RoleChange): Op<Member> {
    const row = yield* this.#requireGroup(tenant, conversationId);
    const standing = yield* this.#standing(row, by);
    const from = (yield* this.#requireMember(row.pk, userId)).role;
    if (by?.userId === userId && standing !== 'manager') requireStepDown(from, role);
    else requireAct(standing, { kind: 'set-role', from, to: role });
    requireOwnerLeft(from, role, (yield* this.#owners(row.pk)).length);
    yield* this.#setRole(row.pk, userId, role);
    return yield* this.#toMember(row.pk, yield* this.#requireMember(row.pk, userId));
  }

  *removeMember({ tenant, conversationId, userId, successorId, by }: Removal): Op<NewMember[]> {
    const row = yield* this.#requireGroup(tenant, conversationId);
    const standing = yield* this.#standing(row, by);
    const { role } = yield* this.#requireMember(row.pk, userId);
    requireRemoval(standing, {
      userId,
      role,
      isActor: by?.userId === userId,
      successor: successorId === undefined ? undefined : yield* this.#successorFacts(row.pk, successorId),
    });
    return yield* this.#leave(row.pk, userId, role, successorId);
  }

  *handOverGroup({ tenant, conversationId, userId, by }: HandOver): Op<NewMember[]> {
    const row = yield* this.#requireGroup(tenant, conversationId);
    const { pk } = row;
    requireAct(yield* this.#standing(row, by), { kind: 'hand-over' });
    const heir = yield* this.#requireMember(pk, userId);
    const owners = yield* this.#owners(pk);
    const former = by && owners.includes(by.userId) ? [by.userId] : owners;
    const outgoing = former.filter((owner) => owner !== userId);
    const demoted = yield* mapped(outgoing, (owner) => this.#setRole(pk, owner, 'admin'));
    return heir.role === 'owner' ? demoted : [yield* this.#setRole(pk, userId, 'owner'), ...demoted];
  }

  /** Ends a membership of a group; where the only owner goes, another becomes it. Returns who has another role by it. */
  *#leave(pk: number, userId: string, role: MemberRole, successorId?: string): Op<NewMember[]> {
    yield* this.remove(pk, userId);
    return yield* this.#succeed(pk, role, successorId);
  }

  /** Whoever becomes owner where one of this role has gone and no other is left. */
  *#succeed(pk: number, role: MemberRole, successorId?: string): Op<NewMember[]> {
    const heir = successorId ?? (role === 'owner' ? yield* this.#successor(pk) : undefined);
    if (heir === undefined || (yield* this.#memberRow(pk, heir))?.role === 'owner') return [];
    return [yield* this.#setRole(pk, heir, 'owner')];
  }

  /** Whom the rules name in a group without owners: they need the longest-standing of each role to choose from. */
  *#successor(pk: number): Op<string | undefined> {
    if ((yield* this.#owners(pk)).length > 0) return undefined;
    const best = `SELECT ${MEMBER_COLUMNS} FROM member WHERE conversation = ? AND role = ? AND NOT ${IS_NOBODY} ORDER BY joined_at, user_id LIMIT 1`;
    const candidates = yield* mapped(['admin', 'member'], (role) => all<MemberRow>(best, pk, role));
    return successorOf(yield* mapped(candidates.flat(), (row) => this.#toMember(pk, row)))?.userId;
  }

  *#successorFacts(pk: number, userId: string): Op<{ userId: string; isMember: boolean }> {
    return { userId, isMember: (yield* this.#memberRow(pk, userId)) !== undefined };
  }

  *#setRole(pk: number, userId: string, role: MemberRole): Op<NewMember> {
    yield* run('UPDATE member SET role = ? WHERE conversation = ? AND user_id = ?', role, pk, userId);
    return { userId, role };
  }

  *#owners(pk: number): Op<string[]> {
    const rows = yield* all(
      `SELECT user_id FROM member WHERE conversation = ? AND role = 'owner' AND NOT ${IS_NOBODY} ORDER BY user_id`,
      pk,
    );
    return (rows as unknown as { user_id: string }[]).map(({ user_id }) => user_id);
  }

  /** What an actor is to a group; a manager's standing where none is given. ENOENT for one who has no business with it. */
  *#standing({ pk, id }: ConversationRow, by: GroupActor | undefined): Op<Standing> {
    const member = by && !by.isManager ? yield* this.#memberRow(pk, by.userId) : undefined;
    return standingOf(by, member?.role, id);
  }

  /** Ends some memberships of a deleted user; returns the groups among them, and what the work was worth in rows. */
  *removeUser(tenant: number, userId: string, limit: number): Op<{ rows: number; groups: LeftGroup[] }> {
    const { rows, groups } = yield* this.#leaveGroups(tenant, userId, Math.ceil(limit / ROWS_OF_A_GROUP));
    const worth = rows * ROWS_OF_A_GROUP;
    if (worth >= limit) return { rows: worth, groups };
    return { rows: worth + (yield* this.#leaveOthers(tenant, userId, limit - worth)), groups };
  }

  /** Everything but single chats. */
  *#leaveGroups(tenant: number, userId: string, limit: number): Op<{ rows: number; groups: LeftGroup[] }> {
    // Whoever locks several conversations does it in this order.
    const rows = yield* all<Pick<ConversationRow, 'pk' | 'id' | 'kind'>>(
      `SELECT c.pk, c.id, c.kind FROM
           (SELECT conversation FROM member INDEXED BY member_many WHERE tenant = ? AND user_id = ? AND many LIMIT ?) m
           JOIN conversation c ON c.pk = m.conversation ORDER BY c.id FOR UPDATE OF c`,
      tenant,
      userId,
      limit,
    );
    const roles = yield* this.#drop(userId, rows);
    const groups: LeftGroup[] = [];
    for (const { pk, id, kind } of rows) {
      const role = roles.get(pk);
      if (kind !== 'group' || role === undefined) continue;
      groups.push({ conversationId: id, changed: yield* this.#succeed(pk, role) });
    }
    return { rows: rows.length, groups };
  }

  *#leaveOthers(tenant: number, userId: string, limit: number): Op<number> {
    const rows = yield* all<{ pk: number }>(
      `SELECT c.pk FROM (SELECT conversation FROM member WHERE tenant = ? AND user_id = ? LIMIT ?) m
           JOIN conversation c ON c.pk = m.conversation ORDER BY c.id FOR UPDATE OF c`,
      tenant,
      userId,
      limit,
    );
    yield* this.#drop(userId, rows);
    return rows.length;
  }

  /** Ends a user's memberships of these conversations, which are locked, and keeps nothing of them; returns the roles that it had. */
  *#drop(
    userId: string,
    conversations: readonly { readonly pk: number }[],
  ): Op<ReadonlyMap<number, MemberRole>> {
    if (conversations.length === 0) return new Map();
    const rows = yield* all<{ conversation: number; role: MemberRole }>(
      'SELECT conversation, role FROM member WHERE user_id = ? AND conversation IN INTEGERS(?)',
      userId,
      conversations.map(({ pk }) => pk),
    );
    const keys = rows.map(({ conversation }) => conversation);
    yield* run('DELETE FROM member WHERE user_id = ? AND conversation IN INTEGERS(?)', userId, keys);
    yield* run(
      `UPDATE conversation SET member_count = member_count - 1 WHERE pk IN INTEGERS(?) AND kind <> '${ENDED}'`,
      keys,
    );
    return new Map(rows.map(({ conversation, role }) => [conversation, role]));
  }

  *findMember(tenant: string, conversationId: string, userId: string): Op<Member | undefined> {
    const key = yield* this.#tenants.find(tenant);
    const conversation = key === undefined ? undefined : yield* this.row(key, conversationId);
    const row = conversation && (yield* this.#memberRow(conversation.pk, userId));
    return row && (yield* this.#toMember(conversation.pk, row));
  }

  *listMembers(tenant: string, conversationId: string, { after = '', limit }: Page): Op<Member[]> {
    const key = yield* this.#tenants.find(tenant);
    const conversation = key === undefined ? undefined : yield* this.row(key, conversationId);
    if (!conversation) return [];
    const rows = yield* all<MemberRow>(
      `SELECT ${MEMBER_COLUMNS} FROM member WHERE conversation = ? AND user_id > ? AND NOT ${IS_NOBODY} ORDER BY user_id LIMIT ?`,
      conversation.pk,
      after,
      limit,
    );
    return yield* mapped(rows, (row) => this.#toMember(conversation.pk, row));
  }

  *listMemberships(tenant: string, userId: string): Op<Membership[]> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return [];
    const rows = yield* all<{ id: string; kind: ConversationKind; role: MemberRole }>(
      `SELECT c.id, c.kind, m.role FROM member m INDEXED BY member_many JOIN conversation c ON c.pk = m.conversation
           WHERE m.tenant = ? AND m.user_id = ? AND m.many AND c.kind <> '${ENDED}'`,
      key,
      userId,
    );
    return rows.map(({ id, kind, role }) => ({ conversationId: id, kind, role }));
  }

  *listPeers({ tenant, userId, maxMembers, limit }: PeerQuery): Op<string[]> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return [];
    const rows = yield* all<{ id: string }>(
      `SELECT DISTINCT other.user_id AS id FROM member own
           JOIN conversation c ON c.pk = own.conversation
           JOIN member other ON other.conversation = own.conversation AND NOT ${IS_NOBODY.replaceAll('member.', 'other.')}
           WHERE own.tenant = ? AND own.user_id = ? AND other.user_id <> own.user_id
             AND (c.kind = 'single' OR (c.kind = 'group' AND c.member_count <= ?)) LIMIT ?`,
      key,
      userId,
      maxMembers,
      limit,
    );
    return rows.map(({ id }) => id);
  }

  *rename(pk: number, name: string): Op<void> {
    yield* run('UPDATE conversation SET name = ? WHERE pk = ?', name, pk);
  }

  /** What members see of before they came, from now on. */
  *setHistory(pk: number, history: HistoryAccess): Op<void> {
    yield* run('UPDATE conversation SET history = ? WHERE pk = ?', history, pk);
  }

  /** Keeps others from writing in a conversation until the transaction ends. To be done before anything of it is locked. */
  *lock(pk: number): Op<void> {
    yield* get('SELECT pk FROM conversation WHERE pk = ? FOR UPDATE', pk);
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

  *#toMember(pk: number, row: MemberRow): Op<Member> {
    const { delivered, read } = (yield* this.#reach.of(pk, row.user_id)) ?? row;
    return {
      userId: row.user_id,
      role: row.role,
      joinedAt: row.joined_at,
      deliveredSeq: delivered,
      readSeq: read,
    };
  }

  *#memberRow(pk: number, userId: string): Op<MemberRow | undefined> {
    return yield* get<MemberRow>(
      `SELECT ${MEMBER_COLUMNS} FROM member WHERE conversation = ? AND user_id = ? AND NOT ${IS_NOBODY}`,
      pk,
      userId,
    );
  }

  *#requireGroup(tenant: string, id: string): Op<ConversationRow> {
    const key = yield* this.#tenants.find(tenant);
    const row = key === undefined ? undefined : yield* this.row(key, id);
    requireGroup(row, id);
    return row;
  }

  *#requireMember(pk: number, userId: string): Op<MemberRow> {
    const row = yield* this.#memberRow(pk, userId);
    requireMember(row, userId);
    return row;
  }

  *#existing(tenant: number, members: readonly NewMember[]): Op<ReadonlySet<string>> {
    const ids = members.map(({ userId }) => userId);
    return yield* this.#users.existing(tenant, ids);
  }
}

function requireUsers(users: ReadonlySet<string>, members: readonly NewMember[], field: string): void {
  for (const { userId } of members) requireUser(users.has(userId), userId, field);
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
