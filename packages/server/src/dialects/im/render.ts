import {
  type ImChatMessage,
  type ImChatType,
  type ImEventMessage,
  type ImMessage,
  ImMessageStatus,
  ImMessageType,
} from '@haina/wire';
import type {
  CoreEvent,
  MessageChanged,
  MessageStatus,
  OnDemandType,
  ReceiptIssued,
} from '../../core/events.ts';
import type { Message, MessageState, ReferenceKind } from '../../core/model.ts';
import { isoTime } from '../../core/time.ts';
import { renderConfigChange, renderPermissionChange } from './admin.ts';
import { renderBusinessAt, renderBusinessEvent, renderFact, renderFactAt } from './business.ts';
import { documentOf, formOf } from './content.ts';
import { IM_VERSION, SERVER_SOURCE } from './envelope.ts';
import { renderNotification } from './notification.ts';
import { renderTyping } from './typing.ts';

const REFERENCE_TYPES: Record<ReferenceKind, ImChatType> = {
  quote: ImMessageType.CHAT_QUOTE,
  forward: ImMessageType.CHAT_FORWARD,
};
const STATE_STATUS: Record<MessageState, ImMessageStatus> = {
  normal: ImMessageStatus.MESSAGE_NORMAL,
  edited: ImMessageStatus.MESSAGE_EDITED,
  recalled: ImMessageStatus.MESSAGE_RECALLED,
  deleted: ImMessageStatus.MESSAGE_DELETED,
};

function envelopeOf(message: Message) {
  return {
    messageId: message.id,
    senderId: message.senderId,
    receiverId: message.targetId,
    conversationId: message.conversationId,
    clientMessageId: message.clientId,
    version: IM_VERSION,
    deviceId: message.deviceId,
    source: message.source,
    timestamp: message.createdAt,
    sequence: message.seq,
  };
}

/** A message as it is now: a recalled one as CHAT_RECALL, else under its own type. */
export function renderMessage(message: Message): ImChatMessage {
  const isGone = message.state === 'recalled' || message.state === 'deleted';
  return chat(message, isGone ? ImMessageType.CHAT_RECALL : chatType(message));
}

/** A change while one watches: CHAT_EDIT or CHAT_RECALL. */
export function renderChange({ change, message }: MessageChanged): ImChatMessage {
  return chat(message, change === 'edited' ? ImMessageType.CHAT_EDIT : ImMessageType.CHAT_RECALL);
}

function chat(message: Message, type: ImChatType): ImChatMessage {
  return {
    ...envelopeOf(message),
    type,
    status: STATE_STATUS[message.state],
    chat: { content: JSON.stringify(documentOf(message)), conversationType: message.kind },
  };
}

function chatType({ content, reference }: Message): ImChatType {
  return reference ? REFERENCE_TYPES[reference.kind] : formOf(content).type;
}

/** What became of a message. */
export function renderStatus({ message, status, actorId, at }: MessageStatus): ImEventMessage {
  const userId = status === 'hidden' ? actorId : message.senderId;
  const isChange = status === 'edited' || status === 'recalled' || status === 'deleted';
  return statusEvent(envelopeOf(message), {
    status: STATUSES[status],
    userId,
    operatorId: actorId,
    at,
    reason: isChange ? message.changeReason : '',
  });
}

const STATUSES = {
  sent: ImMessageStatus.MESSAGE_SENT,
  edited: ImMessageStatus.MESSAGE_EDITED,
  recalled: ImMessageStatus.MESSAGE_RECALLED,
  deleted: ImMessageStatus.MESSAGE_DELETED,
  hidden: ImMessageStatus.MESSAGE_DELETED,
} as const;

export function renderReceipt(receipt: ReceiptIssued): ImEventMessage {
  const { messageId, clientId, conversationId, senderId, userId, status, at } = receipt;
  const envelope = {
    messageId,
    senderId,
    receiverId: userId,
    conversationId,
    clientMessageId: clientId,
    version: IM_VERSION,
    deviceId: '',
    source: SERVER_SOURCE,
    timestamp: at,
    sequence: 0,
  };
  const reached = status === 'read' ? ImMessageStatus.MESSAGE_READ : ImMessageStatus.MESSAGE_DELIVERED;
  return statusEvent(envelope, { status: reached, userId, operatorId: userId, at });
}

