import { Type } from 'typebox';
import type { MessageChanges } from '../../core/message-changes.ts';
import type { Messages } from '../../core/messages.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import { messageJson } from '../json.ts';
import { MAX_PAGE, MessageSchema } from '../schemas.ts';

const DEFAULT_MESSAGES = 50;

const ConversationParams = Type.Object({
  id: Type.String({
    description: "A group's id, or `single:` and the two users' ids in order: `single:alice:bob`.",
    examples: ['single:alice:bob'],
  }),
});

const HistoryQuery = Type.Object(
  {
    before: Type.Optional(Type.Integer({ minimum: 1, description: 'Only messages below this sequence.' })),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_PAGE,
        default: DEFAULT_MESSAGES,
        description: 'Most messages to give.',
      }),
    ),
  },
  { additionalProperties: false },
);

const History = Type.Object(
  {
    messages: Type.Array(MessageSchema, { description: 'The newest ones below `before`, oldest first.' }),
    hasMore: Type.Boolean({
      description: 'Whether there are older ones: ask with `before` set to the first `seq`.',
    }),
  },
  { description: 'A page of messages.' },
);

const Pins = Type.Object(
  {
    pins: Type.Array(
      Type.Object({
        message: MessageSchema,
        scope: Type.Enum(['everyone', 'self'], { description: "Whose pin it is: all members' or your own." }),
        pinnedBy: Type.String(),
        pinnedAt: Type.Integer({ description: 'Milliseconds since the epoch.' }),
      }),
      { description: 'The newest pin first.' },
    ),
  },
  { description: 'What is pinned.' },
);

export interface ConversationServices {
  readonly messages: Messages;
  readonly changes: MessageChanges;
}

export function conversationRoutes(api: Api, { messages, changes }: ConversationServices): void {
  api.get(
    '/conversations/:id/pins',
    {
      schema: {
        tags: ['conversations'],
        ...WITH_TOKEN,
        summary: 'List what is pinned in a conversation',
        description: "Members only: everyone's pins and your own.",
        params: ConversationParams,
        response: { 200: Pins, ...REFUSALS },
      },
    },
    async ({ principal, params }) => {
      const pins = await changes.listPins(principal, params.id);
      return { pins: pins.map((pin) => ({ ...pin, message: messageJson(pin.message) })) };
    },
  );

  api.get(
    '/conversations/:id/messages',
    {
      schema: {
        tags: ['conversations'],
        ...WITH_TOKEN,
        summary: "Read a conversation's history",
        description: 'Members, and role admin or service.',
        params: ConversationParams,
        querystring: HistoryQuery,
        response: { 200: History, ...REFUSALS },
      },
    },
    async ({ principal, params, query: { before, limit = DEFAULT_MESSAGES } }) => {
      const page = { limit, ...(before === undefined ? {} : { before }) };
      const { messages: found, hasMore } = await messages.history(principal, params.id, page);
      return { messages: found.map(messageJson), hasMore };
    },
  );
}
