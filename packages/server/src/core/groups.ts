import { isManager, requireManager } from './access.ts';
import { batchesOf } from './batches.ts';
import { DomainError } from './errors.ts';
import type { Limits } from './limits.ts';
import { requireRate } from './message-access.ts';
import type { Conversation, HistoryAccess, Member, MemberRole, Principal } from './model.ts';
import { MAX_CONVERSATION_NAME_LENGTH, requireName } from './names.ts';
import { requirePicture } from './pictures.ts';
import { type Policies, requireWriter } from './policies.ts';
import type { Clock, IdSource } from './ports/clock.ts';
import type { Addition, ConversationStore, NewMember } from './ports/conversation-store.ts';
import type { Page } from './ports/page.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Remains } from './remains.ts';
import type { GroupActor } from './rules/group-rights.ts';
import { requireGroup, requireGroupSize, standingOf } from './rules/groups.ts';
import { requireId } from './validate.ts';

/** Members added by one write, and looked up by one read: what a database does in a few milliseconds. */
const ADDED_AT_ONCE = 200;
const LOOKED_AT_ONCE = 1000;
/** Memberships of the first page, which is among the short reads, and of each further one. */
const FIRST_MEMBERSHIPS = 200;
const FURTHER_MEMBERSHIPS = 500;

export interface GroupInput {
  /** Made by the server where absent. */
  readonly id?: string;
  readonly name: string;
  readonly avatar?: string;
  /** `all` where absent. */
  readonly history?: HistoryAccess;
  readonly members?: readonly MemberInput[];
}

export type GroupChange = Partial<Pick<GroupInput, 'name' | 'avatar' | 'history'>>;

export interface MemberInput {
  readonly userId: string;
  readonly role?: MemberRole;
}

export interface GroupsDeps {
  readonly store: Omit<ConversationStore, 'listPeers'>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: Limits;
  readonly rate: RateLimiter;
  readonly policies: Policies;
  readonly remains: Remains;
}

/**
 * The groups of every tenant and who is in them. Making one takes a manager; otherwise `group-rights.ts` says who may do
 * what, judged by the store inside the write. ENOENT for one who is neither a member nor a manager; ERATE, and EPERM for one
 * who may only read, where no manager acts.
 */
export class Groups {
  readonly #deps: GroupsDeps;

  constructor(deps: GroupsDeps) {
    this.#deps = deps;
  }

  /**
   * EPERM, EINVAL, ETOOLONG; ENOENT where a member is no user, or (field `avatar`) for a picture's file that the actor may not
   * see; ECONFLICT where the id is taken.
   */
  async create(actor: Principal, input: GroupInput): Promise<Conversation> {
    requireManager(actor);
    const { store, clock, ids, remains } = this.#deps;
    const members = this.#newMembers(input.members ?? []);
    const createdAt = clock.now();
    const id = requireId(input.id ?? ids.next(), 'id');
    await remains.finish(actor.tenant, id, 'group', 'room');
    return store.createGroup({
      tenant: actor.tenant,
      id,
      name: requireGroupName(input.name),
      picture: requirePicture(actor, input.avatar ?? '', createdAt),
      ...(input.history === undefined ? {} : { history: input.history }),
      members,
      createdAt,
      actorId: actor.userId,
    });
  }

  /** ENOENT, also for one who is neither a member nor a manager. */
  async get(actor: Principal, id: string): Promise<Conversation> {
    const group = await this.#deps.store.findConversation(actor.tenant, id);
    requireGroup(group, id);
    await this.#requireSight(actor, id);
    return group;
  }

  /** All groups for a manager, one's own for anybody else. */
  async list(actor: Principal, page: Page): Promise<Conversation[]> {
    return this.#deps.store.listGroups(actor.tenant, page, isManager(actor) ? undefined : actor.userId);
  }

