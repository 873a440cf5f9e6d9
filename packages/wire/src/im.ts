/** The envelope of `im`, sections 3.1 to 3.3. In protobuf it is WebSocketMessage of proto/im.proto. */

/** Section 3.2. */
export const ImMessageType = {
  CHAT_TEXT: 0,
  CHAT_IMAGE: 1,
  CHAT_FILE: 2,
  CHAT_VOICE: 3,
  CHAT_VIDEO: 4,
  CHAT_LOCATION: 5,
  CHAT_CARD: 6,
  CHAT_EDIT: 10,
  CHAT_QUOTE: 11,
  CHAT_FORWARD: 12,
  CHAT_RECALL: 13,
  NOTIFICATION_ANNOUNCEMENT: 20,
  NOTIFICATION_ALERT: 21,
  NOTIFICATION_PROMOTION: 22,
  NOTIFICATION_MAINTENANCE: 23,
  SYSTEM_CONNECT: 30,
  SYSTEM_DISCONNECT: 31,
  SYSTEM_HEARTBEAT: 32,
  SYSTEM_AUTH: 33,
  SYSTEM_STATUS: 34,
  EVENT_USER_STATUS_CHANGE: 40,
  EVENT_GROUP_UPDATE: 41,
  EVENT_MESSAGE_STATUS_CHANGE: 42,
  EVENT_SYSTEM_CONFIG_CHANGE: 43,
} as const;
type TypeName = keyof typeof ImMessageType;
export type ImMessageType = (typeof ImMessageType)[TypeName];
export type ImChatType = (typeof ImMessageType)[Extract<TypeName, `CHAT_${string}`>];
export type ImNotificationType = (typeof ImMessageType)[Extract<TypeName, `NOTIFICATION_${string}`>];
export type ImSystemType = (typeof ImMessageType)[Extract<TypeName, `SYSTEM_${string}`>];
export type ImEventType = (typeof ImMessageType)[Extract<TypeName, `EVENT_${string}`>];

/** Section 3.3. */
export const ImMessageStatus = {
  MESSAGE_NORMAL: 0,
  MESSAGE_SENDING: 1,
  MESSAGE_SENT: 2,
  MESSAGE_DELIVERED: 3,
  MESSAGE_READ: 4,
  MESSAGE_FAILED: 5,
  MESSAGE_RECALLED: 6,
  MESSAGE_EDITED: 7,
  MESSAGE_DELETED: 8,
} as const;
export type ImMessageStatus = (typeof ImMessageStatus)[keyof typeof ImMessageStatus];

/** Section 3.1. Each field is always there: `''` or 0 where it has nothing to say. */
export interface ImEnvelope {
  messageId: string;
  status: ImMessageStatus;
  senderId: string;
  receiverId: string;
  conversationId: string;
  /** The id its sender gave it. */
  clientMessageId: string;
  /** Of the protocol. */
  version: string;
  deviceId: string;
  source: string;
  /** Milliseconds since the epoch. */
  timestamp: number;
  /** Place in the conversation: 1, 2, 3 … without gaps; 0 for what is no message of a conversation. */
  sequence: number;
}

export type ImConversationType = 'single' | 'group' | 'room' | 'service';

export interface ImChatPayload {
  /** A JSON document of section 4.2. */
  content: string;
  /** An `ImConversationType`, or `''` from a client. */
  conversationType: string;
}

export interface ImNotificationPayload {
  /** A JSON document of section 5.2. */
  content: string;
  notificationId: string;
  /** Milliseconds since the epoch; 0 for never. */
  expiresAt: number;
}

export interface ImSystemPayload {
  /** A JSON document. */
  content: string;
  /** `''`, or the code of the refusal that `content` describes. */
  code: string;
}

export interface ImEventPayload {
  /** A JSON document of section 6.2 or 7.3. */
  content: string;
  /** `business.user.login`, `communication.message.recalled` … */
  eventType: string;
  /** The same for every copy of one event. */
  eventId: string;
}

export interface ImPayloads {
  chat: ImChatPayload;
  notification: ImNotificationPayload;
  system: ImSystemPayload;
  event: ImEventPayload;
}
export type ImPayloadArm = keyof ImPayloads;

/** An envelope with one arm only. */
type WithArm<Type extends ImMessageType, Arm extends ImPayloadArm> = ImEnvelope & { type: Type } & {
  [arm in Arm]: ImPayloads[arm];
} & { [other in Exclude<ImPayloadArm, Arm>]?: never };

export type ImChatMessage = WithArm<ImChatType, 'chat'>;
export type ImNotificationMessage = WithArm<ImNotificationType, 'notification'>;
export type ImSystemMessage = WithArm<ImSystemType, 'system'>;
export type ImEventMessage = WithArm<ImEventType, 'event'>;

/** MESSAGE at every destination of section 2.3. Its `type` says which arm it has. */
export type ImMessage = ImChatMessage | ImNotificationMessage | ImSystemMessage | ImEventMessage;

const ARMS: ReadonlyMap<number, ImPayloadArm> = new Map(
  Object.values(ImMessageType).map((type) => [type, armOfRange(type)]),
);

/** The arm that a type has (section 3.1); undefined for a number that is no type. */
export function imPayloadArm(type: ImMessageType): ImPayloadArm;
export function imPayloadArm(type: number): ImPayloadArm | undefined;
export function imPayloadArm(type: number): ImPayloadArm | undefined {
  return ARMS.get(type);
}

/** Section 3.2 gives each arm a range. */
function armOfRange(type: ImMessageType): ImPayloadArm {
  if (type < 20) return 'chat';
  if (type < 30) return 'notification';
  return type < 40 ? 'system' : 'event';
}

const STATUSES: ReadonlySet<number> = new Set(Object.values(ImMessageStatus));

export function isImMessageStatus(status: number): status is ImMessageStatus {
  return STATUSES.has(status);
}
