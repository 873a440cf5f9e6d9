import { ImMessageStatus, ImMessageType, ImScope, type ImSendableType } from '@haina/wire';
import { type TObject, type TProperties, type TSchema, Type } from 'typebox';
import { BUSINESS_EVENT_SCHEMAS, OTHER_EVENT_SCHEMA } from '../../core/business-event-schemas.ts';
import { CHAT_PERMISSIONS } from '../../core/chat-settings.ts';
import { MEMBER_ROLES, PRIORITIES } from '../../core/model.ts';
import { CHAT_FORMS, objectOrNull } from './chat-content.ts';

/**
 * The forms of the documents in the `content` of what the server tells: of sections 4.2, 5.2 and 6.2, and of those that
 * the document leaves open. Any of them may have further fields.
 */

const text = Type.String();
const word = Type.Optional(text);
const time = Type.Integer({ minimum: 0, description: 'Milliseconds since 1970.' });
const isoTime = Type.String({ format: 'date-time' });
const count = Type.Integer({ minimum: 0 });

/** The changed message is named in the document too. */
const EDITED = { messageId: text, editReason: text };

/** A message under its own type; at a sync also an edited one. */
const told = (form: TObject, filled: TProperties = {}): TObject =>
  Type.Object({ ...form.properties, ...filled, ...optional(EDITED) });

/** As `told`, where a plain text of the type may have nothing beside it. */
const toldRich = (type: Exclude<ImSendableType, 0 | 11 | 12>): TObject => {
  const { contentExtra, ...others } = CHAT_FORMS[type].properties as { contentExtra: TObject };
  return told(Type.Object({ ...others, contentExtra: Type.Union([contentExtra, Type.Null()]) }));
};

function optional(properties: TProperties): TProperties {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, Type.Optional(schema)]),
  );
}

const withExtra = { content: text, contentExtra: objectOrNull };
const QUOTED = {
  ...withExtra,
  quotedMessageId: text,
  quotedContent: text,
  quotedSenderId: text,
  quotedRecalled: Type.Boolean(),
};
const FORWARDED = {
  ...withExtra,
  originalMessageId: text,
  originalSenderId: text,
  originalContent: text,
  originalRecalled: Type.Boolean(),
  forwardReason: text,
};

/** Section 5.2. */
export const NOTIFICATION_FORM = Type.Object({
  title: text,
  content: text,
  priority: Type.Optional(Type.Enum([...PRIORITIES])),
  category: word,
  expiresAt: Type.Optional(isoTime),
  action: word,
  data: Type.Optional(Type.Object({})),
  maintenanceType: word,
  estimatedDuration: word,
});

const chatSettings = Type.Object({ maxMessageLength: count, fileUploadLimit: count });
const changed = { changedBy: text, reason: text };

/** Section 6.2, configuration. */
export const CONFIG_CHANGE_FORM = Type.Object({
  configType: Type.Literal('chat_settings'),
  oldConfig: chatSettings,
  newConfig: chatSettings,
  ...changed,
});

const permission = Type.Enum([...CHAT_PERMISSIONS]);
const permissions = Type.Object({ chat_permission: permission });

/** Section 6.2, permission, and the same as section 6.1 reads it. */
export const PERMISSION_CHANGE_FORM = Type.Object({
  userId: text,
  permissionType: Type.Literal('chat_permission'),
  oldPermission: permission,
  newPermission: permission,
  configType: Type.Optional(Type.Literal('user_permissions')),
  oldConfig: Type.Optional(permissions),
  newConfig: Type.Optional(permissions),
  ...changed,
});

/** Section 6.2, group. */
export const GROUP_UPDATE_FORM = Type.Object({
  eventType: word,
  groupId: text,
  updateType: text,
  memberId: word,
  memberRole: word,
  groupName: word,
  avatar: word,
  creatorId: word,
  memberCount: Type.Optional(count),
  createTime: Type.Optional(isoTime),
  messageId: word,
  pinScope: Type.Optional(Type.Enum([ImScope.ME, ImScope.EVERYONE])),
  updatedBy: text,
  timestamp: isoTime,
});

export const USER_STATUS_FORM = Type.Object({
  eventType: Type.Literal('business.user.status.changed'),
  userId: text,
  status: Type.Enum(['online', 'offline']),
  timestamp: isoTime,
});

