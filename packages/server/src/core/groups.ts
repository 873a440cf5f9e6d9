import { isManager, requireManager } from './access.ts';
import { DomainError } from './errors.ts';
import type { EventSink } from './events.ts';
import type { Limits } from './limits.ts';
import { letIn, memberAdded, tellAdded, tellConversation, tellRemoved } from './membership-news.ts';
import type { Conversation, Member, MemberRole, Principal } from './model.ts';
import type { Clock, IdSource } from './ports/clock.ts';
import type { GroupPatch, Membership, NewMember, Page, Store } from './ports/store.ts';
import { conversationTopic } from './topics.ts';
import { requireId, requireLength } from './validate.ts';

export interface GroupInput {
  /** Made by the server where absent. */
  readonly id?: string;
  readonly name: string;
  readonly avatar?: string;
  readonly members?: readonly MemberInput[];
}

export interface MemberInput {
  readonly userId: string;
  readonly role?: MemberRole;
}

export interface GroupsDeps {
  readonly store: Store;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: Limits;
}

/** The groups of every tenant and who is in them. Managing takes a manager; members may look. */
export class Groups {
  readonly #deps: GroupsDeps;

  constructor(deps: GroupsDeps) {
    this.#deps = deps;
  }

  /** EPERM, EINVAL, ETOOLONG; ENOENT where a member is no user; ECONFLICT where the id is taken. */
  async create(actor: Principal, input: GroupInput): Promise<Conversation> {
    requireManager(actor);
    const { store, sink, clock, ids } = this.#deps;
    const members = this.#newMembers(input.members ?? []);
    const group = await store.createGroup({
      tenant: actor.tenant,
      id: requireId(input.id ?? ids.next(), 'id'),
      name: requireLength(input.name, 'name', 1, 128),
      avatar: requireLength(input.avatar ?? '', 'avatar', 0, 2048),
      members,
      createdAt: clock.now(),
    });
    const additions = members.map((member) => memberAdded(actor, group.id, member));
    // First the members' sessions join: then they are told of it all.
    for (const addition of additions) letIn(sink, addition);
    sink.publish([conversationTopic(actor.tenant, group.id)], {
      type: 'conversation.created',
      conversation: group,
      actorId: actor.userId,
    });
    for (const addition of additions) tellConversation(sink, addition);
    return group;
  }

  /** ENOENT, also for one who is neither a member nor a manager. */
  async get(actor: Principal, id: string): Promise<Conversation> {
    const group = await this.#deps.store.findConversation(actor.tenant, id);
    if (group?.kind !== 'group') throw noGroup(id);
    await this.#requireSight(actor, id);
    return group;
  }

  /** All groups for a manager, one's own for anybody else. */
  async list(actor: Principal, page: Page): Promise<Conversation[]> {
    return this.#deps.store.listGroups(actor.tenant, page, isManager(actor) ? undefined : actor.userId);
  }

  async update(actor: Principal, id: string, change: GroupPatch): Promise<Conversation> {
    requireManager(actor);
    if (change.name !== undefined) requireLength(change.name, 'name', 1, 128);
    if (change.avatar !== undefined) requireLength(change.avatar, 'avatar', 0, 2048);
    const { store, sink } = this.#deps;
    const conversation = await store.updateGroup(actor.tenant, id, change);
    sink.publish([conversationTopic(actor.tenant, id)], {
      type: 'conversation.changed',
      conversation,
      actorId: actor.userId,
    });
    return conversation;
  }

  /** Ends the group: its memberships go, nobody can read or send any more. */
  async delete(actor: Principal, id: string): Promise<void> {
    requireManager(actor);
    const { store, sink } = this.#deps;
    const members = await store.deleteGroup(actor.tenant, id);
    for (const userId of members) tellRemoved(sink, actor, id, userId);
  }

  /** Adds those who are not members yet. EPERM, ENOENT; ETOOLONG where the group would have too many. */
  async addMembers(actor: Principal, id: string, inputs: readonly MemberInput[]): Promise<void> {
    requireManager(actor);
    const { store, sink, clock, limits } = this.#deps;
    const { tenant } = actor;
    const members = this.#newMembers(inputs);
    const added = new Set(
      await store.addMembers({
        tenant,
        conversationId: id,
        members,
        maxMembers: limits.maxGroupMembers,
        at: clock.now(),
      }),
    );
    for (const member of members) if (added.has(member.userId)) tellAdded(sink, actor, id, member);
  }

  async setMemberRole(actor: Principal, id: string, userId: string, role: MemberRole): Promise<Member> {
    requireManager(actor);
    const { store, sink } = this.#deps;
    const { tenant, userId: actorId } = actor;
    const member = await store.setMemberRole(tenant, id, userId, role);
    sink.publish([conversationTopic(tenant, id)], {
      type: 'member.changed',
      tenant,
      conversationId: id,
      userId,
      role,
      actorId,
    });
    return member;
  }

  /** Managers remove anybody, members themselves. */
  async removeMember(actor: Principal, id: string, userId: string): Promise<void> {
    if (userId !== actor.userId) requireManager(actor);
    const { store, sink } = this.#deps;
    await store.removeMember(actor.tenant, id, userId);
    tellRemoved(sink, actor, id, userId);
  }

  async listMembers(actor: Principal, id: string, page: Page): Promise<Member[]> {
    await this.get(actor, id);
    return this.#deps.store.listMembers(actor.tenant, id, page);
  }

  /** Every group the actor is in. */
  membershipsOf({ tenant, userId }: Principal): Promise<Membership[]> {
    return this.#deps.store.listMemberships(tenant, userId);
  }

  async #requireSight(actor: Principal, id: string): Promise<void> {
    if (isManager(actor)) return;
    if (!(await this.#deps.store.findMember(actor.tenant, id, actor.userId))) throw noGroup(id);
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

function noGroup(id: string): DomainError {
  return new DomainError('ENOENT', `no group ${id}`, { field: 'id' });
}
