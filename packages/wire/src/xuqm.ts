/** What `xuqm` clients and the server say to each other, as JSON in STOMP bodies. */

import type { GoneRange } from './gone-range.ts';

export const XUQM_CHAT_TYPES = ['SINGLE', 'GROUP'] as const;
export type XuqmChatType = (typeof XUQM_CHAT_TYPES)[number];

export const XUQM_MESSAGE_TYPES = [
  'TEXT',
  'IMAGE',
  'FILE',
  'VOICE',
  'VIDEO',
  'LOCATION',
  'CARD',
  'CUSTOM',
] as const;
export type XuqmMessageType = (typeof XUQM_MESSAGE_TYPES)[number];

/** A type that a plug-in of the server added, such as `x.poll`. */
export type XuqmAddedType = `${string}.${string}`;
export type XuqmType = XuqmMessageType | XuqmAddedType;

export type XuqmStatus = 'SENT' | 'DELIVERED' | 'READ' | 'REVOKED';

export type XuqmJson = string | number | boolean | null | XuqmJson[] | { [key: string]: XuqmJson };

/** SEND to `/app/chat.send`. */
export interface XuqmSend {
  appId?: string;
  /** Unique for the sender; made by the server where absent. */
  messageId?: string;
  toId: string;
  chatType: XuqmChatType;
  msgType: XuqmType;
  /** Text, or for other types than TEXT also a JSON object. */
  content: string | { [key: string]: XuqmJson };
}

/** SEND to `/app/chat.typing`. */
export interface XuqmTypingBody {
  appId?: string;
  toId: string;
  chatType: XuqmChatType;
  /** False where it has stopped. */
  typing?: boolean;
}

/** MESSAGE at `/user/queue/typing`. */
export interface XuqmTyping {
  conversationId: string;
  fromId: string;
  toId: string;
  chatType: XuqmChatType;
  typing: boolean;
  /** From then on it counts as not typing, unless it says so again; in ms. */
  expiresAt: number;
}

/** SEND to `/app/chat.revoke`. */
export interface XuqmMessageRef {
  appId?: string;
  messageId: string;
}

/** SEND to `/app/chat.read`. */
export interface XuqmRead extends XuqmMessageRef {
  /** All of its conversation up to the message. */
  upTo?: boolean;
}

/** SEND to `/app/chat.sync`. */
export interface XuqmSync {
  appId?: string;
  conversationId?: string;
  sinceSeq?: number;
}

/** SEND to `/app/chat.conversations`. */
export interface XuqmConversationsQuery {
  appId?: string;
  /** `next` of the page before. */
  after?: string;
  /** Most conversations of the page. */
  limit?: number;
}

/** A conversation in the answer. */
export interface XuqmConversation {
  conversationId: string;
  chatType: XuqmChatType;
  /** The other user, or the group. */
  toId: string;
  uid: number;
  name: string;
  nickname: string;
  /** URL of a picture; may be empty. */
  avatar: string;
  lastSeq: number;
  /** One's own messages in single chats have the status DELIVERED or READ where they got so far. */
  lastMessage: XuqmMessage | null;
  /** Counted up to 1000. */
  unread: number;
  deliveredSeq: number;
  readSeq: number;
  /** How far the other user of a single chat is. */
  peerDeliveredSeq?: number;
  peerReadSeq?: number;
}

/** MESSAGE at `/user/queue/conversations`. */
export interface XuqmConversations {
  /** As it was asked for; null for the first page. */
  after: string | null;
  /** The newest activity first. */
  conversations: XuqmConversation[];
  /** Absent on the last page. */
  next?: string;
}

/** MESSAGE at `/user/queue/messages` and `/topic/group/{groupId}`. */
export interface XuqmMessage {
  id: string;
  fromId: string;
  toId: string;
  chatType: XuqmChatType;
  msgType: XuqmType;
  content: string | { [key: string]: XuqmJson };
  status: XuqmStatus;
  /** Milliseconds since the epoch. */
  createdAt: number;
  conversationId: string;
  seq: number;
}

/** The last MESSAGE of a sync at `/user/queue/messages`. */
export interface XuqmSyncDone {
  id: string;
  fromId: '';
  toId: string;
  chatType: 'SINGLE';
  msgType: 'SYNC_DONE';
  /** The count as text. */
  content: string;
  status: 'SENT';
  createdAt: number;
  /** Messages sent by this sync. */
  count: number;
  /** False where more is waiting: sync again. */
  complete: boolean;
  /** What was removed, or can't be told in this form; absent where there is nothing such. */
  gone?: GoneRange[];
}

/** MESSAGE at `/user/queue/receipts`. */
export interface XuqmReceipt {
  messageId: string;
  /** Who received or read. */
  userId: string;
  status: 'DELIVERED' | 'READ';
  at: number;
}

/** MESSAGE at `/user/queue/errors`. */
export interface XuqmError {
  code: string;
  message: string;
  destination: string;
  messageId: string | null;
}