/** A message that is on its way to the store, or was refused by it: it has no id of the server's. */
export function renderAttempt(
  status: ImMessageStatus,
  attempt: {
    readonly senderId: string;
    readonly deviceId: string;
    readonly clientMessageId: string;
    readonly at: number;
  },
  reason = '',
): ImEventMessage {
  const envelope = {
    messageId: '',
    senderId: attempt.senderId,
    receiverId: '',
    conversationId: '',
    clientMessageId: attempt.clientMessageId,
    version: IM_VERSION,
    deviceId: attempt.deviceId,
    source: 'im',
    timestamp: attempt.at,
    sequence: 0,
  };
  const { senderId: userId, at } = attempt;
  return statusEvent(envelope, { status, userId, operatorId: userId, at, reason });
}

interface StatusChange {
  readonly status: ImMessageStatus;
  /** Whose doing it is: who received or read, or who sent. */
  readonly userId: string;
  readonly operatorId: string;
  /** In ms. */
  readonly at: number;
  readonly reason?: string;
}

/** Those of section 7.1; it has none for what becomes of a message on its way. */
const STATUS_EVENTS: Readonly<Partial<Record<ImMessageStatus, string>>> = {
  [ImMessageStatus.MESSAGE_SENT]: 'communication.message.sent',
  [ImMessageStatus.MESSAGE_RECALLED]: 'communication.message.recalled',
  [ImMessageStatus.MESSAGE_EDITED]: 'communication.message.edited',
  [ImMessageStatus.MESSAGE_DELETED]: 'communication.message.deleted',
};

/** Section 7.3. */
function statusEvent(
  envelope: ReturnType<typeof envelopeOf>,
  { status, userId, operatorId, at, reason = '' }: StatusChange,
): ImEventMessage {
  const { messageId, clientMessageId, conversationId } = envelope;
  const eventType = STATUS_EVENTS[status] ?? 'communication.message.status.changed';
  const eventId = `${messageId || clientMessageId}.${status}.${userId}.${at}`;
  const ids = { messageId, clientMessageId, conversationId };
  const timestamp = isoTime(at);
  const document = { eventType, ...ids, status, userId, operatorId, reason, timestamp };
  return {
    ...envelope,
    messageId: messageId || eventId,
    type: ImMessageType.EVENT_MESSAGE_STATUS_CHANGE,
    status,
    event: { content: JSON.stringify(document), eventType, eventId },
  };
}

/** An event as every subscriber reads it; undefined where it does not go to this kind of destination. */
export type EventRenderer = (event: CoreEvent, now: number) => ImMessage | undefined;

/** By what a subscription is for. */
export const RENDERERS: Readonly<Record<string, EventRenderer>> = {
  inbox: renderChat,
  group: renderAtTopic,
  single: renderAtTopic,
  status(event) {
    if (event.type === 'message.status') return renderStatus(event);
    if (event.type === 'receipt') return renderReceipt(event);
    return renderBusinessAt('status', event);
  },
  typing: renderTyping,
  presence: (event, now) => renderFactAt('presence', event, now) ?? renderBusinessAt('presence', event),
  notifications: (event) =>
    event.type === 'notification'
      ? renderNotification(event.notification)
      : (renderConfigChange(event) ?? renderBusinessAt('notifications', event)),
  events: (event, now) =>
    event.type === 'message.status'
      ? renderStatus(event)
      : (renderFact(event, now) ?? renderPermissionChange(event) ?? renderBusinessEvent(event)),
};

/** Which of the renderers have words for events on demand. */
export const SHOWN_ON_DEMAND: Readonly<Record<string, readonly OnDemandType[]>> = {
  status: ['message.status', 'receipt'],
  events: ['message.status'],
};

/** What comes to the topic of a conversation. */
function renderAtTopic(event: CoreEvent, now: number): ImMessage | undefined {
  return renderChat(event) ?? renderFactAt('group', event, now) ?? renderBusinessAt('group', event);
}

function renderChat(event: CoreEvent): ImMessage | undefined {
  if (event.type === 'message.created') return renderMessage(event.message);
  return event.type === 'message.changed' ? renderChange(event) : undefined;
}
