import { ImMessageType } from './im.ts';
import type { ImChatContent } from './im-content.ts';

/** What `im` clients send to the server (section 8), and its refusal. */

/** What a client may send in a conversation; edits and recalls have destinations of their own. */
export const IM_SENDABLE_TYPES = [
  ImMessageType.CHAT_TEXT,
  ImMessageType.CHAT_IMAGE,
  ImMessageType.CHAT_FILE,
  ImMessageType.CHAT_VOICE,
  ImMessageType.CHAT_VIDEO,
  ImMessageType.CHAT_LOCATION,
  ImMessageType.CHAT_CARD,
  ImMessageType.CHAT_QUOTE,
  ImMessageType.CHAT_FORWARD,
] as const;
export type ImSendableType = (typeof IM_SENDABLE_TYPES)[number];

/** Whom a deletion or a pin is for (section 8.2). A deletion for everyone is a recall. */
export const ImScope = { ME: 0, EVERYONE: 1 } as const;
export type ImScope = (typeof ImScope)[keyof typeof ImScope];

/** What a member may do in a group. */
export const IM_MEMBER_ROLES = ['owner', 'admin', 'member'] as const;
export type ImMemberRole = (typeof IM_MEMBER_ROLES)[number];

/** The content of a message, as text for a text and else as a document of section 4.2 or its JSON text. */
export type ImSentContent = string | ImChatContent;

interface ImSent {
  /** By the client's clock, in milliseconds. */
  timestamp?: number;
}

/** SEND to `/app/chat` (section 8.1). */
export interface ImChatBody extends ImSent {
  conversationId: string;
  content: ImSentContent;
  /** An `ImSendableType`; text where absent. */
  msgType?: number;
  clientMsgId?: string;
}

/** SEND to `/app/private-message` (section 8.1). */
export interface ImPrivateMessageBody extends ImSent {
  receiverId: string;
  content: ImSentContent;
  msgType?: number;
  clientMsgId?: string;
}

/** Where a message goes: the first that is there of these. */
interface ImRecipient {
  conversationId?: string;
  groupId?: string;
  receiverId?: string;
}

/** SEND to `/app/group-message`: a message to a group, by either name. */
export interface ImGroupMessageBody extends ImSent, Pick<ImRecipient, 'conversationId' | 'groupId'> {
  content: ImSentContent;
  msgType?: number;
  clientMsgId?: string;
}

/** SEND to `/app/quote-message`. The reference may stand in the document of the content instead. */
export interface ImQuoteMessageBody extends ImSent, ImRecipient {
  content: ImSentContent;
  quotedMessageId?: string;
  clientMsgId?: string;
}

/** SEND to `/app/forward-message`. The reference and the reason may stand in the document of the content instead. */
export interface ImForwardMessageBody extends ImSent, ImRecipient {
  content?: ImSentContent;
  originalMessageId?: string;
  forwardReason?: string;
  clientMsgId?: string;
}

/** SEND to `/app/edit-message` (section 8.2). */
export interface ImEditBody extends ImSent {
  messageId: string;
  newContent: ImSentContent;
  editReason?: string;
}

/** SEND to `/app/delete-message` (section 8.2). */
export interface ImDeleteBody extends ImSent {
  messageId: string;
  /** Only for me where absent. */
  deleteScope?: ImScope;
  deleteReason?: string;
}

/** SEND to `/app/pin-message` (section 8.2). */
export interface ImPinBody extends ImSent {
  messageId: string;
  /** Only for me where absent. */
  pinScope?: ImScope;
  /** False takes the pin away. */
  pinned?: boolean;
}

/** SEND to `/app/heartbeat` (section 8.3). */
export interface ImHeartbeatBody extends ImSent {
  deviceId?: string;
}

/** SEND to `/app/auth` (section 8.3). */
export interface ImAuthBody extends ImSent {
  token: string;
}

/** SEND to `/app/read-message`. */
export interface ImReadBody extends ImSent {
  messageId: string;
  /** All of its conversation up to the message. */
  upTo?: boolean;
}

/** SEND to `/app/typing`. */
export interface ImTypingBody extends ImSent, ImRecipient {
  /** False where it has stopped. */
  typing?: boolean;
}

/** SEND to `/app/sync`. */
export interface ImSyncBody extends ImSent {
  conversationId?: string;
  sinceSequence?: number;
}

/** SEND to `/app/group-add-members`. */
export interface ImGroupAddMembersBody extends ImSent {
  groupId: string;
  userIds: string[];
  /** `member` where absent. */
  role?: ImMemberRole;
}

/** SEND to `/app/group-remove-member` and `/app/group-hand-over`. */
export interface ImGroupMemberBody extends ImSent {
  groupId: string;
  userId: string;
}

/** SEND to `/app/group-set-role`. */
export interface ImGroupRoleBody extends ImGroupMemberBody {
  role: ImMemberRole;
}

/** SEND to `/app/group-update`. */
export interface ImGroupUpdateBody extends ImSent {
  groupId: string;
  name?: string;
  /** URL of a picture. */
  avatar?: string;
}

/** SEND to `/app/group-leave`. */
export interface ImGroupLeaveBody extends ImSent {
  groupId: string;
  /** Who is to be owner in place of an owner who leaves. */
  successorId?: string;
}

/** SEND to `/app/group-dissolve`. */
export interface ImGroupBody extends ImSent {
  groupId: string;
}

/** SEND to `/app/conversations`. */
export interface ImConversationsBody extends ImSent {
  /** `next` of the page before. */
  after?: string;
  /** Most conversations of the page. */
  limit?: number;
}

/** What a client may send where. */
export interface ImBodies {
  '/app/chat': ImChatBody;
  '/app/private-message': ImPrivateMessageBody;
  '/app/group-message': ImGroupMessageBody;
  '/app/quote-message': ImQuoteMessageBody;
  '/app/forward-message': ImForwardMessageBody;
  '/app/edit-message': ImEditBody;
  '/app/delete-message': ImDeleteBody;
  '/app/pin-message': ImPinBody;
  '/app/read-message': ImReadBody;
  '/app/typing': ImTypingBody;
  '/app/sync': ImSyncBody;
  '/app/conversations': ImConversationsBody;
  '/app/group-add-members': ImGroupAddMembersBody;
  '/app/group-remove-member': ImGroupMemberBody;
  '/app/group-update': ImGroupUpdateBody;
  '/app/group-set-role': ImGroupRoleBody;
  '/app/group-hand-over': ImGroupMemberBody;
  '/app/group-leave': ImGroupLeaveBody;
  '/app/group-dissolve': ImGroupBody;
  '/app/heartbeat': ImHeartbeatBody;
  '/app/auth': ImAuthBody;
}
export type ImDestination = keyof ImBodies;

/** MESSAGE at `/user/queue/errors`. */
export interface ImError {
  code: string;
  message: string;
  destination: string;
  /** The client's id of what was refused. */
  messageId: string | null;
}
