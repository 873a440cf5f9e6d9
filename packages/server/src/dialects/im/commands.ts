import { type ImDestination, ImMessageType, ImScope, type ImSendableType } from '@haina/wire';
import type { ConversationPageQuery } from '../../core/conversation-list.ts';
import { isSingleOf, singlePeerOf } from '../../core/conversations.ts';
import { DomainError } from '../../core/errors.ts';
import type { Core } from '../../core/index.ts';
import type { Content, ContentType, JsonValue, Message, Principal } from '../../core/model.ts';
import type { MessageTarget, NewReference } from '../../core/ports/message-store.ts';
import type { ReplayQuery } from '../common/chat-session.ts';
import { DEFAULT_CONVERSATIONS } from '../common/conversation-answer.ts';
import { Stored } from '../common/stored.ts';
import { isObject, readChatContent } from './chat-content.ts';
import { GROUP_COMMANDS } from './group-commands.ts';
import { type ImBody, type ImEncoding, readBody } from './schemas.ts';

/** What a command may use. */
export interface CommandContext {
  readonly core: Core;
  readonly principal: Principal;
  readonly sessionId: string;
  readonly deviceId: string;
  /** Tells the client what its user missed. */
  sync(query: ReplayQuery): Promise<void>;
  /** Answers with a page of the user's conversations. */
  tellConversations(query: ConversationPageQuery): Promise<void>;
  /** Lets the session last as long as this token. */
  renew(token: string): Promise<void>;
  /** Tells the sender's session that a message is on its way to the store. */
  sending(clientMessageId: string): void;
  /** Tells the sender's session that a message was stored before. */
  repeated(message: Message): void;
  /** Answers a heart-beat of the application. */
  heartbeat(): void;
}

type Command<Destination extends ImDestination> = (
  context: CommandContext,
  body: ImBody<Destination>,
) => unknown;

const COMMANDS: { readonly [Destination in ImDestination]: Command<Destination> } = {
  '/app/chat': (context, body) =>
    send(context, body, conversationTarget(context.principal, body.conversationId)),
  '/app/private-message': (context, body) => send(context, body, { kind: 'user', userId: body.receiverId }),
  '/app/group-message': (context, body) => send(context, body, recipientOf(context.principal, body)),
  '/app/quote-message': (context, body) => sendReference(context, body, ImMessageType.CHAT_QUOTE),
  '/app/forward-message': (context, body) => sendReference(context, body, ImMessageType.CHAT_FORWARD),
  '/app/edit-message': ({ core, principal, sessionId }, { messageId, newContent, editReason }) => {
    const { document } = readChatContent(ImMessageType.CHAT_TEXT, newContent, 'newContent');
    return core.changes.edit(principal, messageId, document.content ?? '', options(sessionId, editReason));
  },
  '/app/delete-message': ({ core, principal, sessionId }, { messageId, deleteScope, deleteReason }) =>
    deleteScope === ImScope.EVERYONE
      ? core.changes.recall(principal, messageId, options(sessionId, deleteReason))
      : core.changes.hide(principal, messageId, options(sessionId, deleteReason)),
  '/app/pin-message': ({ core, principal, sessionId }, { messageId, pinScope, pinned = true }) =>
    core.changes.pin(principal, {
      ref: messageId,
      scope: pinScope === ImScope.EVERYONE ? 'everyone' : 'self',
      pinned,
      originSession: sessionId,
    }),
  '/app/read-message': ({ core, principal }, { messageId, upTo = false }) =>
    read(core, principal, messageId, upTo),
  '/app/typing': ({ core, principal }, { typing = true, ...to }) =>
    core.typing.tell(principal, { target: recipientOf(principal, to), isTyping: typing }),
  '/app/sync': ({ sync }, { conversationId, sinceSequence }) => {
    if (sinceSequence !== undefined && conversationId === undefined) {
      throw new DomainError('EINVAL', 'sinceSequence needs a conversationId', { field: 'conversationId' });
    }
    return sync({
      ...(conversationId === undefined ? {} : { conversationId }),
      ...(sinceSequence === undefined ? {} : { sinceSeq: sinceSequence }),
    });
  },
  '/app/conversations': ({ tellConversations }, { after, limit = DEFAULT_CONVERSATIONS }) =>
    tellConversations({ limit, ...(after === undefined ? {} : { after }) }),
  ...GROUP_COMMANDS,
  '/app/heartbeat': ({ heartbeat }) => heartbeat(),
  '/app/auth': ({ renew }, { token }) => renew(token),
};

export function isImDestination(destination: string): destination is ImDestination {
  return Object.hasOwn(COMMANDS, destination);
}

/** Does what a SEND asks. Resolves once that is durable; rejects with a `DomainError`. */
export async function execute<Destination extends ImDestination>(
  destination: Destination,
  context: CommandContext,
  body: Uint8Array,
  encoding: ImEncoding,
): Promise<unknown> {
  return COMMANDS[destination](context, readBody(destination, body, encoding));
}

/** A content that fits its form, field by field. */
type Document = Readonly<Record<string, JsonValue>>;

interface SendBody {
  readonly content: unknown;
  readonly msgType?: number;
  readonly clientMsgId?: string;
}

async function send(
  { core, principal, sessionId, deviceId, sending, repeated }: CommandContext,
  { content, msgType = ImMessageType.CHAT_TEXT, clientMsgId }: SendBody,
  target: MessageTarget,
): Promise<Stored> {
  const type = msgType as ImSendableType;
  const document = readChatContent(type, content).document as unknown as Document;
  const reference = referenceOf(type, document);
  if (clientMsgId !== undefined) sending(clientMsgId);
  const { message, duplicate } = await core.messages.send(principal, {
    ...(clientMsgId === undefined ? {} : { clientId: clientMsgId }),
    target,
    content: contentOf(type, document),
    ...(reference ? { reference } : {}),
    source: 'im',
    deviceId,
    originSession: sessionId,
  });
  if (duplicate) repeated(message);
  return new Stored(message, message.id);
}

