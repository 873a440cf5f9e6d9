import { Type } from 'typebox';
import { MAX_CLIENT_ID_LENGTH } from '../../core/content.ts';
import { MAX_ID_LENGTH } from '../../core/validate.ts';
import { bodyReader } from '../common/json.ts';

const msgID = Type.String({ minLength: 1, maxLength: MAX_CLIENT_ID_LENGTH });

export const readSend = bodyReader(
  Type.Object({
    msgID,
    reciverId: Type.Integer({
      minimum: Number.MIN_SAFE_INTEGER,
      maximum: Number.MAX_SAFE_INTEGER,
    }),
    // The core knows how long a text may be.
    content: Type.Optional(Type.String()),
    message: Type.Optional(Type.String()),
  }),
);

export const readRecive = bodyReader(Type.Object({ msgID }));

/** The id alone says which one it is. */
export const readNoticeReceived = bodyReader(
  Type.Object({
    ntcType: Type.Optional(Type.Unknown()),
    id: Type.String({ minLength: 1, maxLength: MAX_ID_LENGTH }),
  }),
);
