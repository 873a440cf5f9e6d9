import { DomainError } from '../errors.ts';
import type { Member, MemberRole } from '../model.ts';

/** Who acts on a group. */
export interface GroupActor {
  readonly userId: string;
  /** A manager of the tenant may do everything, as a member or not. */
  readonly isManager: boolean;
}

/** What an actor is to a group. */
export type Standing = 'manager' | MemberRole;

/** What can be done to a group by others than the member concerned. */
export type GroupAct =
  | { readonly kind: 'update' | 'dissolve' | 'hand-over' }
  /** Adds a member with this role. */
  | { readonly kind: 'add'; readonly role: MemberRole }
  /** Removes a member of this role. */
  | { readonly kind: 'remove'; readonly role: MemberRole }
  | { readonly kind: 'set-role'; readonly from: MemberRole; readonly to: MemberRole };

const RANKS: Readonly<Record<Standing, number>> = { member: 0, admin: 1, owner: 2, manager: 3 };

/** Whether somebody of this standing may do that: owners what they like below them, admins what concerns plain members. */
export function mayAct(standing: Standing, act: GroupAct): boolean {
  const rank = RANKS[standing];
  switch (act.kind) {
    case 'update':
      return rank >= RANKS.admin;
    case 'dissolve':
    case 'hand-over':
      return rank >= RANKS.owner;
    case 'add':
      return rank >= (act.role === 'member' ? RANKS.admin : RANKS.owner);
    case 'remove':
      return rank >= RANKS.admin && rank > RANKS[act.role];
    case 'set-role':
      return rank >= RANKS.owner && rank > RANKS[act.from];
  }
}

/** Throws EPERM unless somebody of this standing may do that. */
export function requireAct(standing: Standing, act: GroupAct): void {
  if (mayAct(standing, act)) return;
  throw new DomainError('EPERM', REFUSALS[act.kind]);
}

const REFUSALS: Readonly<Record<GroupAct['kind'], string>> = {
  update: 'only an owner or admin of the group may change it',
  dissolve: 'only an owner may dissolve the group',
  'hand-over': 'only an owner may hand the group over',
  add: 'only an owner or admin may add members, and only an owner admins and owners',
  remove: 'an owner removes admins and members, an admin members',
  'set-role': 'only an owner may give others a role',
};

/** Members may step down by themselves, and not up. Throws EPERM. */
export function requireStepDown(from: MemberRole, to: MemberRole): void {
  if (RANKS[to] <= RANKS[from]) return;
  throw new DomainError('EPERM', REFUSALS['set-role']);
}

/** A group that has owners keeps one. Throws ECONFLICT where its only owner would get another role. */
export function requireOwnerLeft(from: MemberRole, to: MemberRole, owners: number): void {
  if (from !== 'owner' || to === 'owner' || owners > 1) return;
  throw new DomainError('ECONFLICT', 'the group would have no owner: hand it over', { field: 'role' });
}

/** Whoever is to follow an owner that leaves: the admin who is a member longest, else the plain member. */
export function successorOf(members: readonly Member[]): Member | undefined {
  return members.toSorted(
    (a, b) => RANKS[b.role] - RANKS[a.role] || a.joinedAt - b.joinedAt || (a.userId < b.userId ? -1 : 1),
  )[0];
}