export const USER_TYPING_FORM = Type.Object({
  eventType: Type.Literal('business.user.typing'),
  userId: text,
  conversationId: text,
  typing: Type.Boolean(),
  expiresAt: isoTime,
  timestamp: isoTime,
});

export const MESSAGE_STATUS_FORM = Type.Object({
  eventType: text,
  messageId: text,
  clientMessageId: text,
  conversationId: text,
  status: Type.Enum(Object.values(ImMessageStatus)),
  userId: text,
  operatorId: text,
  reason: text,
  timestamp: isoTime,
});

export const CONNECT_FORM = Type.Object({
  sessionId: text,
  userId: text,
  deviceId: text,
  expiresAt: time,
  heartBeat: Type.Object({ client: count, server: count }),
  permission,
  limits: Type.Object({
    maxMessageLength: count,
    maxExtraBytes: count,
    maxFrameBytes: count,
    maxSubscriptions: count,
    maxUnacknowledged: count,
    maxSessions: count,
    sendRate: Type.Number({ minimum: 0 }),
    recallWindow: count,
    editWindow: count,
  }),
  timestamp: time,
});

export const DISCONNECT_FORM = Type.Object({
  reason: Type.Enum([
    'token-expired',
    'user-deleted',
    'user-disabled',
    'sessions-ended',
    'password-changed',
    'role-changed',
    'server-stopping',
  ]),
  message: text,
  reconnect: Type.Boolean(),
  timestamp: time,
});

export const HEARTBEAT_FORM = Type.Object({ timestamp: time });

export const AUTH_FORM = Type.Object({ expiresAt: time, timestamp: time });

/** A renewal that was refused; its envelope has status 5. */
export const AUTH_REFUSAL_FORM = Type.Object({ code: text, message: text, timestamp: time });

const pin = Type.Object({
  messageId: text,
  conversationId: text,
  pinScope: Type.Enum([ImScope.ME, ImScope.EVERYONE]),
});

export const SYNC_DONE_FORM = Type.Object({
  type: Type.Literal('SYNC_DONE'),
  count,
  complete: Type.Boolean(),
  gone: Type.Optional(Type.Array(Type.Object({ conversationId: text, from: count, to: count }))),
  pins: Type.Array(pin),
  deleted: Type.Optional(Type.Array(text)),
  timestamp: time,
});

/** A conversation of the user's, for one that has none of them yet. */
const conversation = Type.Object({
  conversationId: text,
  conversationType: Type.Enum(['single', 'group', 'room', 'service']),
  targetId: text,
  uid: Type.Integer(),
  name: text,
  nickname: text,
  avatar: text,
  memberCount: count,
  memberRole: Type.Enum([...MEMBER_ROLES]),
  lastSequence: count,
  lastMessage: Type.Unsafe<object | null>({
    type: ['object', 'null'],
    description: 'A whole envelope, as at the inbox.',
  }),
  unreadCount: count,
  deliveredSequence: count,
  readSequence: count,
  peerDeliveredSequence: Type.Optional(count),
  peerReadSequence: Type.Optional(count),
});

export const CONVERSATIONS_FORM = Type.Object({
  type: Type.Literal('CONVERSATIONS'),
  after: Type.Unsafe<string | null>({ type: ['string', 'null'] }),
  conversations: Type.Array(conversation),
  next: word,
  timestamp: time,
});

/** A refusal: the body in JSON, the content of type 34 in protobuf. */
export const ERROR_FORM = Type.Object({
  code: text,
  message: text,
  destination: text,
  messageId: Type.Unsafe<string | null>({ type: ['string', 'null'] }),
});

/** The forms of section 7.3, as they are passed on, of the events whose type begins so. */
function businessForms(...prefixes: readonly string[]): Readonly<Record<string, TSchema>> {
  const forms = Object.entries(BUSINESS_EVENT_SCHEMAS).filter(([eventType]) =>
    prefixes.some((prefix) => eventType.startsWith(prefix)),
  );
  return Object.fromEntries(
    forms.map(([eventType, { properties }]) => [
      formName(eventType),
      Type.Object({ ...properties, eventType: Type.Literal(eventType) }),
    ]),
  );
}

