import { ImMessageStatus, type ImMessageType, type ImPayloadArm, imPayloadArm } from '@haina/wire';
import { type TObject, type TSchema, Type } from 'typebox';

const text = (description: string) => Type.String({ description });
const time = (description: string) => Type.Integer({ description });

const ARMS: Readonly<Record<ImPayloadArm, (content: TSchema) => TObject>> = {
  chat: (content) =>
    Type.Object({ content, conversationType: text('`single`, `group`, `room` or `service`.') }),
  notification: (content) =>
    Type.Object({
      content,
      notificationId: text('The same as `messageId`.'),
      expiresAt: time('Milliseconds since 1970; 0 for never.'),
    }),
  system: (content) =>
    Type.Object({ content, code: text('Of the refusal or the end that `content` tells, else empty.') }),
  event: (content) =>
    Type.Object({
      content,
      eventType: text('Such as `business.group.member.joined`.'),
      eventId: text('The same for every copy of one event.'),
    }),
};

/**
 * The JSON form of a message of one type, sections 3.1 to 3.3: every field there, and the one arm of its type.
 *
 * @param content the form of the text that holds the document
 */
export function envelopeForm(type: ImMessageType, content: TSchema = Type.String()): TObject {
  const arm = imPayloadArm(type);
  return Type.Object({
    messageId: text(
      "The server's id of the message, notification, event or change of settings; else one of its own.",
    ),
    type: Type.Literal(type),
    status: Type.Enum(Object.values(ImMessageStatus)),
    senderId: text('Who sent the message, or did what is told.'),
    receiverId: text('The receiving user, or the group.'),
    conversationId: text('`single:` and both users in order, or the id of the group.'),
    clientMessageId: text("The sender's own id of the message."),
    version: text("The protocol's version."),
    deviceId: text("The sender's device."),
    source: text('The protocol a message came through; `haina` for the server.'),
    timestamp: time('Milliseconds since 1970.'),
    sequence: Type.Integer({
      minimum: 0,
      description: 'Place in the conversation; 0 for what is no message.',
    }),
    [arm]: (ARMS[arm] as (content: TSchema) => TObject)(content),
  });
}
