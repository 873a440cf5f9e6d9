import { type Static, Type } from 'typebox';
import type { Broadcasts } from '../../core/broadcasts.ts';
import { MAX_TOPIC_LENGTH } from '../../core/broadcasts.ts';
import type { Desk } from '../../core/desk/index.ts';
import { CLOSE_REASONS, SERVICE_STATES } from '../../core/desk/model.ts';
import { DomainError } from '../../core/errors.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import { checkedByCore } from '../documented.ts';
import { serviceJson } from '../json.ts';
import { MAX_QUERY_NUMBER, NextSchema, NoContent, nextOf, PageQuery, pageOf } from '../schemas.ts';

const Time = Type.Integer({ description: 'Milliseconds since 1970.', examples: [1_767_225_600_000] });
const TimeOrNull = Type.Union([Time, Type.Null()]);
const NumberOrNull = Type.Union([Type.Number(), Type.Null()]);

const Session = Type.Object({
  id: Type.String({ description: 'Also the id of its conversation.' }),
  appId: Type.String({ examples: ['default'] }),
  customerId: Type.String({ examples: ['alice'] }),
  agentId: Type.Union([Type.String(), Type.Null()], {
    description: 'Who serves it, or did when it was closed.',
  }),
  state: Type.Enum([...SERVICE_STATES], { examples: ['active'] }),
  skill: Type.String({ examples: ['billing'] }),
  customerConnected: Type.Boolean({ description: 'False once it is closed.' }),
  absentSince: TimeOrNull,
  openedAt: Time,
  assignedAt: TimeOrNull,
  answeredAt: TimeOrNull,
  closedAt: TimeOrNull,
  closedBy: Type.Union([Type.String(), Type.Null()]),
  closeReason: Type.Union([Type.Enum([...CLOSE_REASONS]), Type.Null()]),
  rating: Type.Union([Type.Object({ score: Type.Integer(), comment: Type.String(), at: Time }), Type.Null()]),
});

const Sessions = Type.Object(
  { sessions: Type.Array(Session), next: NextSchema },
  { description: 'A page of service sessions, the newest first.' },
);

/** What a query is read for. */
const WITHIN_QUERIES = { minimum: -MAX_QUERY_NUMBER, maximum: MAX_QUERY_NUMBER };

const SessionsQuery = Type.Object(
  {
    ...PageQuery.properties,
    state: Type.Optional(Type.Enum([...SERVICE_STATES])),
    agentId: Type.Optional(Type.String()),
    customerId: Type.Optional(Type.String()),
    skill: Type.Optional(Type.String()),
    from: Type.Optional(
      Type.Integer({ ...WITHIN_QUERIES, description: 'Opened at or after, in ms since 1970.' }),
    ),
    to: Type.Optional(Type.Integer({ ...WITHIN_QUERIES, description: 'Opened before, in ms since 1970.' })),
  },
  { additionalProperties: false },
);

const FIGURES = {
  opened: Type.Integer(),
  closed: Type.Integer(),
  abandoned: Type.Integer({ description: 'Closed as their customers were absent.' }),
  answered: Type.Integer(),
  firstAnswerTime: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Average time from opening to the first answer, in ms.',
  }),
  length: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Average time from opening to close, in ms.',
  }),
  rated: Type.Integer(),
  rating: { ...NumberOrNull, description: 'Average score.' },
};

const Stats = Type.Object(
  {
    waiting: Type.Integer({ description: 'In the queue now, whenever they came.' }),
    absent: Type.Integer({ description: 'Of those who wait, whose customers are absent.' }),
    active: Type.Integer({ description: 'Served now, whenever they came.' }),
    total: Type.Object(FIGURES),
    byAgent: Type.Array(Type.Object({ agentId: Type.String(), active: Type.Integer(), ...FIGURES })),
    byHour: Type.Array(
      Type.Object({ hour: Type.Integer({ description: 'Its start, in ms since 1970.' }), ...FIGURES }),
    ),
  },
  { description: 'Figures of what was opened in the span.' },
);

const StatsQuery = Type.Object(
  {
    from: Type.Optional(
      Type.Integer({
        ...WITHIN_QUERIES,
        description: 'Opened at or after; a day before `to` where absent.',
      }),
    ),
    to: Type.Optional(Type.Integer({ ...WITHIN_QUERIES, description: 'Opened before; now where absent.' })),
  },
  { additionalProperties: false },
);

