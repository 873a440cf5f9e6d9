import { type TProperties, type TSchema, Type } from 'typebox';
import { ADDRESS_FORM, MAX_ADDRESS_LENGTH } from './addresses.ts';
import { MAX_EVENT_WORD_LENGTH } from './limits.ts';

/** Most users that one list of an event may name. */
export const MAX_NAMED_USERS = 1000;

const Id = Type.String({ minLength: 1, maxLength: MAX_EVENT_WORD_LENGTH });
const Word = Type.Optional(Type.String({ maxLength: MAX_EVENT_WORD_LENGTH }));
const Text = Type.Optional(Type.String());
/** An address, or empty for none. */
const Avatar = Type.Optional(Type.String({ pattern: `^$|${ADDRESS_FORM}`, maxLength: MAX_ADDRESS_LENGTH }));
const Ids = Type.Optional(Type.Array(Id, { maxItems: MAX_NAMED_USERS }));
const Count = Type.Optional(Type.Integer({ minimum: 0 }));
/** Fields of known events that are times. */
export const TIME_FIELDS = ['timestamp', 'loginTime', 'logoutTime', 'createTime'] as const;
/** ISO 8601, as the document has it; milliseconds since 1970 pass too. `requireTimes` checks that they are times. */
const Time = Type.Optional(Type.Unsafe<string | number>({ type: ['string', 'integer'] }));

/** What any event may have. */
const COMMON = {
  /** Tells events apart: the same id is told once. Given by the server where absent. */
  eventId: Type.Optional(Id),
  eventType: Id,
  /** The application that it belongs to. */
  appId: Type.Optional(Id),
  /** Which system publishes it. */
  origin: Word,
};
const OF_USER = { userId: Id };
const OF_CONVERSATION = { conversationId: Id };
const OF_GROUP = { groupId: Id };
const OF_MESSAGE = { messageId: Id, conversationId: Id };
const ACT = { operatorId: Word, timestamp: Time };
const MEMBER = { memberId: Id, memberRole: Word, ...ACT };

/** Section 7.3, and by analogy with it what 7.1 lists beside. Any of them may have further fields, which pass through. */
export const BUSINESS_EVENT_SCHEMAS = {
  'business.user.login': form({
    ...OF_USER,
    deviceId: Word,
    loginTime: Time,
    ipAddress: Word,
    clientType: Word,
    userAgent: Text,
  }),
  'business.user.logout': form({ ...OF_USER, deviceId: Word, logoutTime: Time }),
  'business.user.status.changed': form({ ...OF_USER, status: Id, timestamp: Time }),
  'business.user.profile.updated': form({ ...OF_USER, nickname: Text, avatar: Avatar, ...ACT }),
  'business.conversation.created': form({
    ...OF_CONVERSATION,
    conversationType: Word,
    creatorId: Word,
    memberIds: Ids,
    createTime: Time,
  }),
  'business.conversation.updated': form({ ...OF_CONVERSATION, updateType: Word, ...ACT }),
  'business.conversation.member.added': form({ ...OF_CONVERSATION, ...MEMBER }),
  'business.conversation.member.removed': form({ ...OF_CONVERSATION, ...MEMBER }),
  'business.group.created': form({
    ...OF_GROUP,
    groupName: Text,
    creatorId: Word,
    memberCount: Count,
    createTime: Time,
  }),
  'business.group.updated': form({ ...OF_GROUP, groupName: Text, updateType: Word, ...ACT }),
  'business.group.member.joined': form({ ...OF_GROUP, ...MEMBER }),
  'business.group.member.left': form({ ...OF_GROUP, ...MEMBER }),
  'communication.message.sent': form({
    ...OF_MESSAGE,
    senderId: Word,
    receiverId: Word,
    timestamp: Time,
  }),
  'communication.message.recalled': form({ ...OF_MESSAGE, reason: Text, ...ACT }),
  'communication.message.edited': form({ ...OF_MESSAGE, reason: Text, ...ACT }),
  'communication.message.deleted': form({ ...OF_MESSAGE, reason: Text, ...ACT }),
} as const satisfies Readonly<Record<string, TSchema>>;

/** Section 7.1. */
export type KnownEventType = keyof typeof BUSINESS_EVENT_SCHEMAS;

/** Events of other types: whom they concern is read from the same fields, where they have them. */
export const OTHER_EVENT_SCHEMA = form({
  userId: Word,
  memberId: Word,
  creatorId: Word,
  operatorId: Word,
  senderId: Word,
  receiverId: Word,
  userIds: Ids,
  memberIds: Ids,
  conversationId: Word,
  groupId: Word,
  messageId: Word,
});

function form<Properties extends TProperties>(properties: Properties) {
  return Type.Object({ ...COMMON, ...properties });
}
