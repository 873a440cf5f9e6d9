import { DESK_AGENT_STATUSES } from '@haina/wire';
import { Type } from 'typebox';
import { MAX_CLIENT_ID_LENGTH } from '../../core/content.ts';
import { MAX_ID_LENGTH } from '../../core/validate.ts';
import { bodyReader } from '../common/json.ts';

/** Most messages of one answer, so that it stays well below what may wait for a client. */
export const MAX_HISTORY = 50;

const Id = Type.String({ minLength: 1, maxLength: MAX_ID_LENGTH });
const Seq = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** The core knows how long these may be. */
const Text = Type.String();
const clientMsgId = Type.Optional(Type.String({ minLength: 1, maxLength: MAX_CLIENT_ID_LENGTH }));

export const readSend = bodyReader(
  Type.Object({
    sessionId: Type.Optional(Id),
    conversationId: Type.Optional(Type.String({ minLength: 1 })),
    skill: Type.Optional(Text),
    topic: Type.Optional(Text),
    content: Type.Unknown(),
    /** `readNamedContent` knows the types. */
    msgType: Type.Optional(Type.Unknown()),
    clientMsgId,
  }),
);

/** As clients of such servers write it; `chatType` is not looked at. */
export const readChatSend = bodyReader(
  Type.Object({
    type: Type.Optional(Type.Literal('CHAT')),
    msgId: clientMsgId,
    sessionId: Type.Optional(Type.String({ maxLength: MAX_ID_LENGTH })),
    conversationId: Type.Optional(Type.String({ minLength: 1 })),
    content: Type.Unknown(),
    messageType: Type.Optional(Type.Unknown()),
  }),
);

export const readChatAck = bodyReader(
  Type.Object({ msgId: Type.String({ minLength: 1 }), status: Type.Optional(Text) }),
);

export const readChatHeartbeat = bodyReader(Type.Object({ msgId: Type.Optional(Text) }));

export const readSessionRef = bodyReader(Type.Object({ sessionId: Id }));

export const readTyping = bodyReader(Type.Object({ sessionId: Id, typing: Type.Optional(Type.Boolean()) }));

export const readRead = bodyReader(
  Type.Object({
    messageId: Type.Optional(Text),
    upTo: Type.Optional(Type.Boolean()),
    sessionId: Type.Optional(Id),
    seq: Type.Optional(Seq),
  }),
);

export const readRate = bodyReader(
  Type.Object({
    sessionId: Id,
    score: Type.Integer({ minimum: 1, maximum: 5 }),
    comment: Type.Optional(Text),
  }),
);

export const readStatus = bodyReader(
  Type.Object({
    status: Type.Enum([...DESK_AGENT_STATUSES]),
    capacity: Type.Optional(Type.Integer()),
    skills: Type.Optional(Type.Array(Text)),
  }),
);

export const readTransfer = bodyReader(
  Type.Object({
    sessionId: Id,
    agentId: Type.Optional(Id),
    skill: Type.Optional(Text),
  }),
);

export const readNote = bodyReader(Type.Object({ sessionId: Id, content: Text, clientMsgId }));

export const readHistory = bodyReader(
  Type.Object({
    sessionId: Id,
    before: Type.Optional(Seq),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_HISTORY })),
  }),
);

export const readSync = bodyReader(
  Type.Object({ sessionId: Type.Optional(Id), sinceSeq: Type.Optional(Seq) }),
);

export const readMessageRef = bodyReader(Type.Object({ messageId: Text }));

export const readEdit = bodyReader(Type.Object({ messageId: Text, content: Text }));
