import { type Static, Type } from 'typebox';
import type { Groups } from '../../core/groups.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import { ConversationName, NewId, Picture } from '../inputs.ts';
import { groupJson } from '../json.ts';
import { GroupSchema, HistorySchema, NextSchema, NoContent, nextOf, PageQuery, pageOf } from '../schemas.ts';
import { NewMember } from './members.ts';

const NewGroup = Type.Object(
  {
    id: Type.Optional(NewId('team')),
    name: ConversationName('Team'),
    avatar: Type.Optional(Picture),
    history: Type.Optional(HistorySchema),
    members: Type.Optional(Type.Array(NewMember)),
  },
  { additionalProperties: false },
);

const GroupChange = Type.Object(
  {
    name: Type.Optional(ConversationName('The team')),
    avatar: Type.Optional(Picture),
    history: Type.Optional(HistorySchema),
  },
  { additionalProperties: false, minProperties: 1 },
);

const NewOwner = Type.Object(
  { userId: Type.String({ description: 'A member of the group.', examples: ['bob'] }) },
  { additionalProperties: false },
);

const GroupPage = Type.Object(
  { groups: Type.Array(GroupSchema), next: NextSchema },
  { description: 'A page of groups.' },
);
const GroupParams = Type.Object({ id: Type.String({ description: "The group's id.", examples: ['demo'] }) });

const COMMON = { tags: ['groups'], ...WITH_TOKEN };

export function groupRoutes(api: Api, groups: Groups): void {
  api.post(
    '/groups',
    {
      schema: {
        ...COMMON,
        summary: 'Make a group',
        description: 'Role admin or service.',
        body: NewGroup,
        response: { 201: GroupSchema, ...REFUSALS },
      },
    },
    async (request, reply) =>
      reply.code(201).send(groupJson(await groups.create(request.principal, request.body))),
  );

  api.get(
    '/groups',
    {
      schema: {
        ...COMMON,
        summary: 'List the groups, by id',
        description: 'All groups for role admin or service, the own ones for others.',
        querystring: PageQuery,
        response: { 200: GroupPage, ...REFUSALS },
      },
    },
    async ({ principal, query }): Promise<Static<typeof GroupPage>> => {
      const page = pageOf(query);
      const found = await groups.list(principal, page);
      return {
        groups: found.map(groupJson),
        ...nextOf(
          found.map(({ id }) => id),
          page.limit,
        ),
      };
    },
  );

  api.get(
    '/groups/:id',
    {
      schema: {
        ...COMMON,
        summary: 'Look up a group',
        description: 'Members, and role admin or service.',
        params: GroupParams,
        response: { 200: GroupSchema, ...REFUSALS },
      },
    },
    async ({ principal, params }) => groupJson(await groups.get(principal, params.id)),
  );

  api.patch(
    '/groups/:id',
    {
      schema: {
        ...COMMON,
        summary: 'Change a group',
        description: "The group's owners and admins, and role admin or service.",
        params: GroupParams,
        body: GroupChange,
        response: { 200: GroupSchema, ...REFUSALS },
      },
    },
    async ({ principal, params, body }) => groupJson(await groups.update(principal, params.id, body)),
  );

  api.put(
    '/groups/:id/owner',
    {
      schema: {
        ...COMMON,
        summary: 'Hand a group over',
        description:
          "The group's owners, who become admins by it, and role admin or service: then all its owners become admins.",
        params: GroupParams,
        body: NewOwner,
        response: { 204: NoContent, ...REFUSALS },
      },
    },
    async ({ principal, params, body }, reply) => {
      await groups.handOver(principal, params.id, body.userId);
      return reply.code(204).send(null);
    },
  );

  api.delete(
    '/groups/:id',
    {
      schema: {
        ...COMMON,
        summary: 'End a group',
        description:
          "The group's owners, and role admin or service. Nobody can read it or send to it any more.",
        params: GroupParams,
        response: { 204: NoContent, ...REFUSALS },
      },
    },
    async ({ principal, params }, reply) => {
      await groups.delete(principal, params.id);
      return reply.code(204).send(null);
    },
  );
}