/** `business.user.login` as `BusinessUserLogin`. */
function formName(eventType: string): string {
  return eventType.replace(/(?:^|\.)(\w)/g, (_match, letter: string) => letter.toUpperCase());
}

/** An event whose type section 7.1 does not list is told under that of its prefix. */
const OtherEvent = OTHER_EVENT_SCHEMA;

/** What the document in a message of this type may be, by names that people know it by. */
export const DOCUMENTS: Readonly<Record<ImMessageType, Readonly<Record<string, TSchema>>>> = {
  [ImMessageType.CHAT_TEXT]: { Text: told(CHAT_FORMS[ImMessageType.CHAT_TEXT]) },
  [ImMessageType.CHAT_IMAGE]: { Image: toldRich(ImMessageType.CHAT_IMAGE) },
  [ImMessageType.CHAT_FILE]: { File: toldRich(ImMessageType.CHAT_FILE) },
  [ImMessageType.CHAT_VOICE]: { Voice: toldRich(ImMessageType.CHAT_VOICE) },
  [ImMessageType.CHAT_VIDEO]: { Video: toldRich(ImMessageType.CHAT_VIDEO) },
  [ImMessageType.CHAT_LOCATION]: { Location: toldRich(ImMessageType.CHAT_LOCATION) },
  [ImMessageType.CHAT_CARD]: { Card: toldRich(ImMessageType.CHAT_CARD) },
  [ImMessageType.CHAT_EDIT]: { Edit: Type.Object({ ...withExtra, ...EDITED }) },
  [ImMessageType.CHAT_QUOTE]: { Quote: told(CHAT_FORMS[ImMessageType.CHAT_QUOTE], QUOTED) },
  [ImMessageType.CHAT_FORWARD]: { Forward: told(CHAT_FORMS[ImMessageType.CHAT_FORWARD], FORWARDED) },
  [ImMessageType.CHAT_RECALL]: {
    Recall: Type.Object({
      content: Type.Literal(''),
      contentExtra: Type.Null(),
      messageId: text,
      recallReason: text,
    }),
  },
  [ImMessageType.NOTIFICATION_ANNOUNCEMENT]: { Notification: NOTIFICATION_FORM },
  [ImMessageType.NOTIFICATION_ALERT]: { Notification: NOTIFICATION_FORM },
  [ImMessageType.NOTIFICATION_PROMOTION]: { Notification: NOTIFICATION_FORM },
  [ImMessageType.NOTIFICATION_MAINTENANCE]: { Notification: NOTIFICATION_FORM },
  [ImMessageType.SYSTEM_CONNECT]: { Connect: CONNECT_FORM },
  [ImMessageType.SYSTEM_DISCONNECT]: { Disconnect: DISCONNECT_FORM },
  [ImMessageType.SYSTEM_HEARTBEAT]: { Heartbeat: HEARTBEAT_FORM },
  [ImMessageType.SYSTEM_AUTH]: { Auth: AUTH_FORM, AuthRefusal: AUTH_REFUSAL_FORM },
  [ImMessageType.SYSTEM_STATUS]: {
    SyncDone: SYNC_DONE_FORM,
    Conversations: CONVERSATIONS_FORM,
    Error: ERROR_FORM,
  },
  [ImMessageType.EVENT_USER_STATUS_CHANGE]: {
    UserStatus: USER_STATUS_FORM,
    UserTyping: USER_TYPING_FORM,
    ...businessForms('business.user.'),
    OtherEvent,
  },
  [ImMessageType.EVENT_GROUP_UPDATE]: {
    GroupUpdate: GROUP_UPDATE_FORM,
    ...businessForms('business.conversation.', 'business.group.'),
    OtherEvent,
  },
  [ImMessageType.EVENT_MESSAGE_STATUS_CHANGE]: {
    MessageStatus: MESSAGE_STATUS_FORM,
    ...businessForms('communication.'),
    OtherEvent,
  },
  [ImMessageType.EVENT_SYSTEM_CONFIG_CHANGE]: {
    ConfigChange: CONFIG_CHANGE_FORM,
    PermissionChange: PERMISSION_CHANGE_FORM,
    OtherEvent,
  },
};
