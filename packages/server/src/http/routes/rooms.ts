import { type Static, Type } from 'typebox';
import type { Attendance } from '../../core/attendance.ts';
import type { Principal, Room } from '../../core/model.ts';
import { OPTIONAL_NAME_FORM } from '../../core/name-forms.ts';
import { MAX_DESCRIPTION_LENGTH, type Rooms } from '../../core/rooms.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import { checkedByCore } from '../documented.ts';
import { ConversationName, NewId } from '../inputs.ts';
import { roomJson } from '../json.ts';
import { HistorySchema, NextSchema, NoContent, nextOf, PageQuery, pageOf, RoomSchema } from '../schemas.ts';

const name = ConversationName('Class 3');
const description = Type.Optional(
  Type.String({
    ...checkedByCore({ maxLength: MAX_DESCRIPTION_LENGTH, pattern: OPTIONAL_NAME_FORM }),
    description: 'Counted once it is in Unicode form NFC and trimmed.',
    examples: ['Mathematics, Mondays'],
  }),
);
const open = Type.Optional(
  Type.Boolean({ description: 'Whether guests may come in; users always may. False where absent.' }),
);

const NewRoom = Type.Object(
  {
    number: Type.Optional(NewId('E00001')),
    name,
    description,
    open,
    history: Type.Optional(HistorySchema),
    ownerId: Type.Optional(Type.String({ description: 'A user.', examples: ['alice'] })),
  },
  { additionalProperties: false },
);

const RoomChange = Type.Object(
  {
    name: Type.Optional(name),
    description,
    open,
    history: Type.Optional(HistorySchema),
    ownerId: Type.Optional(
      Type.Union([Type.String(), Type.Null()], { description: 'A user, or null for nobody.' }),
    ),
  },
  { additionalProperties: false, minProperties: 1 },
);

const RoomPage = Type.Object(
  { rooms: Type.Array(RoomSchema), next: NextSchema },
  { description: 'A page of rooms.' },
);
const RoomParams = Type.Object({
  number: Type.String({ description: "The room's number.", examples: ['E00001'] }),
});

const COMMON = { tags: ['rooms'], ...WITH_TOKEN };
const MANAGERS = 'Role admin or service.';

export interface RoomServices {
  readonly rooms: Rooms;
  readonly attendance: Attendance;
}

export function roomRoutes(api: Api, { rooms, attendance }: RoomServices): void {
  const json = async ({ tenant }: Principal, room: Room) =>
    roomJson(room, await attendance.countIn(tenant, room.id));

  api.post(
    '/rooms',
    {
      schema: {
        ...COMMON,
        summary: 'Make a room',
        description: `${MANAGERS} Rooms and groups share their ids.`,
        body: NewRoom,
        response: { 201: RoomSchema, ...REFUSALS },
      },
    },
    async ({ principal, body }, reply) => {
      const { number, open: isOpen, ...rest } = body;
      const room = await rooms.create(principal, {
        ...rest,
        ...(number === undefined ? {} : { id: number }),
        ...(isOpen === undefined ? {} : { isOpen }),
      });
      return reply.code(201).send(await json(principal, room));
    },
  );

  api.get(
    '/rooms',
    {
      schema: {
        ...COMMON,
        summary: 'List the rooms, by number',
        description: MANAGERS,
        querystring: PageQuery,
        response: { 200: RoomPage, ...REFUSALS },
      },
    },
    async ({ principal, query }): Promise<Static<typeof RoomPage>> => {
      const page = pageOf(query);
      const found = await rooms.list(principal, page);
      return {
        rooms: await Promise.all(found.map((room) => json(principal, room))),
        ...nextOf(
          found.map(({ id }) => id),
          page.limit,
        ),
      };
    },
  );

  api.get(
    '/rooms/:number',
    {
      schema: {
        ...COMMON,
        summary: 'Look up a room',
        description: MANAGERS,
        params: RoomParams,
        response: { 200: RoomSchema, ...REFUSALS },
      },
    },
    async ({ principal, params }) => json(principal, await rooms.get(principal, params.number)),
  );

  api.patch(
    '/rooms/:number',
    {
      schema: {
        ...COMMON,
        summary: 'Change a room',
        description: `${MANAGERS} Guests have to leave a room that is closed to them.`,
        params: RoomParams,
        body: RoomChange,
        response: { 200: RoomSchema, ...REFUSALS },
      },
    },
    async ({ principal, params, body }) => {
      const { open: isOpen, ...rest } = body;
      const change = { ...rest, ...(isOpen === undefined ? {} : { isOpen }) };
      return json(principal, await rooms.update(principal, params.number, change));
    },
  );

  api.delete(
    '/rooms/:number',
    {
      schema: {
        ...COMMON,
        summary: 'End a room',
        description: `${MANAGERS} Everybody has to leave it, and nobody can read it or send to it any more.`,
        params: RoomParams,
        response: { 204: NoContent, ...REFUSALS },
      },
    },
    async ({ principal, params }, reply) => {
      await rooms.delete(principal, params.number);
      return reply.code(204).send(null);
    },
  );
}
