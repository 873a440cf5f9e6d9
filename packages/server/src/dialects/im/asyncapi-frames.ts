import { Type } from 'typebox';

const text = (description: string) => Type.String({ description });
const maybe = (description: string) => Type.Optional(text(description));
const encoding = Type.Optional(
  Type.Enum(['application/json', 'application/x-protobuf'], {
    description: 'JSON where absent. Protobuf travels over plain WebSocket only.',
  }),
);

/** The headers of a SEND; its destination is the address of the channel. */
export const SEND_HEADERS = Type.Object({
  'content-type': encoding,
  'content-length': maybe('Needed where the body may hold NUL, as protobuf may.'),
  receipt: maybe('Asks for a RECEIPT, which says that the command is done and stored on disk.'),
  transaction: maybe('As in STOMP.'),
});

/** The headers of a MESSAGE; its destination is the address of the channel. */
export const MESSAGE_HEADERS = Type.Object({
  subscription: text('The id of the SUBSCRIBE.'),
  'message-id': text('For ACK; says nothing more.'),
  'content-type': text('`application/json` or `application/x-protobuf`.'),
  'content-length': text('Bytes of the body.'),
  ack: maybe('Under `ack:client` and `ack:client-individual`.'),
});

interface Frame {
  readonly summary: string;
  readonly headers: object;
  /** A text; empty where absent. */
  readonly body?: string;
}

/** The frames around SEND and MESSAGE, by their STOMP command. */
export const CLIENT_FRAMES: Readonly<Record<string, Frame>> = {
  CONNECT: {
    summary: 'The first frame of a session',
    headers: Type.Object({
      'accept-version': text('Such as `1.2`.'),
      'heart-beat': maybe('As in STOMP.'),
      Authorization: text('`Bearer` and the token; it may also be in a header `token` or in the query.'),
      userId: maybe("Must be the token's user."),
      deviceId: maybe('What the device calls itself, at most 128 characters.'),
      clientType: maybe('Such as `web`.'),
      accept: encoding,
    }),
  },
  SUBSCRIBE: {
    summary: 'Asks for what comes to a destination',
    headers: Type.Object({
      id: text('Unique in the session.'),
      destination: text('The address of a channel that the server sends to.'),
      ack: Type.Optional(Type.Enum(['auto', 'client', 'client-individual'])),
      receipt: maybe('Asks for a RECEIPT.'),
      accept: encoding,
    }),
  },
};

export const SERVER_FRAMES: Readonly<Record<string, Frame>> = {
  CONNECTED: {
    summary: 'The session is open',
    headers: Type.Object({
      version: text('The STOMP version.'),
      'heart-beat': text('As in STOMP.'),
      session: text('The id of the session.'),
      'user-name': text('The id of the user.'),
      server: text('Name and version of the server.'),
    }),
  },
  RECEIPT: {
    summary: 'A frame with a `receipt` was carried out',
    headers: Type.Object({
      'receipt-id': text('That of the frame.'),
      messageId: maybe("The server's id of the message that a SEND stored, or had stored before."),
      conversationId: maybe('Of that message.'),
      seq: maybe('Its sequence in the conversation, as decimal digits.'),
      createdAt: maybe('When it was stored, in ms since 1970, as decimal digits.'),
    }),
  },
  ERROR: {
    summary:
      'The session ends, and the connection closes with a code that tells whether to connect again (docs/errors.md): authentication failed, or STOMP was broken',
    headers: Type.Object({
      message: text('Such as `Unauthorized`.'),
      reason: maybe('With `Unauthorized`: why, such as `token-expired`; see docs/errors.md.'),
      'receipt-id': maybe('Of the frame that is to blame.'),
      'content-type': text('`text/plain`'),
    }),
    body: 'What was wrong.',
  },
};
