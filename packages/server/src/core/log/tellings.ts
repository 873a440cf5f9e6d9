import { partyTopics } from '../desk/service-news.ts';
import type { CoreEvent, EventSink, OnDemandType } from '../events.ts';
import { isFirstOfTwo, sentStatus, topicsOf } from '../message-access.ts';
import type { ConversationKind } from '../model.ts';
import { isShown } from '../on-demand.ts';
import type { NewMember } from '../ports/conversation-store.ts';
import type { Unseen } from '../ports/message-store.ts';
import { conversationTopic, tenantTopic, userTopic } from '../topics.ts';
import type {
  GroupCreated,
  GroupEnded,
  GroupsLeft,
  LogEntry,
  MemberGone,
  MembersAdded,
  MembersOut,
  MessageAltered,
  MessageAppended,
  MessageHid,
  MessagePin,
  RolesChanged,
  RoomEnded,
  ServiceHandedOver,
  UserGone,
} from './log-entry.ts';

/** An event, where it is told, and how. */
export interface Telling {
  readonly topics: readonly string[];
  readonly event: CoreEvent;
  /** `notify` for the bookkeeping of sessions only; see `EventSink`. */
  readonly how: 'publish' | 'notify' | 'on-demand';
}

type Tellings = {
  readonly [Type in LogEntry['type']]: (entry: LogEntry & { type: Type }) => Iterable<Telling>;
};

/** Who is told what, in which order, of each kind of entry. */
const TELLINGS: Tellings = {
  'message-appended': messageAppended,
  'message-changed': messageChanged,
  'message-hidden': messageHidden,
  'message-pinned': pinChanged,
  'message-unpinned': pinChanged,
  'group-created': groupCreated,
  'conversation-changed': ({ conversation, actorId }) => [
    publish([conversationTopic(conversation.tenant, conversation.id)], {
      type: 'conversation.changed',
      conversation,
      actorId,
    }),
  ],
  'group-dissolved': groupDissolved,
  'members-added': membersAdded,
  'roles-changed': rolesChanged,
  'member-removed': memberRemoved,
  'room-closed': roomClosed,
  'members-out': membersOut,
  'access-ended': ({ user: { tenant, id: userId, role }, cause }) => [
    publish([userTopic(tenant, userId)], { type: 'user.access', tenant, userId, cause, role }),
  ],
  // To whom is asked by who tells it: those who share a conversation with the user.
  'user-changed': ({ user, actorId }) => [publish([], { type: 'user.changed', user, actorId })],
  'user-deleted': userDeleted,
  'groups-left': groupsLeft,
  'service-handed-over': handedOver,
  'service-changed': ({ change, session }) => [
    publish(partyTopics(session), { type: 'service.changed', change, session, formerAgentId: null }),
  ],
  'note-added': ({ note, agentId, originSession }) => {
    const users = [...new Set([note.authorId, agentId ?? note.authorId])];
    const topics = users.map((userId) => userTopic(note.tenant, userId));
    return [publish(topics, { type: 'service.noted', note, ...fromSession(originSession) })];
  },
  'notification-published': ({ notification, recipients }) => {
    const { tenant } = notification;
    const topics = recipients?.map((userId) => userTopic(tenant, userId)) ?? [tenantTopic(tenant)];
    return [publish(topics, { type: 'notification', notification })];
  },
  'settings-changed': ({ event }) => [publish([tenantTopic(event.tenant)], event)],
  'permission-changed': ({ event }) => [publish([userTopic(event.tenant, event.userId)], event)],
};

/** The events of an entry, in the order in which they are told. */
export function tellingsOf(entry: LogEntry): Iterable<Telling> {
  // The entry's type chooses the function, which the compiler cannot see.
  return (TELLINGS[entry.type] as (entry: LogEntry) => Iterable<Telling>)(entry);
}

/** Tells all whom an entry concerns, but those of whom the entry does not know. */
export function tellEntry(sink: EventSink, entry: LogEntry): void {
  for (const { topics, event, how } of tellingsOf(entry)) {
    if (topics.length === 0) continue;
    if (how === 'notify') sink.notify(topics, event);
    else if (how === 'publish' || isShown(sink, topics, event.type as OnDemandType)) {
      sink.publish(topics, event);
    }
  }
}

function publish(topics: readonly string[], event: CoreEvent): Telling {
  return { topics, event, how: 'publish' };
}

function notify(topics: readonly string[], event: CoreEvent): Telling {
  return { topics, event, how: 'notify' };
}

function onDemand(topics: readonly string[], event: CoreEvent & { type: OnDemandType }): Telling {
  return { topics, event, how: 'on-demand' };
}

function* messageAppended(entry: MessageAppended): Iterable<Telling> {
  const { message, memberCount, joined, opened, originSession } = entry;
  const { tenant, senderId, conversationId, kind } = message;
  if (joined) {
    for (const member of joined) {
      yield* added({ tenant, conversationId, kind, actorId: senderId }, [member]);
    }
  }
  const topics = topicsOf(message);
  if (isFirstOfTwo(message)) yield publish(topics, { type: 'single.created', message });
  yield publish(topics, {
    type: 'message.created',
    message,
    memberCount,
    ...fromSession(originSession),
  });
  yield onDemand([userTopic(tenant, senderId)], sentStatus(message));
  if (opened) {
    const event = {
      type: 'service.changed',
      change: 'opened',
      session: opened,
      formerAgentId: null,
    } as const;
    yield publish(partyTopics(opened), event);
  }
}

