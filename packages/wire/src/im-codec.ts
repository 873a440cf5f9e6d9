import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type WebSocketMessage, WebSocketMessageSchema } from './generated/im_pb.js';
import type { ImMessage } from './im.ts';
import { ImCodecError, outOfRange, toImMessage } from './im-message.ts';

/** Nobody reads fields that are not of the protocol. */
const READ = { readUnknownFields: false };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The message as JSON, every envelope field in it.
 *
 * @throws {ImCodecError} where it is no message, so that neither encoding sends what the other one cannot
 */
export function encodeImJson(message: ImMessage): string {
  return JSON.stringify(toImMessage(message));
}

/**
 * Reads a message from JSON. Unknown fields are left out.
 *
 * @throws {ImCodecError}
 */
export function decodeImJson(json: string | Uint8Array): ImMessage {
  return toImMessage(parse(json));
}

function parse(json: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof json === 'string' ? json : utf8.decode(json));
  } catch (cause) {
    throw new ImCodecError('malformed', 'body', 'the body is not valid JSON', { cause });
  }
}

/**
 * The message as the protobuf WebSocketMessage of proto/im.proto.
 *
 * @throws {ImCodecError} as `encodeImJson` does
 */
export function encodeImProtobuf(message: ImMessage): Uint8Array {
  const checked = toImMessage(message);
  const generated = create(WebSocketMessageSchema, {
    ...checked,
    timestamp: BigInt(checked.timestamp),
    sequence: BigInt(checked.sequence),
    payload: payloadOf(checked),
  });
  return toBinary(WebSocketMessageSchema, generated);
}

type GeneratedPayload = NonNullable<MessageInitShape<typeof WebSocketMessageSchema>['payload']>;

function payloadOf({ chat, notification, system, event }: ImMessage): GeneratedPayload {
  if (chat) return { case: 'chat', value: chat };
  if (system) return { case: 'system', value: system };
  if (event) return { case: 'event', value: event };
  if (!notification) return { case: undefined };
  const value = { ...notification, expiresAt: BigInt(notification.expiresAt) };
  return { case: 'notification', value };
}

/**
 * Reads a message from protobuf. Unknown fields are left out.
 *
 * @throws {ImCodecError}
 */
export function decodeImProtobuf(bytes: Uint8Array): ImMessage {
  const { payload, timestamp, sequence, ...fields } = parseProtobuf(bytes);
  return toImMessage({
    ...fields,
    timestamp: toNumber(timestamp, 'timestamp'),
    sequence: toNumber(sequence, 'sequence'),
    ...dataOf(payload),
  });
}

/**
 * What the bytes hold, whether or not it makes sense.
 *
 * @throws {ImCodecError} where they are no protobuf
 */
export function parseProtobuf(bytes: Uint8Array): WebSocketMessage {
  try {
    return fromBinary(WebSocketMessageSchema, bytes, READ);
  } catch (cause) {
    throw new ImCodecError('malformed', 'body', 'the body is not a protobuf WebSocketMessage', { cause });
  }
}

function dataOf(payload: WebSocketMessage['payload']): object {
  if (payload.case === undefined) return {};
  if (payload.case !== 'notification') return { [payload.case]: payload.value };
  const { value } = payload;
  return { notification: { ...value, expiresAt: toNumber(value.expiresAt, 'notification.expiresAt') } };
}

function toNumber(value: bigint, field: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw outOfRange(field);
}
