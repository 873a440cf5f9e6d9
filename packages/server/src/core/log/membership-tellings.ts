import type { ConversationKind } from '../model.ts';
import type { NewMember } from '../ports/conversation-store.ts';
import { conversationTopic, userTopic } from '../topics.ts';
import type {
  GroupCreated,
  GroupEnded,
  GroupsLeft,
  MemberGone,
  MembersAdded,
  MembersOut,
  RolesChanged,
  RoomEnded,
  UserGone,
} from './log-entry.ts';
import { notify, publish, type Telling } from './telling.ts';

/** Where members come, and who brings them. */
interface Joining {
  readonly tenant: string;
  readonly conversationId: string;
  readonly kind: ConversationKind;
  readonly actorId: string;
}

/**
 * Lets the sessions of new members into their conversation: each hears what it is told from now on, after what the member was
 * told before.
 */
function* letIn(
  { tenant, conversationId, ...of }: Joining,
  members: readonly NewMember[],
): Iterable<Telling> {
  for (const { userId, role } of members) {
    const topics = [userTopic(tenant, userId), conversationTopic(tenant, conversationId)];
    yield notify(topics, { type: 'member.added', tenant, conversationId, ...of, userId, role });
  }
}

/** Tells a conversation, its new members included, who came. */
function* came({ tenant, conversationId, ...of }: Joining, members: readonly NewMember[]): Iterable<Telling> {
  const topics = [conversationTopic(tenant, conversationId)];
  for (const { userId, role } of members) {
    yield publish(topics, { type: 'member.added', tenant, conversationId, ...of, userId, role });
  }
}

/** All are in before anybody is told, so that they get the same. */
export function* added(joining: Joining, members: readonly NewMember[]): Iterable<Telling> {
  yield* letIn(joining, members);
  yield* came(joining, members);
}

/** Lets new members in, and tells everybody in the conversation. */
export function membersAdded({ type: _, members, ...joining }: MembersAdded): Iterable<Telling> {
  return added(joining, members);
}

/** Tells a new group of itself and of its members. */
export function* groupCreated({ conversation, members, actorId }: GroupCreated): Iterable<Telling> {
  const { tenant, id: conversationId } = conversation;
  const joining = { tenant, conversationId, kind: 'group', actorId } as const;
  // First the members' sessions join: then they are told of it all.
  yield* letIn(joining, members);
  const topics = [conversationTopic(tenant, conversationId)];
  yield publish(topics, { type: 'conversation.created', conversation, actorId });
  yield* came(joining, members);
}

/** Tells a group who has another role now. */
export function* rolesChanged({ tenant, conversationId, members, actorId }: RolesChanged): Iterable<Telling> {
  const topics = [conversationTopic(tenant, conversationId)];
  for (const { userId, role } of members) {
    yield publish(topics, { type: 'member.changed', tenant, conversationId, userId, role, actorId });
  }
}

/** Tells the conversation, and the one who is no member any more. */
export function* memberRemoved({ type: _, ...gone }: MemberGone): Iterable<Telling> {
  const { tenant, conversationId, userId } = gone;
  const topics = [conversationTopic(tenant, conversationId), userTopic(tenant, userId)];
  yield publish(topics, { type: 'member.removed', ...gone });
}

/** Tells a group once that it is no more, and each of the members that are named, alone, that it is none any more. */
export function* groupDissolved({ members, type: _, ...of }: GroupEnded): Iterable<Telling> {
  // First the members' sessions know that they leave as soon as this was told to them.
  yield* endAhead(of, members);
  const topics = [conversationTopic(of.tenant, of.conversationId)];
  yield publish(topics, { type: 'group.dissolved', ...of });
  yield* outOfGroup(of, members);
}

/** Tells further members of what ended that they are none any more. */
export function* membersOut({ type: _, kind, members, ...of }: MembersOut): Iterable<Telling> {
  if (kind === 'room') {
    yield* outOfRoom(of, members);
    return;
  }
  yield* endAhead(of, members);
  yield* outOfGroup(of, members);
}

/** What ended, and who ended it. */
type Ended = Omit<Joining, 'kind'>;

function* endAhead(of: Ended, members: readonly string[]): Iterable<Telling> {
  const topics = members.map((userId) => userTopic(of.tenant, userId));
  if (topics.length > 0) yield notify(topics, { type: 'group.dissolved', ...of });
}

function* outOfGroup(of: Ended, members: readonly string[]): Iterable<Telling> {
  for (const userId of members) {
    const removal = { type: 'member.removed', kind: 'group', userId, isOfEnded: true, ...of } as const;
    yield publish([userTopic(of.tenant, userId)], removal);
  }
}

function* outOfRoom(of: Ended, members: readonly string[]): Iterable<Telling> {
  for (const userId of members) yield* memberRemoved({ type: 'member-removed', kind: 'room', userId, ...of });
}

/** Tells a room who leaves with its end, and that it ended. */
export function* roomClosed({ type: _, members, ...of }: RoomEnded): Iterable<Telling> {
  yield* outOfRoom(of, members);
  const { tenant, conversationId: roomId } = of;
  yield publish([conversationTopic(tenant, roomId)], { type: 'room.closed', tenant, roomId });
}

/** Tells the user's groups that it has left, and its sessions that it is no more. */
export function* userDeleted({ type: _, ...gone }: UserGone): Iterable<Telling> {
  yield* groupsLeft({ type: 'groups-left', ...gone });
  const { tenant, userId } = gone;
  yield publish([userTopic(tenant, userId)], { type: 'user.deleted', tenant, userId });
}

/** Tells groups that a deleted user has left. */
export function* groupsLeft({ tenant, userId, groups, actorId }: GroupsLeft): Iterable<Telling> {
  for (const { conversationId, changed } of groups) {
    const of = { tenant, conversationId, actorId };
    yield* memberRemoved({ type: 'member-removed', kind: 'group', userId, ...of });
    yield* rolesChanged({ type: 'roles-changed', members: changed, ...of });
  }
}
