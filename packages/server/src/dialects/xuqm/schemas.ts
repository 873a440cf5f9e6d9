import { XUQM_CHAT_TYPES, XUQM_MESSAGE_TYPES } from '@haina/wire';
import { Type } from 'typebox';
import { bodyReader } from '../common/json.ts';

const appId = Type.Optional(Type.String());
const messageId = Type.String({ minLength: 1 });

export const readSend = bodyReader(
  Type.Object({
    appId,
    messageId: Type.Optional(Type.String()),
    toId: Type.String({ minLength: 1 }),
    chatType: Type.Enum([...XUQM_CHAT_TYPES]),
    msgType: Type.Enum([...XUQM_MESSAGE_TYPES]),
    content: Type.Unknown(),
  }),
);

export const readMessageRef = bodyReader(Type.Object({ appId, messageId }));

export const readSync = bodyReader(
  Type.Object({
    appId,
    conversationId: Type.Optional(Type.String({ minLength: 1 })),
    sinceSeq: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  }),
);
