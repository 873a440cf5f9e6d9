import { partyTopics } from '../desk/service-news.ts';
import type { EventSink, OnDemandType } from '../events.ts';
import { fromSession, isFirstOfTwo, sentStatus, topicsOf } from '../message-access.ts';
import { isShown } from '../on-demand.ts';
import type { Unseen } from '../ports/message-store.ts';
import { conversationTopic, tenantTopic, userTopic } from '../topics.ts';
import type {
  LogEntry,
  MessageAltered,
  MessageAppended,
  MessageHid,
  MessagePin,
  ServiceHandedOver,
} from './log-entry.ts';
import {
  added,
  groupCreated,
  groupDissolved,
  groupsLeft,
  memberRemoved,
  membersAdded,
  membersOut,
  rolesChanged,
  roomClosed,
  userDeleted,
} from './membership-tellings.ts';
import { onDemand, publish, type Telling } from './telling.ts';
import { fromPlain } from './told.ts';

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
  told: ({ tellings }) => tellings.map(fromPlain),
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
