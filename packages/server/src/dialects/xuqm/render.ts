import type { XuqmConversation, XuqmMessage, XuqmReceipt, XuqmTyping } from '@haina/wire';
import { type Tick, tickOf } from '../../core/conversation-list.ts';
import type { CoreEvent, ReceiptIssued, ServiceTyping, UserTyping } from '../../core/events.ts';
import type { Message } from '../../core/model.ts';
import type { ConversationView } from '../../core/ports/conversation-list-store.ts';
import { plainContent } from '../common/plain-content.ts';
import { toMessageType } from './content.ts';

/** A message as JSON; a recalled or deleted one has status REVOKED and no content. */
export function renderMessage(message: Message): XuqmMessage {
  const gone = message.state === 'recalled' || message.state === 'deleted';
  return {
    id: message.clientId,
    fromId: message.senderId,
    toId: message.targetId,
    chatType: message.kind === 'single' ? 'SINGLE' : 'GROUP',
    msgType: toMessageType(message.content),
    content: gone ? '' : plainContent(message.content),
    status: gone ? 'REVOKED' : 'SENT',
    createdAt: message.createdAt,
    conversationId: message.conversationId,
    seq: message.seq,
  };
}

const TICKS: Readonly<Record<Tick, XuqmMessage['status']>> = {
  sent: 'SENT',
  delivered: 'DELIVERED',
  read: 'READ',
};

/** A conversation as one of its members sees it. */
export function renderConversation(view: ConversationView): XuqmConversation {
  const { conversation, targetId, target, member, peer, lastMessage, unread } = view;
  const { uid, name, nickname, avatar } = target;
  const tick = lastMessage ? tickOf(lastMessage, member.userId, peer) : undefined;
  return {
    conversationId: conversation.id,
    chatType: conversation.kind === 'single' ? 'SINGLE' : 'GROUP',
    toId: targetId,
    uid,
    name,
    nickname,
    avatar,
    lastSeq: conversation.lastSeq,
    lastMessage: lastMessage && { ...renderMessage(lastMessage), ...(tick ? { status: TICKS[tick] } : {}) },
    unread,
    deliveredSeq: member.deliveredSeq,
    readSeq: member.readSeq,
    ...(peer ? { peerDeliveredSeq: peer.deliveredSeq, peerReadSeq: peer.readSeq } : {}),
  };
}

export function renderReceipt({ clientId, userId, status, at }: ReceiptIssued): XuqmReceipt {
  return { messageId: clientId, userId, status: status === 'read' ? 'READ' : 'DELIVERED', at };
}

export function renderTyping(event: UserTyping | ServiceTyping): XuqmTyping {
  const { userId: fromId, isTyping: typing, expiresAt } = event;
  if (event.type === 'service.typing') {
    const { sessionId } = event;
    return { conversationId: sessionId, fromId, toId: sessionId, chatType: 'GROUP', typing, expiresAt };
  }
  const { conversationId, targetId: toId, kind } = event;
  return {
    conversationId,
    fromId,
    toId,
    chatType: kind === 'single' ? 'SINGLE' : 'GROUP',
    typing,
    expiresAt,
  };
}

/** Bodies by event: each is written once, however many shapes it goes out in. */
const bodies = new WeakMap<CoreEvent, Buffer>();

/** The event as the body of a message at an inbox or a group's topic; undefined for events that do not show there. */
export function messageBody(event: CoreEvent): Buffer | undefined {
  if (event.type !== 'message.created' && event.type !== 'message.changed') return undefined;
  return bodyOf(event, () => renderMessage(event.message));
}

/** The event as the body of a receipt; undefined for other events. */
export function receiptBody(event: CoreEvent): Buffer | undefined {
  if (event.type !== 'receipt') return undefined;
  return bodyOf(event, () => renderReceipt(event));
}

/** The event as the body of who is writing; undefined for other events. */
export function typingBody(event: CoreEvent): Buffer | undefined {
  if (event.type !== 'typing' && event.type !== 'service.typing') return undefined;
  return bodyOf(event, () => renderTyping(event));
}

function bodyOf(event: CoreEvent, render: () => unknown): Buffer {
  let body = bodies.get(event);
  if (!body) {
    body = Buffer.from(JSON.stringify(render()));
    bodies.set(event, body);
  }
  return body;
}
