import {
  decodeImBody,
  IM_MEMBER_ROLES,
  IM_SENDABLE_TYPES,
  ImCodecError,
  type ImDestination,
  ImScope,
  peekImMessageId,
} from '@haina/wire';
import { type Static, Type } from 'typebox';
import { MAX_CLIENT_ID_LENGTH } from '../../core/content.ts';
import { MAX_CONVERSATIONS } from '../../core/conversation-list.ts';
import { DomainError } from '../../core/errors.ts';
import { MAX_ID_LENGTH } from '../../core/validate.ts';
import { lenientReader, parseJsonBody, parseJsonText, peekString, type ValueReader } from '../common/json.ts';

/** The core knows how long one may be. */
const messageId = Type.String();
const clientMsgId = Type.Optional(Type.String({ minLength: 1, maxLength: MAX_CLIENT_ID_LENGTH }));
/** The server goes by its own clock and by what CONNECT said, so it looks at neither. */
const time = Type.Optional(Type.Unknown());
const deviceId = Type.Optional(Type.Unknown());
const sequence = Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }));
const reason = Type.Optional(Type.String());
const scope = Type.Optional(Type.Enum([ImScope.ME, ImScope.EVERYONE]));
const msgType = Type.Optional(Type.Enum([...IM_SENDABLE_TYPES]));
/** `readChatContent` knows the forms. */
const content = Type.Unknown();

const recipient = Type.String({ minLength: 1 });
const anyRecipient = {
  conversationId: Type.Optional(recipient),
  groupId: Type.Optional(recipient),
  receiverId: Type.Optional(Type.String({ minLength: 1, maxLength: MAX_ID_LENGTH })),
};
const reference = Type.String({ minLength: 1 });

const groupId = Type.String({ minLength: 1, maxLength: MAX_ID_LENGTH });
const userId = Type.String({ minLength: 1, maxLength: MAX_ID_LENGTH });
const role = Type.Enum([...IM_MEMBER_ROLES]);

/** Section 8, and the destinations that were added. */
export const BODY_FORMS = {
  '/app/chat': Type.Object({
    conversationId: Type.String({ minLength: 1 }),
    content,
    msgType,
    clientMsgId,
    timestamp: time,
  }),
  '/app/private-message': Type.Object({
    receiverId: Type.String({ minLength: 1, maxLength: MAX_ID_LENGTH }),
    content,
    msgType,
    clientMsgId,
    timestamp: time,
  }),
  '/app/group-message': Type.Object({
    conversationId: Type.Optional(recipient),
    groupId: Type.Optional(recipient),
    content,
    msgType,
    clientMsgId,
    timestamp: time,
  }),
  '/app/quote-message': Type.Object({
    ...anyRecipient,
    content,
    quotedMessageId: Type.Optional(reference),
    clientMsgId,
    timestamp: time,
  }),
  '/app/forward-message': Type.Object({
    ...anyRecipient,
    content: Type.Optional(content),
    originalMessageId: Type.Optional(reference),
    forwardReason: reason,
    clientMsgId,
    timestamp: time,
  }),
  '/app/edit-message': Type.Object({ messageId, newContent: content, editReason: reason, timestamp: time }),
  '/app/delete-message': Type.Object({
    messageId,
    deleteScope: scope,
    deleteReason: reason,
    timestamp: time,
  }),
  '/app/pin-message': Type.Object({
    messageId,
    pinScope: scope,
    pinned: Type.Optional(Type.Boolean()),
    timestamp: time,
  }),
  '/app/read-message': Type.Object({
    messageId,
    upTo: Type.Optional(Type.Boolean()),
    timestamp: time,
  }),
  '/app/typing': Type.Object({
    ...anyRecipient,
    typing: Type.Optional(Type.Boolean()),
    timestamp: time,
  }),
  '/app/sync': Type.Object({
    conversationId: Type.Optional(Type.String({ minLength: 1 })),
    sinceSequence: sequence,
    timestamp: time,
  }),
  '/app/conversations': Type.Object({
    after: Type.Optional(Type.String()),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_CONVERSATIONS })),
    timestamp: time,
  }),
  '/app/group-add-members': Type.Object({
    groupId,
    userIds: Type.Array(userId, { minItems: 1 }),
    role: Type.Optional(role),
    timestamp: time,
  }),
  '/app/group-remove-member': Type.Object({ groupId, userId, timestamp: time }),
  '/app/group-update': Type.Object({
    groupId,
    name: Type.Optional(Type.String()),
    avatar: Type.Optional(Type.String()),
    timestamp: time,
  }),
  '/app/group-set-role': Type.Object({ groupId, userId, role, timestamp: time }),
  '/app/group-hand-over': Type.Object({ groupId, userId, timestamp: time }),
  '/app/group-leave': Type.Object({ groupId, successorId: Type.Optional(userId), timestamp: time }),
  '/app/group-dissolve': Type.Object({ groupId, timestamp: time }),
  '/app/heartbeat': Type.Object({ timestamp: time, deviceId }),
  '/app/auth': Type.Object({ token: Type.String({ minLength: 1 }), timestamp: time }),
} satisfies Record<ImDestination, unknown>;

