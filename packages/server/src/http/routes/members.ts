import { type Static, Type } from 'typebox';
import { DomainError } from '../../core/errors.ts';
import type { Groups } from '../../core/groups.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import { checkedByCore } from '../documented.ts';
import {
  MemberRoleSchema,
  MemberSchema,
  NextSchema,
  NoContent,
  nextOf,
  PageQuery,
  pageOf,
} from '../schemas.ts';

export const NewMember = Type.Object(
  { userId: Type.String({ examples: ['dave'] }), role: Type.Optional(MemberRoleSchema) },
  { additionalProperties: false },
);

/** One member, or several at once. */
const NewMembers = Type.Object(
  {
    userId: Type.Optional(Type.String({ description: 'One user …', examples: ['dave'] })),
    role: Type.Optional(MemberRoleSchema),
    members: Type.Optional(Type.Array(NewMember, { description: '… or several.' })),
  },
  {
    ...checkedByCore({
      anyOf: [
        { required: ['userId'], properties: { userId: { type: 'string' }, members: { type: 'null' } } },
        {
          required: ['members'],
          properties: { members: { type: 'array' }, userId: { type: 'null' }, role: { type: 'null' } },
        },
      ],
    }),
    additionalProperties: false,
  },
);

const RoleChange = Type.Object({ role: MemberRoleSchema }, { additionalProperties: false });
const RemovalQuery = Type.Object(
  {
    successor: Type.Optional(
      Type.String({
        description: 'The member that becomes owner in place of an owner who goes.',
        examples: ['bob'],
      }),
    ),
  },
  { additionalProperties: false },
);
const MemberPage = Type.Object(
  { members: Type.Array(MemberSchema), next: NextSchema },
  { description: 'A page of members.' },
);
const GroupParams = Type.Object({ id: Type.String({ description: "The group's id.", examples: ['demo'] }) });
const MemberParams = Type.Object({
  id: Type.String({ description: "The group's id.", examples: ['demo'] }),
  userId: Type.String({ examples: ['dave'] }),
});

const COMMON = { tags: ['members'], ...WITH_TOKEN };

export function memberRoutes(api: Api, groups: Groups): void {
  api.get(
    '/groups/:id/members',
    {
      schema: {
        ...COMMON,
        summary: 'List the members, by user id',
        description: 'Members, and role admin or service.',
        params: GroupParams,
        querystring: PageQuery,
        response: { 200: MemberPage, ...REFUSALS },
      },
    },
    async ({ principal, params, query }): Promise<Static<typeof MemberPage>> => {
      const page = pageOf(query);
      const members = await groups.listMembers(principal, params.id, page);
      return {
        members,
        ...nextOf(
          members.map(({ userId }) => userId),
          page.limit,
        ),
      };
    },
  );

  api.post(
    '/groups/:id/members',
    {
      schema: {
        ...COMMON,
        summary: 'Add one member or several',
        description:
          "The group's owners and admins, and role admin or service; another role than `member` takes an owner. Who is a member already stays as it is.",
        params: GroupParams,
        body: NewMembers,
        response: { 204: NoContent, ...REFUSALS },
      },
    },
    async ({ principal, params, body }, reply) => {
      await groups.addMembers(principal, params.id, membersOf(body));
      return reply.code(204).send(null);
    },
  );

  api.patch(
    '/groups/:id/members/:userId',
    {
      schema: {
        ...COMMON,
        summary: "Change a member's role",
        description:
          "The group's owners, of admins and members; role admin or service, of everybody; members may step down themselves. The only owner keeps its role: hand the group over.",
        params: MemberParams,
        body: RoleChange,
        response: { 200: MemberSchema, ...REFUSALS },
      },
    },
    ({ principal, params, body }) => groups.setMemberRole(principal, params.id, params.userId, body.role),
  );

  api.delete(
    '/groups/:id/members/:userId',
    {
      schema: {
        ...COMMON,
        summary: 'Remove a member',
        description:
          "The group's owners, of admins and members; its admins, of members; role admin or service, of everybody; members themselves. Where the only owner goes, its successor becomes owner: else the admin who is a member longest, else the plain member.",
        params: MemberParams,
        querystring: RemovalQuery,
        response: { 204: NoContent, ...REFUSALS },
      },
    },
    async ({ principal, params, query }, reply) => {
      await groups.removeMember(principal, params.id, params.userId, query.successor);
      return reply.code(204).send(null);
    },
  );
}

function membersOf({ userId, role, members }: Static<typeof NewMembers>): Static<typeof NewMember>[] {
  if (userId !== undefined && members === undefined)
    return [{ userId, ...(role === undefined ? {} : { role }) }];
  if (userId === undefined && members !== undefined && role === undefined) return members;
  throw new DomainError('EINVAL', 'give either userId (and role) or members', { field: 'userId' });
}
