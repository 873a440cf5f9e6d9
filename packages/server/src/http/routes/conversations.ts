import { Type } from 'typebox';
import { MAX_CLIENT_ID_LENGTH } from '../../core/content.ts';
import {
  CONVERSATION_CURSOR_PATTERN,
  type ConversationList,
  MAX_CONVERSATIONS,
} from '../../core/conversation-list.ts';
import type { MessageChanges } from '../../core/message-changes.ts';
import type { Messages } from '../../core/messages.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import { checkedByCore } from '../documented.ts';
import { Cursor } from '../inputs.ts';
import { conversationJson, messageJson, ownMessageJson } from '../json.ts';
import {
  MAX_PAGE,
  MAX_QUERY_NUMBER,
  MemberRoleSchema,
  MemberSchema,
  MessageSchema,
  NextSchema,
} from '../schemas.ts';

const DEFAULT_MESSAGES = 50;
const DEFAULT_CONVERSATIONS = 50;

const ConversationParams = Type.Object({
  id: Type.String({
    description: "A group's id, or `single:` and the two users' ids in order: `single:alice:bob`.",
    examples: ['single:alice:bob'],
  }),
});

const ConversationPageQuery = Type.Object(
  {
    after: Type.Optional(Cursor(CONVERSATION_CURSOR_PATTERN)),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_CONVERSATIONS,
        default: DEFAULT_CONVERSATIONS,
        description: 'Most conversations to give.',
      }),
    ),
  },
  { additionalProperties: false },
);

const HistoryQuery = Type.Object(
  {
    before: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_QUERY_NUMBER,
        description: 'Only messages below this sequence.',
      }),
    ),
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
    upTo: Type.Union([Type.String(), Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })], {
      ...checkedByCore({
        anyOf: [
          { type: 'string', minLength: 1, maxLength: MAX_CLIENT_ID_LENGTH },
          { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
        ],
      }),
      description: 'The id of a message of the conversation, or its `seq`.',
      examples: [42],
    }),
  },
  { additionalProperties: false },
);

const Shown = {
  id: Type.String({ examples: ['bob'] }),
  uid: Type.Integer({ description: 'Negative for what is no user; 0 for none.', examples: [2] }),
  name: Type.String({ description: 'The username, or the name of the group.', examples: ['bob'] }),
  nickname: Type.String({ examples: ['Bob'] }),
  avatar: Type.String({ description: 'URL of a picture; may be empty.', examples: [''] }),
};
const deliveredSeq = Type.Integer({ description: 'Everything up to here was delivered.', examples: [42] });
const readSeq = Type.Integer({ description: 'Everything up to here counts as read.', examples: [40] });

const ListedConversation = Type.Object({
  id: Type.String({ examples: ['single:alice:bob'] }),
  kind: Type.Enum(['single', 'group', 'room', 'service']),
  peer: Type.Optional(
    Type.Object(
      { ...Shown, deliveredSeq: Type.Optional(deliveredSeq), readSeq: Type.Optional(readSeq) },
      {
        description:
          'Of a single chat: the other user, and how far it is; that is missing in a talk with oneself, and once the user was deleted.',
      },
    ),
  ),
  group: Type.Optional(
    Type.Object(
      { ...Shown, memberCount: Type.Integer({ examples: [6] }) },
      { description: 'Of all others: the group, room or service session.' },
    ),
  ),
  role: MemberRoleSchema,
  lastSeq: Type.Integer({
    description: 'Sequence of the newest message; 0 before the first.',
    examples: [42],
  }),
  lastMessage: Type.Union([MessageSchema, Type.Null()], {
    description: 'The newest one that you may see and have not hidden.',
  }),
  unread: Type.Integer({
    description: 'Messages of others that you could still read; counted up to 1000.',
    examples: [2],
  }),
  deliveredSeq,
  readSeq,
  createdAt: Type.Integer({ description: 'Milliseconds since 1970.', examples: [1_767_225_600_000] }),
});

const ConversationPage = Type.Object(
  {
    conversations: Type.Array(ListedConversation, { description: 'The newest activity first.' }),
    next: NextSchema,
  },
  { description: 'A page of conversations.' },
);

export interface ConversationServices {
  readonly conversations: ConversationList;
  readonly messages: Messages;
  readonly changes: MessageChanges;
}

export function conversationRoutes(
  api: Api,
  { conversations, messages, changes }: ConversationServices,
): void {
  api.get(
    '/conversations',
    {
      schema: {
        tags: ['conversations'],
        ...WITH_TOKEN,
        summary: 'List your conversations, the newest activity first',
        description:
          'Single chats, groups, the rooms you are in now, and service sessions that are not closed. What becomes active while you page comes to the front: ask for the first page again.',
        querystring: ConversationPageQuery,
        response: { 200: ConversationPage, ...REFUSALS },
      },
    },
    async ({ principal, query: { after, limit = DEFAULT_CONVERSATIONS } }) => {
      const page = { limit, ...(after === undefined ? {} : { after }) };
      const { conversations: found, next } = await conversations.page(principal, page);
      return { conversations: found.map(conversationJson), ...(next === undefined ? {} : { next }) };
    },
  );

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
      const { messages: found, hasMore, peer } = await messages.history(principal, params.id, page);
      return {
        messages: found.map((message) => ownMessageJson(message, principal.userId, peer)),
        hasMore,
      };
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
