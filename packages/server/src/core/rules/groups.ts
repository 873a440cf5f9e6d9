import { DomainError } from '../errors.ts';
import type { ConversationKind, MemberRole } from '../model.ts';
import type { NewMember } from '../ports/conversation-store.ts';
import {
  type GroupActor,
  requireAct,
  requireOwnerLeft,
  requireStepDown,
  type Standing,
} from './group-rights.ts';

/** Throws ENOENT unless a group was found. */
export function requireGroup<Found extends { readonly kind: ConversationKind }>(
  found: Found | undefined,
  id: string,
): asserts found is Found {
  if (found?.kind !== 'group') throw noGroup(id);
}

/** Throws ENOENT unless a membership was found. @param field the argument that names the member */
export function requireMember(found: unknown, userId: string, field = 'userId'): asserts found {
  if (!found) throw new DomainError('ENOENT', `${userId} is no member`, { field });
}

/**
 * What an actor is to a group: a manager where nobody is named. Throws ENOENT for one who is neither manager nor member:
 * the group is none of its business.
 *
 * @param role the actor's as a member
 */
export function standingOf(
  by: GroupActor | undefined,
  role: MemberRole | undefined,
  groupId: string,
): Standing {
  if (!by || by.isManager) return 'manager';
  if (role === undefined) throw noGroup(groupId);
  return role;
}

/** Throws ETOOLONG where a group would get more members than it may have. @param joining how many are new */
export function requireGroupSize(memberCount: number, joining: number, maxMembers: number): void {
  if (joining === 0 || memberCount + joining <= maxMembers) return;
  throw new DomainError('ETOOLONG', `a group may have ${maxMembers} members`, {
    field: 'members',
    limit: maxMembers,
  });
}

/** One who is to leave a group, and who is named to own the group afterwards. */
export interface RemovalFacts {
  readonly userId: string;
  readonly role: MemberRole;
  readonly isActor: boolean;
  readonly successor: { readonly userId: string; readonly isMember: boolean } | undefined;
}

/**
 * Members leave by themselves, others are removed by their betters. Throws EPERM for an actor who is neither, and for the
 * successor of one who is no owner; ENOENT for a successor who is not a member afterwards.
 */
export function requireRemoval(standing: Standing, { userId, role, isActor, successor }: RemovalFacts): void {
  if (!isActor) requireAct(standing, { kind: 'remove', role });
  if (!successor) return;
  if (role !== 'owner') {
    throw new DomainError('EPERM', 'only an owner has a successor', { field: 'successorId' });
  }
  requireMember(successor.isMember && successor.userId !== userId, successor.userId, 'successorId');
}

/** A member who is to have another role. */
export interface RoleChangeFacts {
  readonly from: MemberRole;
  readonly to: MemberRole;
  readonly isActor: boolean;
  /** How many owners the group has before the change. */
  readonly owners: number;
}

/**
 * Members step down by themselves, other roles are given by their betters. Throws EPERM for an actor who is neither, and
 * ECONFLICT where the group would have no owner any more.
 */
export function requireRoleChange(standing: Standing, { from, to, isActor, owners }: RoleChangeFacts): void {
  if (isActor && standing !== 'manager') requireStepDown(from, to);
  else requireAct(standing, { kind: 'set-role', from, to });
  requireOwnerLeft(from, to, owners);
}

/**
 * Who gets another role where a group is handed over: the heir becomes owner, and the owner who hands it over an admin, as
 * all owners do where a manager does it who is none.
 */
export function decideHandOver(
  heir: NewMember,
  owners: readonly string[],
  by: GroupActor | undefined,
): NewMember[] {
  const former = by && owners.includes(by.userId) ? [by.userId] : owners;
  const demoted = former
    .filter((owner) => owner !== heir.userId)
    .map((userId) => ({ userId, role: 'admin' as const }));
  return heir.role === 'owner' ? demoted : [{ userId: heir.userId, role: 'owner' }, ...demoted];
}

function noGroup(id: string): DomainError {
  return new DomainError('ENOENT', `no group ${id}`, { field: 'id' });
}