interface ReferenceBody {
  readonly conversationId?: string;
  readonly groupId?: string;
  readonly receiverId?: string;
  readonly content?: unknown;
  readonly quotedMessageId?: string;
  readonly originalMessageId?: string;
  readonly forwardReason?: string;
  readonly clientMsgId?: string;
}

/** A quote or a forward, whose reference stands beside the content or in its document. */
function sendReference(
  context: CommandContext,
  body: ReferenceBody,
  msgType: typeof ImMessageType.CHAT_QUOTE | typeof ImMessageType.CHAT_FORWARD,
): Promise<Stored> {
  const { content = {}, quotedMessageId, originalMessageId, forwardReason, clientMsgId } = body;
  const reference =
    msgType === ImMessageType.CHAT_QUOTE
      ? named({ quotedMessageId })
      : named({ originalMessageId, forwardReason });
  const isBeside = Object.keys(reference).length > 0;
  return send(
    context,
    {
      content: isBeside ? { ...textDocument(content), ...reference } : content,
      msgType,
      ...named({ clientMsgId }),
    },
    recipientOf(context.principal, body),
  );
}

/** What a text says, as the document it would be; an object is one, though it may say nothing. */
function textDocument(content: unknown): object {
  return isObject(content) ? content : readChatContent(ImMessageType.CHAT_TEXT, content).document;
}

function named<Fields extends Record<string, unknown>>(
  fields: Fields,
): { [Name in keyof Fields]?: NonNullable<Fields[Name]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Fields]?: NonNullable<Fields[Name]>;
  };
}

const CONTENT_TYPES: Readonly<Record<ImSendableType, ContentType>> = {
  [ImMessageType.CHAT_TEXT]: 'text',
  [ImMessageType.CHAT_IMAGE]: 'image',
  [ImMessageType.CHAT_FILE]: 'file',
  [ImMessageType.CHAT_VOICE]: 'voice',
  [ImMessageType.CHAT_VIDEO]: 'video',
  [ImMessageType.CHAT_LOCATION]: 'location',
  [ImMessageType.CHAT_CARD]: 'card',
  [ImMessageType.CHAT_QUOTE]: 'text',
  [ImMessageType.CHAT_FORWARD]: 'text',
};

/** The fields of section 4.2 and those that only the server fills in; all others are the application's own. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  'content',
  'contentExtra',
  'quotedMessageId',
  'quotedContent',
  'quotedSenderId',
  'originalMessageId',
  'forwardReason',
  'quotedRecalled',
  'originalSenderId',
  'originalContent',
  'originalRecalled',
  'messageId',
  'editReason',
  'recallReason',
]);

function contentOf(type: ImSendableType, document: Document): Content {
  const others = Object.entries(document).filter(([name]) => !KNOWN_FIELDS.has(name));
  return {
    type: CONTENT_TYPES[type],
    text: typeof document.content === 'string' ? document.content : '',
    extra: document.contentExtra ?? null,
    ...(others.length === 0 ? {} : { fields: Object.fromEntries(others) }),
  };
}

function referenceOf(
  type: ImSendableType,
  { quotedMessageId, originalMessageId, forwardReason }: Document,
): NewReference | undefined {
  if (type === ImMessageType.CHAT_QUOTE) return { kind: 'quote', ref: String(quotedMessageId), reason: '' };
  if (type !== ImMessageType.CHAT_FORWARD) return undefined;
  return { kind: 'forward', ref: String(originalMessageId), reason: String(forwardReason ?? '') };
}

/** A message, or else a notification: the server gave both their ids, and no two things share one. */
async function read(core: Core, principal: Principal, messageId: string, upTo: boolean): Promise<void> {
  try {
    await core.messages.read(principal, messageId, { upTo });
  } catch (error) {
    if (!isUnknown(error)) throw error;
    await core.notifications.read(principal, messageId).catch((other: unknown) => {
      throw isUnknown(other) ? error : other;
    });
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof DomainError && error.code === 'ENOENT';
}

/** A conversation, or the user to talk with. */
type Recipient = Extract<MessageTarget, { readonly kind: 'conversation' | 'user' }>;

/** The first that is there of a conversation, a group and a user. */
function recipientOf(
  principal: Principal,
  { conversationId, groupId, receiverId }: Pick<ReferenceBody, 'conversationId' | 'groupId' | 'receiverId'>,
): Recipient {
  if (conversationId !== undefined) return conversationTarget(principal, conversationId);
  if (groupId !== undefined) return { kind: 'conversation', conversationId: groupId };
  if (receiverId !== undefined) return { kind: 'user', userId: receiverId };
  throw new DomainError('EINVAL', 'conversationId is missing', { field: 'conversationId' });
}

/** A single conversation is named by its two users, so that its first message can make it. */
function conversationTarget({ userId }: Principal, conversationId: string): Recipient {
  if (!conversationId.includes(':')) return { kind: 'conversation', conversationId };
  if (isSingleOf(conversationId, userId))
    return { kind: 'user', userId: singlePeerOf(conversationId, userId) };
  throw new DomainError('EPERM', `${conversationId} is no conversation of yours`, {
    field: 'conversationId',
  });
}

function options(originSession: string, reason: string | undefined) {
  return { originSession, ...(reason === undefined ? {} : { reason }) };
}