  /** Owners and admins. EINVAL, ETOOLONG, EPERM; ENOENT, also as in `create`. */
  async update(actor: Principal, id: string, change: GroupChange): Promise<Conversation> {
    const { name, avatar, history } = change;
    const { store, clock } = this.#deps;
    const patch = {
      ...(name === undefined ? {} : { name: requireGroupName(name) }),
      ...(avatar === undefined ? {} : { picture: requirePicture(actor, avatar, clock.now()) }),
      ...(history === undefined ? {} : { history }),
    };
    return store.updateGroup(actor.tenant, id, patch, await this.#writer(actor));
  }

  /** Ends the group: its memberships go, nobody can read or send any more. Owners. EPERM. */
  async delete(actor: Principal, id: string): Promise<void> {
    const { store, clock, remains } = this.#deps;
    remains.leave(await store.deleteGroup(actor.tenant, id, clock.now(), await this.#writer(actor)));
  }

  /**
   * Adds those who are not members yet: owners and admins, and owners alone with another role than `member`. EPERM, ENOENT;
   * ETOOLONG where the group would have too many. Many come one batch after the other, so that others write meanwhile: all is
   * checked before the first, and what changes after that keeps out only those who have not come yet.
   */
  async addMembers(actor: Principal, id: string, inputs: readonly MemberInput[]): Promise<void> {
    const { store, clock, limits } = this.#deps;
    const { maxGroupMembers: maxMembers } = limits;
    const of = { tenant: actor.tenant, conversationId: id, by: await this.#writer(actor) };
    const add = (members: readonly NewMember[]) =>
      store.addMembers({ ...of, members, maxMembers, at: clock.now() });
    const members = this.#newMembers(inputs);
    if (members.length <= ADDED_AT_ONCE) {
      await add(members);
      return;
    }
    const joining = await this.#requireJoining(of, members);
    for (const batch of batchesOf(joining, ADDED_AT_ONCE)) await add(batch);
  }

  /** Those of many who are not members yet. Throws what adding them all at once would. */
  async #requireJoining(
    of: Omit<Addition, 'members'>,
    members: readonly NewMember[],
  ): Promise<readonly NewMember[]> {
    const { store, limits } = this.#deps;
    const joining = new Set<string>();
    for (const batch of batchesOf(members, LOOKED_AT_ONCE)) {
      for (const userId of await store.listJoining({ ...of, members: batch })) joining.add(userId);
    }
    const group = await store.findConversation(of.tenant, of.conversationId);
    requireGroup(group, of.conversationId);
    requireGroupSize(group.memberCount, joining.size, limits.maxGroupMembers);
    return members.filter(({ userId }) => joining.has(userId));
  }

  /** Owners give roles to those below them, and members step down. EPERM; ECONFLICT for the only owner. */
  async setMemberRole(actor: Principal, id: string, userId: string, role: MemberRole): Promise<Member> {
    const { tenant } = actor;
    const by = await this.#writer(actor);
    return this.#deps.store.setMemberRole({ tenant, conversationId: id, userId, role, by });
  }

  /**
   * Takes a member out: owners those below them, admins plain members, and everybody itself. Where the only owner goes,
   * `successorId` becomes owner, or whoever `successorOf` names. EPERM; ENOENT, also for the successor.
   */
  async removeMember(actor: Principal, id: string, userId: string, successorId?: string): Promise<void> {
    const isLeaving = userId === actor.userId;
    await this.#deps.store.removeMember({
      tenant: actor.tenant,
      conversationId: id,
      userId,
      ...(successorId === undefined ? {} : { successorId }),
      by: isLeaving ? this.#leaver(actor) : await this.#writer(actor),
    });
  }

  /** Makes another member owner and the actor admin; where a manager does it, all former owners. Owners. EPERM, ENOENT. */
  async handOver(actor: Principal, id: string, userId: string): Promise<void> {
    const by = await this.#writer(actor);
    await this.#deps.store.handOverGroup({ tenant: actor.tenant, conversationId: id, userId, by });
  }

  async listMembers(actor: Principal, id: string, page: Page): Promise<Member[]> {
    await this.get(actor, id);
    return this.#deps.store.listMembers(actor.tenant, id, page);
  }

  /** The ids of every group, room and service conversation the actor is in, page by page: there may be thousands. */
  async *membershipsOf({ tenant, userId }: Principal): AsyncGenerator<readonly string[], void> {
    const { store } = this.#deps;
    const of = { tenant, userId };
    let page = await store.listMemberships({ ...of, limit: FIRST_MEMBERSHIPS });
    yield page.conversationIds;
    while (page.next !== undefined) {
      page = await store.listFurtherMemberships({ ...of, after: page.next, limit: FURTHER_MEMBERSHIPS });
      yield page.conversationIds;
    }
  }

  /** One who changes a group. ERATE; EPERM where it may only read. */
  async #writer(actor: Principal): Promise<GroupActor> {
    if (!isManager(actor)) requireWriter(await this.#deps.policies.of(actor));
    return this.#leaver(actor);
  }

  /** One who goes, whatever it may do. ERATE. */
  #leaver(actor: Principal): GroupActor {
    const by = { userId: actor.userId, isManager: isManager(actor) };
    if (!by.isManager) requireRate(this.#deps.rate, this.#deps.limits, actor);
    return by;
  }

  async #requireSight(actor: Principal, id: string): Promise<void> {
    const by = { userId: actor.userId, isManager: isManager(actor) };
    if (by.isManager) return;
    const member = await this.#deps.store.findMember(actor.tenant, id, actor.userId);
    standingOf(by, member?.role, id);
  }

  /** Each user once, as it was named first. */
  #newMembers(inputs: readonly MemberInput[]): NewMember[] {
    const { maxGroupMembers } = this.#deps.limits;
    if (inputs.length > maxGroupMembers) {
      throw new DomainError('ETOOLONG', `members has more than ${maxGroupMembers} entries`, {
        field: 'members',
        limit: maxGroupMembers,
      });
    }
    const members = new Map<string, NewMember>();
    for (const { userId, role = 'member' } of inputs) {
      if (!members.has(userId)) members.set(userId, { userId, role });
    }
    return [...members.values()];
  }
}

function requireGroupName(name: string): string {
  return requireName(name, 'name', { max: MAX_CONVERSATION_NAME_LENGTH });
}
