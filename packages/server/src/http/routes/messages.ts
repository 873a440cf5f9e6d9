import { Type } from 'typebox';
import { MAX_CLIENT_ID_LENGTH } from '../../core/content.ts';
import { MAX_REASON_LENGTH } from '../../core/message-access.ts';
import type { MessageChanges } from '../../core/message-changes.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import { checkedByCore, OPTIONAL_BODY, orNothing } from '../documented.ts';
import { messageJson } from '../json.ts';
import { MessageSchema, NoContent } from '../schemas.ts';

const MessageParams = Type.Object({
  id: Type.String({
    ...checkedByCore({ minLength: 1, maxLength: MAX_CLIENT_ID_LENGTH }),
    description:
      "The message's id; its sender's own id of it counts too, as long as no other sender used the same.",
  }),
});

const WithReason = Type.Object(
  {
    reason: Type.Optional(
      Type.String({
        maxLength: MAX_REASON_LENGTH,
        description: 'For those who had the message, and the audit.',
      }),
    ),
  },
  { additionalProperties: false },
);

const COMMON = { tags: ['messages'], ...WITH_TOKEN, params: MessageParams };

export function messageRoutes(api: Api, changes: MessageChanges): void {
  api.post(
    '/messages/:id/recall',
    {
      // Without a reason there is nothing to say.
      preValidation: async (request) => {
        request.body ??= {};
      },
      schema: {
        ...COMMON,
        summary: 'Take a message back for everyone',
        description:
          'Its sender for a while; owners and admins of its group or room; role admin or service any message at any time: what these take of others is audited.',
        ...OPTIONAL_BODY,
        body: orNothing(WithReason),
        response: { 200: MessageSchema, ...REFUSALS },
      },
    },
    async ({ principal, params, body }) => messageJson(await changes.recall(principal, params.id, body)),
  );

  api.delete(
    '/messages/:id',
    {
      schema: {
        ...COMMON,
        summary: 'Delete what a message says, for everyone',
        description:
          'Role admin or service, a recalled message too; audited where it is of others. The message keeps its place, and everybody who had it is told.',
        querystring: WithReason,
        response: { 204: NoContent, ...REFUSALS },
      },
    },
    async ({ principal, params, query }, reply) => {
      await changes.delete(principal, params.id, query);
      return reply.code(204).send(null);
    },
  );
}
