import type { Conversation, HistoryAccess, Member, MemberRole, Timestamp } from '../model.ts';
import type { GroupActor } from '../rules/group-rights.ts';
import type { Picture } from './file-store.ts';
import type { Page } from './page.ts';
import type { Swept } from './remains-store.ts';

export interface NewGroup {
  readonly tenant: string;
  readonly id: string;
  readonly name: string;
  /** As in `NewUser`. */
  readonly picture?: Picture;
  /** `all` where absent. */
  readonly history?: HistoryAccess;
  readonly members: readonly NewMember[];
  readonly createdAt: Timestamp;
  /** Who makes it. */
  readonly actorId?: string;
}

export interface NewMember {
  readonly userId: string;
  readonly role: MemberRole;
}

/** Who is to become a member of a group. */
export interface Addition {
  /** Whose rights are asked for; the tenant's own where absent. */
  readonly by?: GroupActor;
  readonly tenant: string;
  readonly conversationId: string;
  readonly members: readonly NewMember[];
}

export interface NewMembers extends Addition {
  readonly maxMembers: number;
  readonly at: Timestamp;
}

export interface GroupPatch {
  readonly name?: string;
  /** As in `UserPatch`. */
  readonly picture?: Picture;
  readonly history?: HistoryAccess;
}

export interface Removal {
  readonly tenant: string;
  readonly conversationId: string;
  readonly userId: string;
  /** Who is to be the owner afterwards; whoever the rules name where absent and needed. */
  readonly successorId?: string;
  readonly by?: GroupActor;
}

export interface RoleChange {
  readonly tenant: string;
  readonly conversationId: string;
  readonly userId: string;
  readonly role: MemberRole;
  readonly by?: GroupActor;
}

export interface HandOver {
  readonly tenant: string;
  readonly conversationId: string;
  /** The new owner. */
  readonly userId: string;
  readonly by?: GroupActor;
}

/** A group that a user was in until it was deleted. */
export interface LeftGroup {
  readonly conversationId: string;
  /** Who has another role by it. */
  readonly changed: readonly NewMember[];
}

export interface MembershipQuery {
  readonly tenant: string;
  readonly userId: string;
  /** Most memberships that are looked at. */
  readonly limit: number;
}

export interface MembershipPage {
  readonly conversationIds: readonly string[];
  /** Where the next page begins; absent where this is the last one. */
  readonly next?: number;
}

export interface PeerQuery {
  readonly tenant: string;
  readonly userId: string;
  /** Groups with more members than this make no peers. */
  readonly maxMembers: number;
  readonly limit: number;
}

/**
 * Groups, their members, and whom a user shares conversations with.
 *
 * Rights in groups are those of `group-rights.ts`, judged by what the actor `by` is inside the write: ENOENT for one who is
 * neither a member nor a manager, EPERM for what it may not do.
 */
export interface ConversationStore {
  /** A member named twice is one. ECONFLICT where the id is taken; ENOENT (field `members`) where a member is no user. */
  createGroup(group: NewGroup): Promise<Conversation>;
  findConversation(tenant: string, id: string): Promise<Conversation | undefined>;
  /** Groups by id, of one member where `userId` is given. */
  listGroups(tenant: string, page: Page, userId?: string): Promise<Conversation[]>;
  /** ENOENT. */
  updateGroup(tenant: string, id: string, patch: GroupPatch, by?: GroupActor): Promise<Conversation>;
  /**
   * Ends all memberships for everybody at once; their rows are the group's remains. Its id is free. Returns the first of those
   * who were members. ENOENT.
   */
  deleteGroup(tenant: string, id: string, at: Timestamp, by?: GroupActor): Promise<Swept>;
  /**
   * Returns those who were not members before. Who was one once has what it had then, and as undelivered what it missed and
   * may see; for others nothing of before is undelivered. ENOENT for the group or (field `userId`) a user; ETOOLONG where the group
   * would have more than `maxMembers`.
   */
  addMembers(addition: NewMembers): Promise<string[]>;
  /** Those whom `addMembers` would add, as far as nothing changes meanwhile. Refuses as that does, whatever the group's size. */
  listJoining(addition: Addition): Promise<string[]>;
  /** ENOENT for the group or the member; ECONFLICT where the group would lose its only owner. */
  setMemberRole(change: RoleChange): Promise<Member>;
  /**
   * Keeps what the member had, for when it comes again. Where the only owner goes, another member becomes owner. Returns who has another role by it. ENOENT for the group, the
   * member or (field `successorId`) the successor; EPERM for the successor of one who is no owner.
   */
  removeMember(removal: Removal): Promise<NewMember[]>;
  /**
   * Makes a member owner and the actor, or all owners where the actor is none, admin. Returns who has another role by it.
   * ENOENT for the group or the member.
   */
  handOverGroup(change: HandOver): Promise<NewMember[]>;
  findMember(tenant: string, conversationId: string, userId: string): Promise<Member | undefined>;
  /** By user id. */
  listMembers(tenant: string, conversationId: string, page: Page): Promise<Member[]>;
  /**
   * The first page of the groups, rooms and service conversations the user is a member of, but those of closed service sessions,
   * in any order.
   */
  listMemberships(query: MembershipQuery): Promise<MembershipPage>;
  /**
   * The next page of the same, which few users have. Pages are of different moments: each has what was there before the first
   * one and has not ended since.
   */
  listFurtherMemberships(query: MembershipQuery & { readonly after: number }): Promise<MembershipPage>;
  /** The other users of the user's single chats and groups, each once, at most `limit`, in any order. */
  listPeers(query: PeerQuery): Promise<string[]>;
}
