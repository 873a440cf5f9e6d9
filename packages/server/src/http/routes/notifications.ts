import { Type } from 'typebox';
import { DomainError } from '../../core/errors.ts';
import { NOTIFICATION_TYPES, type NotificationBody, PRIORITIES } from '../../core/model.ts';
import {
  MAX_RECIPIENTS,
  MAX_TITLE_LENGTH,
  MAX_WORD_LENGTH,
  type Notifications,
} from '../../core/notifications.ts';
import type { NotificationCursor } from '../../core/ports/notification-store.ts';
import { readTime } from '../../core/time.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import { checkedByCore } from '../documented.ts';
import { Cursor, SafeLink, TimeInput } from '../inputs.ts';
import { notificationJson } from '../json.ts';
import { NextSchema, NoContent, PageQuery, pageOf } from '../schemas.ts';

const Time = Type.Integer({ description: 'Milliseconds since 1970.', examples: [1_767_225_600_000] });
const Word = (example: string) =>
  Type.String({ minLength: 1, maxLength: MAX_WORD_LENGTH, examples: [example] });

const BODY = {
  title: Type.String({ minLength: 1, maxLength: MAX_TITLE_LENGTH, examples: ['系统公告'] }),
  content: Type.String({ minLength: 1, examples: ['系统将于今晚进行维护升级'] }),
  priority: Type.Optional(Type.Enum([...PRIORITIES], { examples: ['high'] })),
  category: Type.Optional(Word('maintenance')),
  action: Type.Optional(
    SafeLink(MAX_WORD_LENGTH, { description: 'What a client is to do.', examples: ['view_messages'] }),
  ),
  data: Type.Optional(
    Type.Unsafe<NonNullable<NotificationBody['data']>>(
      Type.Object({}, { description: 'What the action needs.', additionalProperties: true }),
    ),
  ),
  maintenanceType: Type.Optional(Word('scheduled')),
  estimatedDuration: Type.Optional(Word('2小时')),
};
const TYPE = Type.Enum([...NOTIFICATION_TYPES], { examples: ['announcement'] });

const NewNotification = Type.Object(
  {
    type: TYPE,
    ...BODY,
    expiresAt: TimeInput('From then on nobody is told any more; never where absent.'),
    at: TimeInput('When to tell; now where absent or past.'),
    to: Type.Optional(
      Type.Object(
        {
          userIds: Type.Array(Type.String({ examples: ['alice'] }), {
            ...checkedByCore({ minItems: 1 }),
            maxItems: MAX_RECIPIENTS,
          }),
        },
        { description: 'All users where absent.', additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

const NotificationFields = {
  id: Type.String(),
  type: TYPE,
  ...BODY,
  at: Time,
  expiresAt: Type.Union([Time, Type.Null()]),
  createdBy: Type.String({ examples: ['admin'] }),
  createdAt: Time,
};
const IssuedNotification = Type.Object(NotificationFields, { description: 'The notification.' });
const NotificationPage = Type.Object(
  {
    notifications: Type.Array(
      Type.Object({
        ...NotificationFields,
        readAt: Type.Union([Time, Type.Null()], { description: 'Null while it is unread.' }),
      }),
    ),
    next: NextSchema,
  },
  { description: 'A page of notifications.' },
);
/** What `formatCursor` makes. */
const CURSOR_PATTERN = '^(read|unread)\\.([0-9]{1,15})\\.([0-9A-Za-z-]+)$';
const CURSOR = new RegExp(CURSOR_PATTERN);

const NotificationQuery = Type.Object(
  { ...PageQuery.properties, after: Type.Optional(Cursor(CURSOR_PATTERN)) },
  { additionalProperties: false },
);
const NotificationParams = Type.Object({ id: Type.String({ description: "The notification's id." }) });

const COMMON = { tags: ['notifications'], ...WITH_TOKEN };

export function notificationRoutes(api: Api, notifications: Notifications): void {
  api.post(
    '/notifications',
    {
      schema: {
        ...COMMON,
        summary: 'Tell all users something, or some of them',
        description: 'Role admin or service. Who is away is told on coming, until it expires.',
        body: NewNotification,
        response: { 201: IssuedNotification, ...REFUSALS },
      },
    },
    async ({ principal, body: { at, expiresAt, to, ...rest } }, reply) => {
      const notification = await notifications.issue(principal, {
        ...rest,
        ...(isAbsent(at) ? {} : { at: readTime(at, 'at') }),
        ...(isAbsent(expiresAt) ? {} : { expiresAt: readTime(expiresAt, 'expiresAt') }),
        ...(to ? { userIds: to.userIds } : {}),
      });
      return reply.code(201).send(notificationJson(notification));
    },
  );

  api.get(
    '/notifications',
    {
      schema: {
        ...COMMON,
        summary: 'List your own notifications',
        description:
          'Those that have not expired: unread ones first, then the newest first. Of those to all users that you were not told, the newest 1000.',
        querystring: NotificationQuery,
        response: { 200: NotificationPage, ...REFUSALS },
      },
    },
    async ({ principal, query }) => {
      const { after, limit } = pageOf(query);
      const page = { limit, ...(after === undefined ? {} : { after: parseCursor(after) }) };
      const found = await notifications.list(principal, page);
      const last = found.length < limit ? undefined : found.at(-1);
      return {
        notifications: found.map(({ notification, readAt }) => ({
          ...notificationJson(notification),
          readAt,
        })),
        ...(last ? { next: formatCursor(last.readAt !== null, last.notification) } : {}),
      };
    },
  );

  api.post(
    '/notifications/:id/read',
    {
      schema: {
        ...COMMON,
        summary: 'Mark a notification of yours as read',
        params: NotificationParams,
        response: { 204: NoContent, ...REFUSALS },
      },
    },
    async ({ principal, params }, reply) => {
      await notifications.read(principal, params.id);
      return reply.code(204).send(null);
    },
  );
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function formatCursor(isRead: boolean, { at, id }: { at: number; id: string }): string {
  return `${isRead ? 'read' : 'unread'}.${at}.${id}`;
}

function parseCursor(text: string): NotificationCursor {
  const [, state, at, id = ''] = CURSOR.exec(text) ?? [];
  if (state === undefined) {
    throw new DomainError('EINVAL', 'after must be `next` of the page before', { field: 'after' });
  }
  return { isRead: state === 'read', at: Number(at), id };
}
