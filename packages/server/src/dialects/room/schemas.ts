import { Type } from 'typebox';
import { MAX_CLIENT_ID_LENGTH } from '../../core/content.ts';
import { lenientReader } from '../common/json.ts';

const text = Type.Optional(Type.String());

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
export const readMessage = lenientReader(Type.Object({ msgType: Type.Integer() }));

export const readInit = lenientReader(
  Type.Object({
    textData: Type.Object({
      dataType: Type.Enum([1, 2]),
      data: Type.Object({ from: Type.Optional(from), roomNumber }),
    }),
  }),
);

export const readChat = lenientReader(
  Type.Intersect([
    textData(
      {
        from,
        roomNumber,
        content: Type.String(),
        id: Type.Optional(Type.String({ minLength: 1, maxLength: MAX_CLIENT_ID_LENGTH })),
      },
      [3],
    ),
    Type.Object({
      extendFields: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    }),
  ]),
);

export const readSign = lenientReader(textData({ roomNumber, id: Type.String({ minLength: 1 }) }, [4]));

export const readContacts = lenientReader(
  Type.Object({
    textData: Type.Optional(
      Type.Object({
        data: Type.Optional(Type.Object({ roomNumber: Type.Optional(roomNumber) })),
      }),
    ),
  }),
);
