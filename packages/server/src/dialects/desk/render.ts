import type {
  DeskAgents,
  DeskHistory,
  DeskMessage,
  DeskNote,
  DeskOut,
  DeskSent,
  DeskSession,
  DeskSessionEvent,
} from '@haina/wire';
import type { DeskAgent, DeskBoard, ServiceNote, ServiceSession } from '../../core/desk/model.ts';
import type { ServiceHistory, ServiceView } from '../../core/desk/service-sessions.ts';
import type { CoreEvent, ServiceChanged } from '../../core/events.ts';
import type { Message, MessageState } from '../../core/model.ts';
import { addedNameOf, plainContent } from '../common/plain-content.ts';

const STATUSES: Record<MessageState, DeskMessage['status']> = {
  normal: 'sent',
  edited: 'edited',
  recalled: 'recalled',
  deleted: 'recalled',
};

/** A message as it is now: a recalled one has no content. */
export function renderMessage(message: Message): DeskMessage {
  const status = STATUSES[message.state];
  return {
    type: 'message',
    id: message.id,
    clientMsgId: message.clientId,
    sessionId: sessionIdOf(message),
    conversationId: message.conversationId,
    seq: message.seq,
    fromId: message.senderId,
    msgType: addedNameOf(message.content) ?? message.content.type,
    content: status === 'recalled' ? '' : plainContent(message.content),
    status,
    createdAt: message.createdAt,
  };
}

export function renderSent(message: Message): DeskSent {
  const { id, clientId: clientMsgId, conversationId, seq, createdAt } = message;
  return { type: 'sent', id, clientMsgId, sessionId: sessionIdOf(message), conversationId, seq, createdAt };
}

export function renderNote({ id, clientId, sessionId, authorId, content, at }: ServiceNote): DeskNote {
  return { type: 'note', id, clientMsgId: clientId, sessionId, authorId, content, at };
}

export function renderHistory(sessionId: string, { messages, hasMore, notes }: ServiceHistory): DeskHistory {
  return {
    type: 'history',
    sessionId,
    messages: messages.map(renderMessage),
    hasMore,
    ...(notes ? { notes: notes.map(renderNote) } : {}),
  };
}

/** A session that one who comes has already, and its place in the queue where it waits. */
export function renderView({ session, position }: ServiceView): DeskOut[] {
  const current = {
    type: 'session',
    event: 'current',
    session: renderSession(session),
    formerAgentId: null,
  } as const;
  return position === null ? [current] : [current, { type: 'position', sessionId: session.id, position }];
}

/** A session that ended while its customer may have been away. */
export function renderEnded(session: ServiceSession): DeskSessionEvent {
  return { type: 'session', event: 'closed', session: renderSession(session), formerAgentId: null };
}

export function renderBoard({ waiting, waitingTotal, absentTotal, agents }: DeskBoard): DeskAgents {
  return {
    type: 'agents',
    waiting: waitingTotal,
    absent: absentTotal,
    queues: waiting.map((queue) => ({ ...queue })),
    agents: agents.map(renderAgent),
  };
}

function renderAgent(agent: DeskAgent): DeskAgents['agents'][number] {
  const { userId, active, capacity, skills } = agent;
  return {
    id: userId,
    state: stateOf(agent),
    active,
    capacity,
    skills: [...skills],
  };
}

function stateOf({ status, isConnected, isSuspended }: DeskAgent): DeskAgents['agents'][number]['state'] {
  if (!isConnected) return 'offline';
  return isSuspended ? 'suspended' : status;
}

function renderChange({ change, session, formerAgentId }: ServiceChanged): DeskSessionEvent {
  return { type: 'session', event: change, session: renderSession(session), formerAgentId };
}

function renderSession({
  tenant: _,
  agentName: _name,
  isCustomerConnected,
  ...session
}: ServiceSession): DeskSession {
  return { ...session, customerConnected: isCustomerConnected };
}

/** Bodies by event: each is written once, however many shapes it goes out in. */
const bodies = new WeakMap<CoreEvent, Buffer>();

/** The event as the body of a message at a customer's inbox; undefined for events that do not show there. */
export function customerBody(event: CoreEvent): Buffer | undefined {
  return event.type === 'service.noted' ? undefined : inboxBody(event);
}

/** As `customerBody`, at an agent's inbox. */
export function agentBody(event: CoreEvent): Buffer | undefined {
  return inboxBody(event);
}

/** The event as the body of a message about the desk; undefined for other events. */
export function boardBody(event: CoreEvent): Buffer | undefined {
  return event.type === 'desk.changed' ? bodyOf(event, renderBoard(event.board)) : undefined;
}

function inboxBody(event: CoreEvent): Buffer | undefined {
  const known = bodies.get(event);
  if (known) return known;
  const out = renderEvent(event);
  return out && bodyOf(event, out);
}

function renderEvent(event: CoreEvent): DeskOut | undefined {
  switch (event.type) {
    case 'message.created':
    case 'message.changed':
      return renderMessage(event.message);
    case 'service.changed':
      return renderChange(event);
    case 'service.position':
      return { type: 'position', sessionId: event.sessionId, position: event.position };
    case 'service.typing':
      return {
        type: event.isTyping ? 'typing' : 'typing-ended',
        sessionId: event.sessionId,
        userId: event.userId,
      };
    case 'service.noted':
      return renderNote(event.note);
    case 'receipt': {
      const { clientId: messageId, conversationId, userId, status, at } = event;
      return { type: 'receipt', messageId, conversationId, userId, status, at };
    }
    default:
      return undefined;
  }
}

function bodyOf(event: CoreEvent, value: unknown): Buffer {
  const body = bodies.get(event) ?? Buffer.from(JSON.stringify(value));
  bodies.set(event, body);
  return body;
}

function sessionIdOf({ kind, conversationId }: Message): string | null {
  return kind === 'service' ? conversationId : null;
}
