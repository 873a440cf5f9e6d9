import { type Static, Type } from 'typebox';
import type { Users } from '../../core/users.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import type { ClientOf } from '../client.ts';
import { userJson } from '../json.ts';
import { NextSchema, NoContent, nextOf, PageQuery, pageOf, RoleSchema, UserSchema } from '../schemas.ts';

const Changeable = {
  nickname: Type.Optional(Type.String({ examples: ['Alice'] })),
  avatar: Type.Optional(Type.String({ description: 'URL of a picture.' })),
  role: Type.Optional(RoleSchema),
  password: Type.Optional(
    Type.String({
      description: 'Without one, the user comes only with tokens made elsewhere.',
      examples: ['secret'],
    }),
  ),
};

const NewUser = Type.Object(
  {
    id: Type.Optional(Type.String({ description: 'Made by the server where absent.', examples: ['dave'] })),
    uid: Type.Optional(Type.Integer({ description: 'The next free one where absent.' })),
    username: Type.String({ examples: ['dave'] }),
    ...Changeable,
  },
  { additionalProperties: false },
);

const UserChange = Type.Object(
  { username: Type.Optional(Type.String()), ...Changeable },
  { additionalProperties: false, minProperties: 1 },
);

const UserPage = Type.Object(
  { users: Type.Array(UserSchema), next: NextSchema },
  { description: 'A page of users.' },
);
const UserParams = Type.Object({ id: Type.String({ description: "The user's id.", examples: ['alice'] }) });

/** Stands for who asks; no user has it as its id. */
const ME = 'me';

const COMMON = { tags: ['users'], ...WITH_TOKEN };

export function userRoutes(api: Api, users: Users, clientOf: ClientOf): void {
  api.post(
    '/users',
    {
      schema: {
        ...COMMON,
        summary: 'Make a user',
        description: 'Role admin or service.',
        body: NewUser,
        response: { 201: UserSchema, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const { principal, body } = request;
      const made = await users.create(principal, body, clientOf(request, reply));
      return reply.code(201).send(userJson(made));
    },
  );

  api.get(
    '/users',
    {
      schema: {
        ...COMMON,
        summary: 'List the users, by id',
        description: 'Role admin or service.',
        querystring: PageQuery,
        response: { 200: UserPage, ...REFUSALS },
      },
    },
    async ({ principal, query }): Promise<Static<typeof UserPage>> => {
      const page = pageOf(query);
      const found = await users.list(principal, page);
      return {
        users: found.map(userJson),
        ...nextOf(
          found.map(({ id }) => id),
          page.limit,
        ),
      };
    },
  );

  api.get(
    '/users/me',
    { schema: { ...COMMON, summary: 'Look up oneself', response: { 200: UserSchema, ...REFUSALS } } },
    async ({ principal }) => userJson(await users.get(principal, principal.userId)),
  );

  api.get(
    '/users/:id',
    {
      schema: {
        ...COMMON,
        summary: 'Look up a user',
        params: UserParams,
        response: { 200: UserSchema, ...REFUSALS },
      },
    },
    async ({ principal, params }) => userJson(await users.get(principal, params.id)),
  );

  api.patch(
    '/users/:id',
    {
      schema: {
        ...COMMON,
        summary: 'Change a user',
        description:
          'Users may change their own nickname, avatar and password, also as `/users/me`; role admin or service changes all. One may change the own password 5 times in a minute.',
        params: UserParams,
        body: UserChange,
        response: { 200: UserSchema, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const { principal, params, body } = request;
      const id = params.id === ME ? principal.userId : params.id;
      return userJson(await users.update(principal, id, body, clientOf(request, reply)));
    },
  );

  api.delete(
    '/users/:id',
    {
      schema: {
        ...COMMON,
        summary: 'Delete a user',
        description: 'Role admin or service. Ends memberships and sessions; messages stay.',
        params: UserParams,
        response: { 204: NoContent, ...REFUSALS },
      },
    },
    async ({ principal, params }, reply) => {
      await users.delete(principal, params.id);
      return reply.code(204).send(null);
    },
  );
}
