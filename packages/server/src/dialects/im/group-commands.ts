import type { GroupChange, Groups } from '../../core/groups.ts';
import type { Principal } from '../../core/model.ts';
import type { ImBody } from './schemas.ts';

/** What a command on a group may use. */
interface GroupContext {
  readonly core: { readonly groups: Groups };
  readonly principal: Principal;
}

/** What members do to their groups. Everybody concerned, the session that asks too, is told by the events of the group. */
export const GROUP_COMMANDS = {
  '/app/group-add-members': (
    { core, principal }: GroupContext,
    { groupId, userIds, role = 'member' }: ImBody<'/app/group-add-members'>,
  ) =>
    core.groups.addMembers(
      principal,
      groupId,
      userIds.map((userId) => ({ userId, role })),
    ),
  '/app/group-remove-member': (
    { core, principal }: GroupContext,
    { groupId, userId }: ImBody<'/app/group-remove-member'>,
  ) => core.groups.removeMember(principal, groupId, userId),
  '/app/group-update': ({ core, principal }: GroupContext, body: ImBody<'/app/group-update'>) =>
    core.groups.update(principal, body.groupId, patchOf(body)),
  '/app/group-set-role': (
    { core, principal }: GroupContext,
    { groupId, userId, role }: ImBody<'/app/group-set-role'>,
  ) => core.groups.setMemberRole(principal, groupId, userId, role),
  '/app/group-hand-over': (
    { core, principal }: GroupContext,
    { groupId, userId }: ImBody<'/app/group-hand-over'>,
  ) => core.groups.handOver(principal, groupId, userId),
  '/app/group-leave': (
    { core, principal }: GroupContext,
    { groupId, successorId }: ImBody<'/app/group-leave'>,
  ) => core.groups.removeMember(principal, groupId, principal.userId, successorId),
  '/app/group-dissolve': ({ core, principal }: GroupContext, { groupId }: ImBody<'/app/group-dissolve'>) =>
    core.groups.delete(principal, groupId),
};

function patchOf({ name, avatar }: ImBody<'/app/group-update'>): GroupChange {
  return { ...(name === undefined ? {} : { name }), ...(avatar === undefined ? {} : { avatar }) };
}