function* messageChanged(entry: MessageAltered): Iterable<Telling> {
  const { change, message, actorId, unseenBy, place, originSession } = entry;
  const told = { message, actorId, ...unseen({ unseenBy }) };
  yield publish(place, { type: 'message.changed', change, ...told, ...fromSession(originSession) });
  yield onDemand(place, { type: 'message.status', status: change, ...told, at: message.changedAt });
}

function* messageHidden({ message, userId, at, originSession }: MessageHid): Iterable<Telling> {
  const topics = [userTopic(message.tenant, userId)];
  yield publish(topics, { type: 'message.hidden', message, userId, ...fromSession(originSession) });
  yield onDemand(topics, { type: 'message.status', status: 'hidden', message, actorId: userId, at });
}

function* pinChanged(entry: MessagePin): Iterable<Telling> {
  const { type, message, scope, actorId, unseenBy, place, originSession } = entry;
  const topics = scope === 'everyone' ? place : [userTopic(message.tenant, actorId)];
  yield publish(topics, {
    type: type === 'message-pinned' ? 'message.pinned' : 'message.unpinned',
    message,
    scope,
    actorId,
    ...unseen({ unseenBy }),
    ...fromSession(originSession),
  });
}

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
function* added(joining: Joining, members: readonly NewMember[]): Iterable<Telling> {
  yield* letIn(joining, members);
  yield* came(joining, members);
}

function membersAdded({ type: _, members, ...joining }: MembersAdded): Iterable<Telling> {
  return added(joining, members);
}

function* groupCreated({ conversation, members, actorId }: GroupCreated): Iterable<Telling> {
  const { tenant, id: conversationId } = conversation;
  const joining = { tenant, conversationId, kind: 'group', actorId } as const;
  // First the members' sessions join: then they are told of it all.
  yield* letIn(joining, members);
  const topics = [conversationTopic(tenant, conversationId)];
  yield publish(topics, { type: 'conversation.created', conversation, actorId });
  yield* came(joining, members);
}

function* rolesChanged({ tenant, conversationId, members, actorId }: RolesChanged): Iterable<Telling> {
  const topics = [conversationTopic(tenant, conversationId)];
  for (const { userId, role } of members) {
    yield publish(topics, { type: 'member.changed', tenant, conversationId, userId, role, actorId });
  }
}

/** Tells the conversation, and the one who is no member any more. */
function* memberRemoved({ type: _, ...gone }: MemberGone): Iterable<Telling> {
  const { tenant, conversationId, userId } = gone;
  const topics = [conversationTopic(tenant, conversationId), userTopic(tenant, userId)];
  yield publish(topics, { type: 'member.removed', ...gone });
}

/** Tells a group once that it is no more, and each of the members that are named, alone, that it is none any more. */
function* groupDissolved({ members, type: _, ...of }: GroupEnded): Iterable<Telling> {
  // First the members' sessions know that they leave as soon as this was told to them.
  yield* endAhead(of, members);
  const topics = [conversationTopic(of.tenant, of.conversationId)];
  yield publish(topics, { type: 'group.dissolved', ...of });
  yield* outOfGroup(of, members);
}

function* membersOut({ type: _, kind, members, ...of }: MembersOut): Iterable<Telling> {
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

function* roomClosed({ type: _, members, ...of }: RoomEnded): Iterable<Telling> {
  yield* outOfRoom(of, members);
  const { tenant, conversationId: roomId } = of;
  yield publish([conversationTopic(tenant, roomId)], { type: 'room.closed', tenant, roomId });
}

function* userDeleted({ type: _, ...gone }: UserGone): Iterable<Telling> {
  yield* groupsLeft({ type: 'groups-left', ...gone });
  const { tenant, userId } = gone;
  yield publish([userTopic(tenant, userId)], { type: 'user.deleted', tenant, userId });
}

function* groupsLeft({ tenant, userId, groups, actorId }: GroupsLeft): Iterable<Telling> {
  for (const { conversationId, changed } of groups) {
    const of = { tenant, conversationId, actorId };
    yield* memberRemoved({ type: 'member-removed', kind: 'group', userId, ...of });
    yield* rolesChanged({ type: 'roles-changed', members: changed, ...of });
  }
}

/** A new agent is told what was said and noted before, as if it came just now. */
function* handedOver({ change, handover, actorId }: ServiceHandedOver): Iterable<Telling> {
  const { session, formerAgentId, said, notes } = handover;
  const { tenant, id: conversationId, agentId } = session;
  const event = { type: 'service.changed', change, session, formerAgentId } as const;
  yield publish(partyTopics(session, formerAgentId), event);
  const by = actorId ?? agentId ?? formerAgentId ?? '';
  const of = { tenant, conversationId, kind: 'service', actorId: by } as const;
  if (formerAgentId !== null) yield* memberRemoved({ type: 'member-removed', userId: formerAgentId, ...of });
  if (agentId === null) return;
  const topics = [userTopic(tenant, agentId)];
  for (const message of said) {
    yield publish(topics, { type: 'message.created', message, isRetold: true, memberCount: 2 });
  }
  for (const note of notes) yield publish(topics, { type: 'service.noted', note });
  // Only now do the agent's sessions hear the conversation: what was said before came first.
  yield* added(of, [{ userId: agentId, role: 'member' }]);
}

/** Mostly all members may see a message, and the event says nothing of it. */
function unseen({ unseenBy }: Unseen): Partial<Unseen> {
  return unseenBy.length === 0 ? {} : { unseenBy };
}

function fromSession(originSession: string | undefined): { readonly originSession?: string } {
  return originSession === undefined ? {} : { originSession };
}
