import { Type } from 'typebox';
import type { MessageChanges } from '../../core/message-changes.ts';
import type { Messages } from '../../core/messages.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import { messageJson } from '../json.ts';
import { MAX_PAGE, MemberSchema, MessageSchema } from '../schemas.ts';

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

const ReadMark = Type.Object(
  {
    upTo: Type.Union([Type.String(), Type.Integer({ minimum: 0 })], {
      description: 'The id of a message of the conversation, or its `seq`.',
      examples: [42],
    }),
  },
  { additionalProperties: false },
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

  api.post(
    '/conversations/:id/read',
    {
      schema: {
        tags: ['conversations'],
        ...WITH_TOKEN,
        summary: 'Mark a conversation as read, up to a message',
        description:
          'Members only. Everything up to it counts as read; a sequence above the last one means all. Each sender is told of each message once. Answers how far you are then.',
        params: ConversationParams,
        body: ReadMark,
        response: { 200: MemberSchema, ...REFUSALS },
      },
    },
    async ({ principal, params, body }) => messages.readConversation(principal, params.id, body.upTo),
  );
}