/** A body of a destination, as far as its form goes. */
export type ImBody<Destination extends ImDestination> = Static<(typeof BODY_FORMS)[Destination]>;

const READERS: { readonly [Destination in ImDestination]: ValueReader<ImBody<Destination>> } = {
  '/app/chat': lenientReader(BODY_FORMS['/app/chat']),
  '/app/private-message': lenientReader(BODY_FORMS['/app/private-message']),
  '/app/group-message': lenientReader(BODY_FORMS['/app/group-message']),
  '/app/quote-message': lenientReader(BODY_FORMS['/app/quote-message']),
  '/app/forward-message': lenientReader(BODY_FORMS['/app/forward-message']),
  '/app/edit-message': lenientReader(BODY_FORMS['/app/edit-message']),
  '/app/delete-message': lenientReader(BODY_FORMS['/app/delete-message']),
  '/app/pin-message': lenientReader(BODY_FORMS['/app/pin-message']),
  '/app/read-message': lenientReader(BODY_FORMS['/app/read-message']),
  '/app/typing': lenientReader(BODY_FORMS['/app/typing']),
  '/app/sync': lenientReader(BODY_FORMS['/app/sync']),
  '/app/conversations': lenientReader(BODY_FORMS['/app/conversations']),
  '/app/group-add-members': lenientReader(BODY_FORMS['/app/group-add-members']),
  '/app/group-remove-member': lenientReader(BODY_FORMS['/app/group-remove-member']),
  '/app/group-update': lenientReader(BODY_FORMS['/app/group-update']),
  '/app/group-set-role': lenientReader(BODY_FORMS['/app/group-set-role']),
  '/app/group-hand-over': lenientReader(BODY_FORMS['/app/group-hand-over']),
  '/app/group-leave': lenientReader(BODY_FORMS['/app/group-leave']),
  '/app/group-dissolve': lenientReader(BODY_FORMS['/app/group-dissolve']),
  '/app/heartbeat': lenientReader(BODY_FORMS['/app/heartbeat']),
  '/app/auth': lenientReader(BODY_FORMS['/app/auth']),
};

/** By the `content-type` of the SEND. */
export type ImEncoding = 'json' | 'protobuf';

/** Reads a body that fits its destination; others are refused with EINVAL naming the field. */
export function readBody<Destination extends ImDestination>(
  destination: Destination,
  body: Uint8Array,
  encoding: ImEncoding,
): ImBody<Destination> {
  return READERS[destination](encoding === 'json' ? parseJsonBody(body) : parseProtobuf(destination, body));
}

function parseProtobuf(destination: ImDestination, body: Uint8Array): unknown {
  try {
    return decodeImBody(destination, body, (json) => parseJsonText(json, 'system.content'));
  } catch (cause) {
    if (cause instanceof ImCodecError) {
      throw new DomainError('EINVAL', cause.message, { field: cause.field, cause });
    }
    throw cause;
  }
}

const MESSAGES: ReadonlySet<string> = new Set<ImDestination>([
  '/app/chat',
  '/app/private-message',
  '/app/group-message',
  '/app/quote-message',
  '/app/forward-message',
]);

/** Whether what is sent there is a message, with an id of the client's own. */
export function isMessage(destination: string): boolean {
  return MESSAGES.has(destination);
}

/** The id by which a client knows what it sent there, for a refusal to name it; null where there is none. */
export function peekMessageId(
  destination: ImDestination,
  body: Uint8Array,
  encoding: ImEncoding,
): string | null {
  const name = isMessage(destination) ? 'clientMsgId' : 'messageId';
  return encoding === 'json' ? peekString(body, name) : peekImMessageId(destination, body);
}
