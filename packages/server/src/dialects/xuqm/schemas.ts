import { XUQM_CHAT_TYPES } from '@haina/wire';
import { Type } from 'typebox';
import { MAX_CONVERSATIONS } from '../../core/conversation-list.ts';
import { MAX_ID_LENGTH } from '../../core/validate.ts';
import { bodyReader } from '../common/json.ts';

const appId = Type.Optional(Type.String());
/** The core knows how long one may be. */
const messageId = Type.String();

export const readSend = bodyReader(
  Type.Object({
    appId,
    messageId: Type.Optional(messageId),
    toId: Type.String({ minLength: 1, maxLength: MAX_ID_LENGTH }),
    chatType: Type.Enum([...XUQM_CHAT_TYPES]),
    /** `toContent` knows the types. */
    msgType: Type.Optional(Type.Unknown()),
    content: Type.Unknown(),
  }),
);

export const readTyping = bodyReader(
  Type.Object({
    appId,
    toId: Type.String({ minLength: 1, maxLength: MAX_ID_LENGTH }),
    chatType: Type.Enum([...XUQM_CHAT_TYPES]),
    typing: Type.Optional(Type.Boolean()),
  }),
);

export const readMessageRef = bodyReader(Type.Object({ appId, messageId }));

export const readRead = bodyReader(Type.Object({ appId, messageId, upTo: Type.Optional(Type.Boolean()) }));

export const readSync = bodyReader(
  Type.Object({
    appId,
    conversationId: Type.Optional(Type.String({ minLength: 1 })),
    sinceSeq: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  }),
);

export const readConversations = bodyReader(
  Type.Object({
    appId,
    after: Type.Optional(Type.String()),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_CONVERSATIONS })),
  }),
);
