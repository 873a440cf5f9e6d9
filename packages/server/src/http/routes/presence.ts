import { Type } from 'typebox';
import { MAX_ASKED_USERS, type PresenceLook } from '../../core/presence-look.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import { checkedByCore } from '../documented.ts';

/** As many ids as may be asked for; empty ones do not count. */
const ASKED_PATTERN = `^,*[^,]+(?:,+[^,]+){0,${MAX_ASKED_USERS - 1}},*$`;

const Query = Type.Object(
  {
    users: Type.String({
      ...checkedByCore({ pattern: ASKED_PATTERN }),
      minLength: 1,
      description: `Ids of up to ${MAX_ASKED_USERS} users, with commas between them.`,
      examples: ['alice,bob'],
    }),
  },
  { additionalProperties: false },
);
const Answer = Type.Object(
  {
    presence: Type.Array(
      Type.Object({
        userId: Type.String({ examples: ['alice'] }),
        status: Type.Enum(['online', 'offline', 'unknown'], {
          examples: ['online'],
          description: 'unknown while this server can not ask what is connected to the other ones.',
        }),
      }),
    ),
  },
  { description: 'Those of the users whom you may look at, in the order of the question.' },
);

export function presenceRoute(api: Api, presence: PresenceLook): void {
  api.get(
    '/presence',
    {
      schema: {
        tags: ['users'],
        ...WITH_TOKEN,
        summary: 'Who is online now',
        description:
          'Of yourself and of those you share a single chat or a not too large group with; of all users with role admin or service. Others are left out, whether they exist or not.',
        querystring: Query,
        response: { 200: Answer, ...REFUSALS },
      },
    },
    async ({ principal, query }) => {
      const ids = query.users.split(',').filter((id) => id !== '');
      return { presence: await presence.of(principal, ids) };
    },
  );
}
