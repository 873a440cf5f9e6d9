import fc from 'fast-check';
import { type ImMessage, ImMessageStatus, ImMessageType, type ImPayloadArm, imPayloadArm } from './im.ts';
import { toImMessage } from './im-message.ts';

export const EVERY_TYPE = Object.entries(ImMessageType);

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const integer = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(0, 1, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
);

const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(fields, { noNullPrototype: true });

const PAYLOADS: Readonly<Record<ImPayloadArm, fc.Arbitrary<object>>> = {
  chat: record({ content: text, conversationType: text }),
  notification: record({ content: text, notificationId: text, expiresAt: integer }),
  system: record({ content: text, code: text }),
  event: record({ content: text, eventType: text, eventId: text }),
};

/** Any message of a type, written without the code under test. */
export function anyMessage(type: ImMessageType): fc.Arbitrary<ImMessage> {
  const arm = imPayloadArm(type);
  const message = record<Record<string, unknown>>({
    messageId: text,
    type: fc.constant(type),
    status: fc.constantFrom(...Object.values(ImMessageStatus)),
    senderId: text,
    receiverId: text,
    conversationId: text,
    clientMessageId: text,
    version: text,
    deviceId: text,
    source: text,
    timestamp: integer,
    sequence: integer,
    [arm]: PAYLOADS[arm],
  });
  return message as unknown as fc.Arbitrary<ImMessage>;
}

/** A message of a type with something in every field. */
export function fullMessage(type: ImMessageType, content: object = { content: 'hi' }): ImMessage {
  const payload = {
    content: JSON.stringify(content),
    conversationType: 'group',
    notificationId: 'n1',
    expiresAt: 1705795199000,
    code: 'EPERM',
    eventType: 'business.user.login',
    eventId: 'e1',
  };
  return toImMessage({
    messageId: 'm1',
    type,
    status: ImMessageStatus.MESSAGE_DELIVERED,
    senderId: 'alice',
    receiverId: 'bob',
    conversationId: 'alice:bob',
    clientMessageId: 'c1',
    version: '2.0.0',
    deviceId: 'phone',
    source: 'im',
    timestamp: 1705744800000,
    sequence: 42,
    [imPayloadArm(type)]: payload,
  });
}
