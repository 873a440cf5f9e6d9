import { Type } from 'typebox';
import { WANTED_PATTERN } from '../../core/business-event.ts';
import {
  MAX_EVENT_WORD_LENGTH,
  MAX_SECRET_LENGTH,
  MAX_WANTED_EVENTS,
  MAX_WEBHOOK_URL_LENGTH,
  MIN_SECRET_LENGTH,
} from '../../core/limits.ts';
import type { DeadLetter } from '../../core/ports/event-store.ts';
import type { Webhooks } from '../../events/webhook/webhooks.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import { checkedByCore } from '../documented.ts';
import { NextSchema, NoContent, nextOf, PageQuery, pageOf } from '../schemas.ts';

const Time = Type.Integer({ description: 'Milliseconds since 1970.', examples: [1_767_225_600_000] });
const Url = Type.String({
  ...checkedByCore({
    minLength: 1,
    maxLength: MAX_WEBHOOK_URL_LENGTH,
    format: 'uri',
    pattern: '^[Hh][Tt]{2}[Pp][Ss]?:',
  }),
  description: 'http or https. Redirects are not followed.',
  examples: ['https://example.org/haina'],
});
const Wanted = Type.Array(
  Type.String({ ...checkedByCore({ maxLength: MAX_EVENT_WORD_LENGTH, pattern: WANTED_PATTERN }) }),
  {
    ...checkedByCore({ minItems: 1, maxItems: MAX_WANTED_EVENTS }),
    description: 'Types, prefixes of types that end in `.*`, or `*` for all.',
    examples: [['business.*', 'communication.message.recalled']],
  },
);
const Secret = Type.String({
  minLength: MIN_SECRET_LENGTH,
  maxLength: MAX_SECRET_LENGTH,
  description: 'Signs what is sent there. 16 characters or more.',
});

const NewWebhook = Type.Object(
  { url: Url, events: Wanted, secret: Type.Optional(Secret) },
  { additionalProperties: false },
);

const SHOWN = {
  id: Type.String(),
  url: Url,
  events: Wanted,
  createdBy: Type.String({ examples: ['admin'] }),
  createdAt: Time,
};
const Created = Type.Object(
  { ...SHOWN, secret: Secret },
  { description: 'The webhook, with its secret for the only time.' },
);
const List = Type.Object({ webhooks: Type.Array(Type.Object(SHOWN)) }, { description: 'All of them.' });

const Dead = Type.Object({
  id: Type.String({ examples: ['42'] }),
  webhookId: Type.String(),
  eventId: Type.String(),
  eventType: Type.String({ examples: ['communication.message.sent'] }),
  event: Type.Unknown({ description: 'As it was to be sent.' }),
  tries: Type.Integer({ examples: [12] }),
  failure: Type.String({ description: 'Why the last try failed.', examples: ['answered 500'] }),
  at: Time,
});
const DeadLetters = Type.Object(
  { deadLetters: Type.Array(Dead), next: NextSchema },
  { description: 'A page of what was given up, the newest first.' },
);

const Params = Type.Object({ id: Type.String({ description: 'Its id.' }) });
const Retried = Type.Null({ description: 'It is sent again.' });
const COMMON = { tags: ['events'], ...WITH_TOKEN, description: 'Role admin or service.' };

export function webhookRoutes(api: Api, webhooks: Webhooks): void {
  api.post(
    '/webhooks',
    {
      schema: {
        ...COMMON,
        summary: 'Have events sent to an address',
        body: NewWebhook,
        response: { 201: Created, ...REFUSALS },
      },
    },
    async ({ principal, body }, reply) => {
      const { tenant: _, ...webhook } = await webhooks.create(principal, body);
      return reply.code(201).send({ ...webhook, events: [...webhook.events] });
    },
  );

  api.get(
    '/webhooks',
    { schema: { ...COMMON, summary: 'List the webhooks', response: { 200: List, ...REFUSALS } } },
    async ({ principal }) => ({
      webhooks: webhooks
        .list(principal)
        .map(({ tenant: _, events, ...shown }) => ({ ...shown, events: [...events] })),
    }),
  );

  api.delete(
    '/webhooks/:id',
    {
      schema: {
        ...COMMON,
        summary: 'End a webhook',
        description: 'Role admin or service. What waits for it goes too.',
        params: Params,
        response: { 204: NoContent, ...REFUSALS },
      },
    },
    async ({ principal, params: { id } }, reply) => {
      await webhooks.delete(principal, id);
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/webhooks/dead-letters',
    {
      schema: {
        ...COMMON,
        summary: 'List deliveries that were given up',
        querystring: PageQuery,
        response: { 200: DeadLetters, ...REFUSALS },
      },
    },
    async ({ principal, query }) => {
      const page = pageOf(query);
      const found = await webhooks.deadLetters(principal, page);
      return {
        deadLetters: found.map(deadLetterJson),
        ...nextOf(
          found.map(({ id }) => id),
          page.limit,
        ),
      };
    },
  );

  api.post(
    '/webhooks/dead-letters/:id/retry',
    {
      schema: {
        ...COMMON,
        summary: 'Send what was given up again',
        params: Params,
        response: { 202: Retried, ...REFUSALS },
      },
    },
    async ({ principal, params: { id } }, reply) => {
      await webhooks.retry(principal, id);
      return reply.code(202).send(null);
    },
  );
}

function deadLetterJson({ id, target: webhookId, eventId, eventType, body, tries, failure, at }: DeadLetter) {
  return { id, webhookId, eventId, eventType, event: JSON.parse(body), tries, failure, at };
}
