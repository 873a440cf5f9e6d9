import { type ImMessage, type ImPayloadArm, type ImPayloads, imPayloadArm, isImMessageStatus } from './im.ts';

/**
 * `malformed`: the bytes are no protobuf or no JSON. `form`: a field is of another kind. `enum`: a number that is no type or
 * no status. `arm`: the payload is not the one of the type. `range`: an integer that JSON cannot carry. `unicode`: half a
 * surrogate pair.
 */
export type ImCodecErrorCode = 'malformed' | 'form' | 'enum' | 'arm' | 'range' | 'unicode';

/** Something is no message of `im`. */
export class ImCodecError extends Error {
  override readonly name = 'ImCodecError';
  readonly code: ImCodecErrorCode;
  /** The field at fault, such as `chat.content`; `body` for the whole. */
  readonly field: string;

  constructor(code: ImCodecErrorCode, field: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.field = field;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The message that plain data means. As in protobuf an absent field is `''` or 0; other fields are left out. The payload
 * must be there, and be the one that goes with the type.
 *
 * @throws {ImCodecError}
 */
export function toImMessage(data: unknown): ImMessage {
  const fields = requireObject(data, 'body');
  const type = integer(fields, 'type');
  const arm = imPayloadArm(type);
  if (arm === undefined) throw new ImCodecError('enum', 'type', `type ${type} is no message type`);
  const message = {
    messageId: text(fields, 'messageId'),
    type,
    status: statusOf(fields),
    senderId: text(fields, 'senderId'),
    receiverId: text(fields, 'receiverId'),
    conversationId: text(fields, 'conversationId'),
    clientMessageId: text(fields, 'clientMessageId'),
    version: text(fields, 'version'),
    deviceId: text(fields, 'deviceId'),
    source: text(fields, 'source'),
    timestamp: integer(fields, 'timestamp'),
    sequence: integer(fields, 'sequence'),
    [arm]: payloadOf(fields, arm, type),
  };
  // `arm` is the one of `type`, which the compiler cannot see.
  return message as unknown as ImMessage;
}

const PAYLOADS: { readonly [Arm in ImPayloadArm]: (fields: Fields) => ImPayloads[Arm] } = {
  chat: (fields) => ({
    content: text(fields, 'content', 'chat.'),
    conversationType: text(fields, 'conversationType', 'chat.'),
  }),
  notification: (fields) => ({
    content: text(fields, 'content', 'notification.'),
    notificationId: text(fields, 'notificationId', 'notification.'),
    expiresAt: integer(fields, 'expiresAt', 'notification.'),
  }),
  system: (fields) => ({
    content: text(fields, 'content', 'system.'),
    code: text(fields, 'code', 'system.'),
  }),
  event: (fields) => ({
    content: text(fields, 'content', 'event.'),
    eventType: text(fields, 'eventType', 'event.'),
    eventId: text(fields, 'eventId', 'event.'),
  }),
};
const ARMS = Object.keys(PAYLOADS) as readonly ImPayloadArm[];

function payloadOf(fields: Fields, arm: ImPayloadArm, type: number): ImPayloads[ImPayloadArm] {
  for (const other of ARMS) {
    if (other === arm || isAbsent(fields[other])) continue;
    throw new ImCodecError('arm', other, `a message of type ${type} has the payload ${arm}, not ${other}`);
  }
  if (isAbsent(fields[arm])) throw new ImCodecError('arm', arm, `${arm} is missing from type ${type}`);
  return PAYLOADS[arm](requireObject(fields[arm], arm));
}

function statusOf(fields: Fields): number {
  const status = integer(fields, 'status');
  if (isImMessageStatus(status)) return status;
  throw new ImCodecError('enum', 'status', `status ${status} is no message status`);
}

function text(fields: Fields, name: string, inside = ''): string {
  const value = fields[name];
  if (typeof value === 'string') {
    if (value.isWellFormed()) return value;
    throw new ImCodecError('unicode', inside + name, `${inside}${name} is not valid Unicode`);
  }
  if (isAbsent(value)) return '';
  throw new ImCodecError('form', inside + name, `${inside}${name} must be a string`);
}

function integer(fields: Fields, name: string, inside = ''): number {
  const value = fields[name];
  if (Number.isSafeInteger(value)) return value as number;
  if (isAbsent(value)) return 0;
  if (typeof value === 'number' && Number.isInteger(value)) throw outOfRange(inside + name);
  throw new ImCodecError('form', inside + name, `${inside}${name} must be an integer`);
}

export function outOfRange(field: string): ImCodecError {
  return new ImCodecError('range', field, `${field} is beyond what a JSON number holds exactly`);
}

/** `null` says nothing too, as in the JSON form of protobuf. */
function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function requireObject(value: unknown, field: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new ImCodecError('form', field, `${field} must be an object`);
}
