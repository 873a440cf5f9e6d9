import { type ImMessage, ImMessageType } from './im.ts';
import type { ImBodies, ImDestination } from './im-bodies.ts';
import { decodeImProtobuf, encodeImProtobuf, parseProtobuf } from './im-codec.ts';
import { ImCodecError, toImMessage } from './im-message.ts';

/**
 * How the bodies of section 8 travel in protobuf: what is said in a conversation in `chat`, everything else in `system` as
 * the JSON body; what has a type of its own among the chat types may also come under that. proto/im.proto says the same
 * for other languages.
 */
const SYSTEM_TYPES = {
  '/app/edit-message': ImMessageType.SYSTEM_STATUS,
  '/app/delete-message': ImMessageType.SYSTEM_STATUS,
  '/app/pin-message': ImMessageType.SYSTEM_STATUS,
  '/app/read-message': ImMessageType.SYSTEM_STATUS,
  '/app/typing': ImMessageType.SYSTEM_STATUS,
  '/app/sync': ImMessageType.SYSTEM_STATUS,
  '/app/conversations': ImMessageType.SYSTEM_STATUS,
  '/app/group-add-members': ImMessageType.SYSTEM_STATUS,
  '/app/group-remove-member': ImMessageType.SYSTEM_STATUS,
  '/app/group-update': ImMessageType.SYSTEM_STATUS,
  '/app/group-set-role': ImMessageType.SYSTEM_STATUS,
  '/app/group-hand-over': ImMessageType.SYSTEM_STATUS,
  '/app/group-leave': ImMessageType.SYSTEM_STATUS,
  '/app/group-dissolve': ImMessageType.SYSTEM_STATUS,
  '/app/heartbeat': ImMessageType.SYSTEM_HEARTBEAT,
  '/app/auth': ImMessageType.SYSTEM_AUTH,
} as const;
type SystemDestination = keyof typeof SYSTEM_TYPES;

type ChatDestination = Exclude<ImDestination, SystemDestination>;

const REFERENCE_TYPES: { readonly [Destination in ChatDestination]?: ImMessageType } = {
  '/app/quote-message': ImMessageType.CHAT_QUOTE,
  '/app/forward-message': ImMessageType.CHAT_FORWARD,
};

const CHAT_TYPES: { readonly [Destination in SystemDestination]?: ImMessageType } = {
  '/app/edit-message': ImMessageType.CHAT_EDIT,
  '/app/delete-message': ImMessageType.CHAT_RECALL,
};

/**
 * The JSON body that a protobuf body means, still unchecked: its form is for the reader of JSON bodies to judge.
 *
 * @param parseJson reads the JSON text of `system.content`; what it throws passes through
 * @throws {ImCodecError} for what is no message, or has another arm or type than the destination takes
 */
export function decodeImBody(
  destination: ImDestination,
  bytes: Uint8Array,
  parseJson: (json: string) => unknown = parse,
): unknown {
  const message = decodeImProtobuf(bytes);
  if (isSystem(destination)) {
    return parseJson(requireCommand(message, destination));
  }
  if (!message.chat) throw wrongArm('chat', destination);
  const { clientMessageId, timestamp, chat, type } = message;
  return {
    ...recipientOf(message, destination),
    content: chat.content,
    ...typeOf(type, destination),
    ...(clientMessageId === '' ? {} : { clientMsgId: clientMessageId }),
    ...(timestamp === 0 ? {} : { timestamp }),
  };
}

function recipientOf({ conversationId, receiverId }: ImMessage, destination: ChatDestination): object {
  if (destination === '/app/private-message') return { receiverId };
  const isToUser = destination in REFERENCE_TYPES && conversationId === '';
  return isToUser ? { receiverId } : { conversationId };
}

/** What kind of message it is, unless the destination says so itself. */
function typeOf(type: ImMessageType, destination: ChatDestination): object {
  const only = REFERENCE_TYPES[destination];
  if (only === undefined) return { msgType: type };
  if (type === only) return {};
  throw new ImCodecError('arm', 'type', `${destination} takes messages of type ${only}`);
}

function requireCommand({ type, chat, system }: ImMessage, destination: SystemDestination): string {
  if (chat && type === CHAT_TYPES[destination]) return chat.content;
  if (!system) throw wrongArm('system', destination);
  const expected = SYSTEM_TYPES[destination];
  if (type === expected) return system.content;
  throw new ImCodecError('arm', 'type', `${destination} takes messages of type ${expected}`);
}

function wrongArm(arm: string, destination: string): ImCodecError {
  return new ImCodecError('arm', arm, `${destination} takes messages with the payload ${arm}`);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new ImCodecError('malformed', 'system.content', 'system.content is not valid JSON', { cause });
  }
}

/**
 * The id by which a client knows what it sent there: `clientMessageId` of a message, `messageId` of another command. Also
 * of a body that `decodeImBody` refuses; null where there is none, or the bytes are no protobuf.
 */
export function peekImMessageId(destination: ImDestination, bytes: Uint8Array): string | null {
  try {
    const { clientMessageId, payload } = parseProtobuf(bytes);
    if (!isSystem(destination)) return clientMessageId === '' ? null : clientMessageId;
    const isCommand = payload.case === 'system' || (payload.case === 'chat' && destination in CHAT_TYPES);
    const body = isCommand ? parse(payload.value.content) : null;
    const messageId = (body as { messageId?: unknown } | null)?.messageId;
    return typeof messageId === 'string' ? messageId : null;
  } catch (error) {
    if (error instanceof ImCodecError) return null;
    throw error;
  }
}

/**
 * A client's body as protobuf.
 *
 * @throws {ImCodecError}
 */
export function encodeImBody<Destination extends ImDestination>(
  destination: Destination,
  body: ImBodies[Destination],
): Uint8Array {
  if (isSystem(destination)) {
    const type = SYSTEM_TYPES[destination];
    return encodeImProtobuf(toImMessage({ type, system: { content: JSON.stringify(body) } }));
  }
  return encodeImProtobuf(chatMessage(destination, body as ImBodies[ChatDestination]));
}

/** All that bodies of messages may have. */
type AnyChatBody = Partial<UnionToIntersection<ImBodies[ChatDestination]>>;
type UnionToIntersection<Union> = (Union extends unknown ? (each: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;

function chatMessage(destination: ChatDestination, body: AnyChatBody): ImMessage {
  const { msgType = ImMessageType.CHAT_TEXT, clientMsgId = '', timestamp = 0 } = body;
  const content = destination in REFERENCE_TYPES ? withReference(body) : body.content;
  return toImMessage({
    type: REFERENCE_TYPES[destination] ?? msgType,
    conversationId: body.conversationId ?? body.groupId ?? '',
    receiverId: body.receiverId ?? '',
    clientMessageId: clientMsgId,
    timestamp,
    chat: { content: typeof content === 'string' ? content : JSON.stringify(content ?? {}) },
  });
}

/** Protobuf has no place for a reference but the document of the content. */
function withReference({ content, quotedMessageId, originalMessageId, forwardReason }: AnyChatBody): unknown {
  if (quotedMessageId === undefined && originalMessageId === undefined) return content;
  const document = typeof content === 'string' ? { content } : content;
  return { ...document, quotedMessageId, originalMessageId, forwardReason };
}

function isSystem(destination: ImDestination): destination is SystemDestination {
  return Object.hasOwn(SYSTEM_TYPES, destination);
}
