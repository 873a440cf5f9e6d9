import type { DeskAck, DeskChat, DeskChatOut, DeskSessionStatus } from '@haina/wire';
import type { ServiceSession } from '../../core/desk/model.ts';
import type { DomainError } from '../../core/errors.ts';
import type { CoreEvent, ServiceChangeKind } from '../../core/events.ts';
import type { Message, Timestamp } from '../../core/model.ts';
import type { BodyWriter } from '../common/stomp-shape.ts';
import { renderMessage } from './render.ts';

/** The changes by which a service session gets another status, or another agent. */
const STATUS_CHANGES: ReadonlySet<ServiceChangeKind> = new Set<ServiceChangeKind>([
  'opened',
  'assigned',
  'transferred',
  'requeued',
  'closed',
]);

const STATUSES = { queued: 'WAITING', active: 'ACTIVE', closed: 'CLOSED' } as const;

/** A message as it is now, for sessions in the style of `/app/chat.sendMessage`. */
function renderChat(message: Message): DeskChat {
  const { clientMsgId, fromId, msgType, status, createdAt, ...same } = renderMessage(message);
  return {
    type: 'CHAT',
    msgId: clientMsgId,
    id: same.id,
    sessionId: same.sessionId,
    conversationId: same.conversationId,
    seq: same.seq,
    senderId: fromId,
    senderName: message.parties.sender.nickname,
    messageType: msgType.includes('.') ? msgType : msgType.toUpperCase(),
    chatType: message.kind.toUpperCase() as DeskChat['chatType'],
    content: same.content,
    status: status.toUpperCase() as DeskChat['status'],
    timestamp: createdAt,
  };
}

/** @param at when it came to be so, where the session itself does not say */
export function renderSessionStatus(session: ServiceSession, at?: Timestamp): DeskSessionStatus {
  const { id, state, agentId, agentName, closeReason, openedAt, assignedAt, closedAt } = session;
  const since = { queued: at ?? openedAt, active: assignedAt, closed: closedAt }[state];
  return {
    type: 'SESSION_STATUS',
    sessionId: id,
    status: STATUSES[state],
    agentId,
    agentName,
    closeReason,
    statusChangeTime: since ?? openedAt,
  };
}

/** What became of a frame. */
export function renderAck(
  { originalMsgId, sessionId }: Pick<DeskAck, 'originalMsgId' | 'sessionId'>,
  timestamp: Timestamp,
  refusal?: DomainError,
): DeskAck {
  return {
    type: 'ACK',
    originalMsgId,
    sessionId,
    status: refusal ? 'FAIL' : 'SUCCESS',
    errorCode: refusal?.code ?? null,
    errorMessage: refusal?.message ?? null,
    timestamp,
  };
}

/** Bodies by event: each is written once, however many shapes it goes out in. */
const bodies = new WeakMap<CoreEvent, Buffer>();

/** Writes what sessions of this style are told at their inbox; undefined for what has no form there. */
export function chatBody(now: () => Timestamp): BodyWriter {
  return (event) => {
    const known = bodies.get(event);
    if (known) return known;
    const out = renderEvent(event, now);
    if (!out) return undefined;
    const body = Buffer.from(JSON.stringify(out));
    bodies.set(event, body);
    return body;
  };
}

function renderEvent(event: CoreEvent, now: () => Timestamp): DeskChatOut | undefined {
  if (event.type === 'message.created' || event.type === 'message.changed') return renderChat(event.message);
  if (event.type !== 'service.changed' || !STATUS_CHANGES.has(event.change)) return undefined;
  return event.change === 'requeued'
    ? renderSessionStatus(event.session, now())
    : renderSessionStatus(event.session);
}
