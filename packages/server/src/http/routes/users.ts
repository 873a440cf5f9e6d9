import { type Static, Type } from 'typebox';
import { MAX_UID, type Users } from '../../core/users.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import type { ClientOf } from '../client.ts';
import { userJson } from '../json.ts';
import {
  ChangedUserSchema,
  NextSchema,
  NoContent,
  nextOf,
  PageQuery,
  pageOf,
  RoleSchema,
  UserSchema,
} from '../schemas.ts';
import type { SessionTokens } from '../session-tokens.ts';

const Changeable = {
  nickname: Type.Optional(Type.String({ examples: ['Alice'] })),
  avatar: Type.Optional(Type.String({ description: 'Address of a picture, which may be an uploaded file.' })),
  role: Type.Optional(RoleSchema),
  password: Type.Optional(
    Type.String({
      description: 'Without one, the user comes only with tokens made elsewhere.',
      examples: ['a long secret'],
    }),
  ),
};

const NewUser = Type.Object(
  {
    id: Type.Optional(Type.String({ description: 'Made by the server where absent.', examples: ['dave'] })),
    uid: Type.Optional(
      Type.Integer({ minimum: 1, maximum: MAX_UID, description: 'The next free one where absent.' }),
    ),
    username: Type.String({ minLength: 1, examples: ['dave'] }),
    ...Changeable,
  },
  { additionalProperties: false },
);

const UserChange = Type.Object(
  {
    username: Type.Optional(Type.String()),
    ...Changeable,
    oldPassword: Type.Optional(
      Type.String({
        maxLength: 256,
        description: 'Needed to change the own password, where there is one.',
        examples: ['the one of before'],
      }),
    ),
    disabled: Type.Optional(
      Type.Boolean({ description: 'True ends its sessions, and keeps it from logging in and connecting.' }),
    ),
  },
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

const SessionsEnd = Type.Object(
  { reason: Type.Optional(Type.String({ description: 'For the audit.', examples: ['a lost phone'] })) },
  { additionalProperties: false },
);

export interface UserRoutesDeps {
  readonly users: Users;
  readonly clientOf: ClientOf;
  /** Absent where tokens are made elsewhere. */
  readonly tokens: SessionTokens | undefined;
}

export function userRoutes(api: Api, { users, clientOf, tokens }: UserRoutesDeps): void {
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
          'Users may change their own nickname, avatar and password, also as `/users/me`; role admin or service changes all. A new password ends the sessions of the user and all tokens of before; who changes its own, which takes the old one and may be tried 5 times in a minute, gets a new token with the answer. Another role ends the sessions that have theirs from the record.',
        params: UserParams,
        body: UserChange,
        response: { 200: ChangedUserSchema, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const { principal, params, body } = request;
      const id = params.id === ME ? principal.userId : params.id;
      const provenAt = tokens?.now() ?? 0;
      const user = await users.update(principal, id, body, clientOf(request, reply));
      const isOwnPassword = body.password !== undefined && id === principal.userId;
      return { ...userJson(user), ...(isOwnPassword ? await tokens?.issue(user, provenAt) : {}) };
    },
  );

  api.post(
    '/users/:id/sessions/end',
    {
      schema: {
        ...COMMON,
        summary: "End a user's sessions",
        description: 'Role admin or service. Ends its live sessions and refuses the tokens issued until now.',
        params: UserParams,
        body: SessionsEnd,
        response: { 204: NoContent, ...REFUSALS },
      },
      // No body is an empty one.
      preValidation: async (request) => {
        request.body ??= {};
      },
    },
    async ({ principal, params, body }, reply) => {
      const id = params.id === ME ? principal.userId : params.id;
      await users.endSessions(principal, id, body.reason);
      return reply.code(204).send(null);
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