/** What `Uint8Array.fromBase64` reads (ECMA-262): with white space anywhere, and with or without padding. */
const BASE64_PATTERN = (() => {
  const blank = '[\\t\\n\\f\\r ]*';
  const digit = `[A-Za-z0-9+/]${blank}`;
  const end = `(?:${digit}){2}(?:=${blank}=${blank})?|(?:${digit}){3}(?:=${blank})?`;
  return `^${blank}(?:(?:${digit}){4})*(?:${end})?$`;
})();

const BroadcastBody = Type.Object(
  {
    topic: Type.String({
      ...checkedByCore({ pattern: '^[^/]' }),
      minLength: 1,
      maxLength: MAX_TOPIC_LENGTH,
      description: '`news` for subscribers of `/topic/news`.',
      examples: ['news'],
    }),
    body: Type.String({ description: 'Passed on as it is.', examples: ['{"title":"维护"}'] }),
    encoding: Type.Optional(
      Type.Enum(['text', 'base64'], { description: 'base64 where the body is bytes.', default: 'text' }),
    ),
    contentType: Type.Optional(Type.String({ examples: ['application/json'] })),
    headers: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: 'Further headers of the MESSAGE frames.' }),
    ),
  },
  {
    ...checkedByCore({
      anyOf: [
        { properties: { encoding: { enum: ['text', null] } } },
        {
          required: ['encoding'],
          properties: { encoding: { const: 'base64' }, body: { type: 'string', pattern: BASE64_PATTERN } },
        },
      ],
    }),
    additionalProperties: false,
  },
);

export interface DeskRoutesDeps {
  readonly desk: Desk;
  readonly broadcasts: Broadcasts;
}

export function deskRoutes(api: Api, { desk, broadcasts }: DeskRoutesDeps): void {
  api.get(
    '/desk/stats',
    {
      schema: {
        tags: ['desk'],
        ...WITH_TOKEN,
        summary: 'Read the figures of the service desk',
        description: 'Role agent, admin or service. At most 92 days at a time.',
        querystring: StatsQuery,
        response: { 200: Stats, ...REFUSALS },
      },
    },
    async ({ principal, query }) => {
      const stats = await desk.reports.stats(principal, query);
      return { ...stats, byAgent: [...stats.byAgent], byHour: [...stats.byHour] };
    },
  );

  api.get(
    '/desk/sessions',
    {
      schema: {
        tags: ['desk'],
        ...WITH_TOKEN,
        summary: 'List service sessions',
        description: 'All for role agent, admin and service; own ones for a customer.',
        querystring: SessionsQuery,
        response: { 200: Sessions, ...REFUSALS },
      },
    },
    async ({ principal, query: { after, limit, ...filter } }) => {
      const page = pageOf({
        ...(after === undefined ? {} : { after }),
        ...(limit === undefined ? {} : { limit }),
      });
      const sessions = await desk.reports.list(principal, { ...filter, ...page });
      return {
        sessions: sessions.map(serviceJson),
        ...nextOf(
          sessions.map(({ id }) => id),
          page.limit,
        ),
      };
    },
  );

  api.post(
    '/broadcasts',
    {
      schema: {
        tags: ['desk'],
        ...WITH_TOKEN,
        summary: 'Tell all who listen to a topic',
        description: 'Role agent, admin or service. Told to who is subscribed now, and not stored.',
        body: BroadcastBody,
        response: { 204: NoContent, ...REFUSALS },
      },
    },
    async ({ principal, body }, reply) => {
      const { topic: name, contentType, headers = {} } = body;
      await broadcasts.send(principal, {
        name,
        headers: Object.entries(headers),
        ...(contentType === undefined ? {} : { contentType }),
        body: bytesOf(body),
      });
      return reply.code(204).send(null);
    },
  );
}

function bytesOf({ body, encoding = 'text' }: Static<typeof BroadcastBody>): Uint8Array {
  if (encoding === 'text') return Buffer.from(body);
  try {
    return Uint8Array.fromBase64(body);
  } catch (cause) {
    throw new DomainError('EINVAL', 'body is not valid base64', { field: 'body', cause });
  }
}
