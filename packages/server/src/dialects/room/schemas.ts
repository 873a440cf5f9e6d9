import { type TSchema, Type } from 'typebox';
import { MAX_CLIENT_ID_LENGTH } from '../../core/content.ts';
import { valueReader } from '../common/json.ts';

/** May be missing, or null as other languages write it. */
const optional = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));

const text = optional(Type.String());

/** The core knows which ids there can be, and how long texts may be. */
const from = Type.Object({
  id: Type.String({ minLength: 1 }),
  personName: text,
  personNum: text,
  nickName: text,
  headImgUrl: text,
});
const roomNumber = Type.String({ minLength: 1 });

const textData = <Data extends Parameters<typeof Type.Object>[0]>(data: Data, dataTypes: readonly number[]) =>
  Type.Object({
    textData: Type.Object({
      dataType: Type.Optional(Type.Enum([...dataTypes])),
      data: Type.Object(data),
    }),
  });

/** What all messages have. */
export const readMessage = valueReader(Type.Object({ msgType: Type.Integer() }));

export const readInit = valueReader(
  Type.Object({
    textData: Type.Object({
      dataType: Type.Enum([1, 2]),
      data: Type.Object({ from: optional(from), roomNumber }),
    }),
  }),
);

export const readChat = valueReader(
  Type.Intersect([
    textData(
      {
        from,
        roomNumber,
        content: Type.String(),
        id: optional(Type.String({ minLength: 1, maxLength: MAX_CLIENT_ID_LENGTH })),
      },
      [3],
    ),
    Type.Object({
      extendFields: optional(Type.Record(Type.String(), Type.Unknown())),
    }),
  ]),
);

export const readSign = valueReader(textData({ roomNumber, id: Type.String({ minLength: 1 }) }, [4]));

export const readContacts = valueReader(
  Type.Object({
    textData: optional(
      Type.Object({
        data: optional(Type.Object({ roomNumber: optional(roomNumber) })),
      }),
    ),
  }),
);
