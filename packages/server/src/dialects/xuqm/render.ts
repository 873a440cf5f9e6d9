import type { XuqmMessage, XuqmReceipt } from '@haina/wire';
import type { CoreEvent, ReceiptIssued } from '../../core/events.ts';
import type { Message } from '../../core/model.ts';
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

export function renderReceipt({ clientId, userId, status, at }: ReceiptIssued): XuqmReceipt {
  return { messageId: clientId, userId, status: status === 'read' ? 'READ' : 'DELIVERED', at };
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

function bodyOf(event: CoreEvent, render: () => unknown): Buffer {
  let body = bodies.get(event);
  if (!body) {
    body = Buffer.from(JSON.stringify(render()));
    bodies.set(event, body);
  }
  return body;
}
