import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { MAX_ADMIN_REASON_LENGTH, MAX_PASSWORD_LENGTH } from '../../core/limits.ts';
import { MAX_UID, type Users } from '../../core/users.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import type { ClientOf } from '../client.ts';
import { OPTIONAL_BODY, orNothing } from '../documented.ts';
import { NewId, NewPassword, Nickname, Picture, Username } from '../inputs.ts';
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

const changeable = (minPasswordLength: number) => ({
  nickname: Type.Optional(Nickname),
  avatar: Type.Optional(Picture),
  role: Type.Optional(RoleSchema),
  password: Type.Optional(NewPassword(minPasswordLength)),
});

const newUser = (minPasswordLength: number) =>
  Type.Object(
    {
      id: Type.Optional(NewId('dave')),
      uid: Type.Optional(
        Type.Integer({ minimum: 1, maximum: MAX_UID, description: 'The next free one where absent.' }),
      ),
      username: Username,
      ...changeable(minPasswordLength),
    },
    { additionalProperties: false },
  );

const userChange = (minPasswordLength: number) =>
  Type.Object(
    {
      username: Type.Optional(Username),
      ...changeable(minPasswordLength),
      oldPassword: Type.Optional(
        Type.String({
          maxLength: MAX_PASSWORD_LENGTH,
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

type Change = Static<ReturnType<typeof userChange>>;

const UserPage = Type.Object(
  { users: Type.Array(UserSchema), next: NextSchema },
  { description: 'A page of users.' },
);
const UserParams = Type.Object({ id: Type.String({ description: "The user's id.", examples: ['alice'] }) });

/** Stands for who asks; no user has it as its id. */
const ME = 'me';

const CHANGE_RULES =
  'Users may change their own nickname, avatar and password; role admin or service changes all. A new password ends the sessions of the user and all tokens of before; who changes its own, which takes the old one and may be tried 5 times in a minute, gets a new token with the answer. Another role ends the sessions that have theirs from the record.';

const COMMON = { tags: ['users'], ...WITH_TOKEN };

const SessionsEnd = Type.Object(
  {
    reason: Type.Optional(
      Type.String({
        maxLength: MAX_ADMIN_REASON_LENGTH,
        description: 'For the audit.',
        examples: ['a lost phone'],
      }),
    ),
  },
  { additionalProperties: false },
);

export interface UserRoutesDeps {
  readonly users: Users;
  readonly clientOf: ClientOf;
  /** Absent where tokens are made elsewhere. */
  readonly tokens: SessionTokens | undefined;
}

export function userRoutes(api: Api, { users, clientOf, tokens }: UserRoutesDeps): void {
  const { minPasswordLength } = users;
  api.post(
    '/users',
    {
      schema: {
        ...COMMON,
        summary: 'Make a user',
        description: 'Role admin or service.',
        body: newUser(minPasswordLength),
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

  const update = async (request: FastifyRequest, reply: FastifyReply, id: string, change: Change) => {
    const { principal } = request;
    const provenAt = tokens?.now() ?? 0;
    const user = await users.update(principal, id, change, clientOf(request, reply));
    const isOwnPassword = change.password !== undefined && id === principal.userId;
    return { ...userJson(user), ...(isOwnPassword ? await tokens?.issue(user, provenAt) : {}) };
  };

  api.patch(
    '/users/:id',
    {
      schema: {
        ...COMMON,
        summary: 'Change a user',
        description: CHANGE_RULES,
        params: UserParams,
        body: userChange(minPasswordLength),
        response: { 200: ChangedUserSchema, ...REFUSALS },
      },
    },
    async (request, reply) => update(request, reply, request.params.id, request.body),
  );

  api.patch(
    '/users/me',
    {
      schema: {
        ...COMMON,
        summary: 'Change oneself',
        description: CHANGE_RULES,
        body: userChange(minPasswordLength),
        response: { 200: ChangedUserSchema, ...REFUSALS },
      },
    },
    async (request, reply) => update(request, reply, request.principal.userId, request.body),
  );

  api.post(
    '/users/:id/sessions/end',
    {
      schema: {
        ...COMMON,
        summary: "End a user's sessions",
        description: 'Role admin or service. Ends its live sessions and refuses the tokens issued until now.',
        params: UserParams,
        ...OPTIONAL_BODY,
        body: orNothing(SessionsEnd),
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
