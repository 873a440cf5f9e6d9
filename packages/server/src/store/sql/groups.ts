import type { Conversation, Member, Timestamp } from '../../core/model.ts';
import type {
  Addition,
  GroupPatch,
  HandOver,
  NewGroup,
  NewMember,
  NewMembers,
  Page,
  Removal,
  RoleChange,
} from '../../core/ports/store.ts';
import { type GroupActor, requireAct, type Standing } from '../../core/rules/group-rights.ts';
import {
  decideHandOver,
  requireGroup,
  requireGroupSize,
  requireRemoval,
  requireRoleChange,
  standingOf,
} from '../../core/rules/groups.ts';
import { requireFree } from '../../core/rules/ids.ts';
import { requireUsers } from '../../core/rules/users.ts';
import { type ConversationRow, SHOWN_COLUMNS, toConversation } from './conversation-row.ts';
import type { ConversationTable } from './conversations.ts';
import type { FileTable } from './files.ts';
import type { GroupOwners } from './group-owners.ts';
import type { MemberTable } from './members.ts';
import { all, mapped, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';
import type { UserTable } from './users.ts';

export interface GroupTableDeps {
  readonly tenants: Tenants;
  readonly users: UserTable;
  readonly files: FileTable;
  readonly conversations: ConversationTable;
  readonly members: MemberTable;
  readonly owners: GroupOwners;
}

/** SQL of groups: what is done to one, and by whom. */
export class GroupTable {
  readonly #deps: GroupTableDeps;

  constructor(deps: GroupTableDeps) {
    this.#deps = deps;
  }

  *create(group: NewGroup): Op<Conversation> {
    const { tenants, users, files, conversations } = this.#deps;
    const ids = userIds(group.members);
    const existing = yield* users.existing(yield* tenants.ensure(group.tenant), ids);
    const tenant = yield* tenants.lock(group.tenant);
    requireFree((yield* conversations.row(tenant, group.id)) !== undefined, 'id', group.id);
    requireUsers(existing, ids, 'members');
    const file = yield* files.requirePicture(tenant, group.picture);
    const row = yield* conversations.create(tenant, 'group', group);
    if (file !== null) yield* files.showGroup(row.pk, file, group.createdAt);
    return toConversation(group.tenant, row);
  }

  *list(tenant: string, { after = '', limit }: Page, userId?: string): Op<Conversation[]> {
    const key = yield* this.#deps.tenants.find(tenant);
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

  *update(tenant: string, id: string, patch: GroupPatch, by?: GroupActor): Op<Conversation> {
    const { files } = this.#deps;
    const row = yield* this.#requireGroup(tenant, id);
    requireAct(yield* this.#standing(row, by), { kind: 'update' });
    const { picture } = patch;
    if (picture && picture.address !== row.avatar) {
      yield* files.showGroup(row.pk, yield* files.requirePicture(row.tenant, picture), picture.at);
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

  /** Returns the key. What is left of it is to be removed. */
  *delete(tenant: string, id: string, at: Timestamp, by?: GroupActor): Op<number> {
    const row = yield* this.#requireGroup(tenant, id);
    requireAct(yield* this.#standing(row, by), { kind: 'dissolve' });
    yield* this.#deps.files.showGroup(row.pk, null, at);
    yield* this.#deps.conversations.end(row.pk);
    return row.pk;
  }

  *addMembers({ maxMembers, at, ...addition }: NewMembers): Op<string[]> {
    const { row, joining } = yield* this.#requireAddition(addition);
    requireGroupSize(row.member_count, joining.length, maxMembers);
    return yield* this.#deps.members.addNew(row, joining, at);
  }

  *listJoining(addition: Addition): Op<string[]> {
    const { joining } = yield* this.#requireAddition(addition);
    return joining.map(({ userId }) => userId);
  }

  /** The group, and those of new members who are none yet. */
  *#requireAddition(addition: Addition): Op<{ row: ConversationRow; joining: readonly NewMember[] }> {
    const { tenant, conversationId, members, by } = addition;
    const { tenants, users } = this.#deps;
    const ids = userIds(members);
    const existing = yield* users.existing((yield* tenants.find(tenant)) ?? -1, ids);
    const row = yield* this.#requireGroup(tenant, conversationId);
    const standing = yield* this.#standing(row, by);
    for (const { role } of members) requireAct(standing, { kind: 'add', role });
    requireUsers(existing, ids, 'userId');
    return { row, joining: yield* this.#deps.members.joining(row.pk, members) };
  }

  *setRole({ tenant, conversationId, userId, role, by }: RoleChange): Op<Member> {
    const { members, owners } = this.#deps;
    const row = yield* this.#requireGroup(tenant, conversationId);
    requireRoleChange(yield* this.#standing(row, by), {
      from: (yield* members.require(row.pk, userId)).role,
      to: role,
      isActor: by?.userId === userId,
      owners: (yield* owners.of(row.pk)).length,
    });
    yield* members.setRole(row.pk, userId, role);
    return yield* members.toMember(row.pk, yield* members.require(row.pk, userId));
  }

  /** Where the only owner goes, another becomes it. Returns who has another role by it. */
  *removeMember({ tenant, conversationId, userId, successorId, by }: Removal): Op<NewMember[]> {
    const { members, owners } = this.#deps;
    const row = yield* this.#requireGroup(tenant, conversationId);
    const standing = yield* this.#standing(row, by);
    const { role } = yield* members.require(row.pk, userId);
    requireRemoval(standing, {
      userId,
      role,
      isActor: by?.userId === userId,
      successor: successorId === undefined ? undefined : yield* this.#successorFacts(row.pk, successorId),
    });
    yield* members.remove(row.pk, userId);
    return yield* owners.succeed(row.pk, role, successorId);
  }

  *handOver({ tenant, conversationId, userId, by }: HandOver): Op<NewMember[]> {
    const { members, owners } = this.#deps;
    const row = yield* this.#requireGroup(tenant, conversationId);
    const { pk } = row;
    requireAct(yield* this.#standing(row, by), { kind: 'hand-over' });
    const { role } = yield* members.require(pk, userId);
    const changes = decideHandOver({ userId, role }, yield* owners.of(pk), by);
    return yield* mapped(changes, (change) => members.setRole(pk, change.userId, change.role));
  }

  *#successorFacts(pk: number, userId: string): Op<{ userId: string; isMember: boolean }> {
    return { userId, isMember: (yield* this.#deps.members.row(pk, userId)) !== undefined };
  }

  /** What an actor is to a group; a manager's standing where none is given. ENOENT for one who has no business with it. */
  *#standing({ pk, id }: ConversationRow, by: GroupActor | undefined): Op<Standing> {
    const member = by && !by.isManager ? yield* this.#deps.members.row(pk, by.userId) : undefined;
    return standingOf(by, member?.role, id);
  }

  *#requireGroup(tenant: string, id: string): Op<ConversationRow> {
    const row = yield* this.#deps.conversations.rowOf(tenant, id);
    requireGroup(row, id);
    return row;
  }
}

function userIds(members: readonly NewMember[]): string[] {
  return members.map(({ userId }) => userId);
}
