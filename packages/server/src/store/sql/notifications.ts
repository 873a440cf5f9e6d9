import type {
  Notification,
  NotificationBody,
  NotificationType,
  NotificationView,
  Timestamp,
} from '../../core/model.ts';
import type {
  DueNotification,
  NewNotification,
  NotificationCursor,
  NotificationPurge,
  NotificationQuery,
} from '../../core/ports/notification-store.ts';
import { decideRead } from '../../core/rules/notifications.ts';
import { requireUser } from '../../core/rules/users.ts';
import { MAX_TIME } from '../../core/time.ts';
import { all, get, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';
import type { UserTable } from './users.ts';

interface Row {
  pk: number;
  tenant: string;
  id: string;
  type: NotificationType;
  body: string;
  to_all: number;
  due_at: number;
  expires_at: number | null;
  created_by: string;
  created_at: number;
}

const COLUMNS =
  'n.pk, t.id AS tenant, n.id, n.type, n.body, n.to_all, n.due_at, n.expires_at, n.created_by, n.created_at';
const TABLES = 'notification n JOIN tenant t ON t.pk = n.tenant';
const IS_LIVE = 'n.published AND (n.expires_at IS NULL OR n.expires_at > ?)';

/** SQL of notifications. Runs inside the worker thread, writes inside its transaction. */
export class NotificationTable {
  readonly #tenants: Tenants;
  readonly #users: UserTable;

  constructor(tenants: Tenants, users: UserTable) {
    this.#tenants = tenants;
    this.#users = users;
  }

  *create({ notification, recipients, isPublished }: NewNotification): Op<void> {
    const { id, type, body, at, expiresAt, createdBy, createdAt } = notification;
    const tenant = yield* this.#tenants.ensure(notification.tenant);
    yield* this.#requireUsers(tenant, recipients ?? []);
    const { pk } = (yield* get<{ pk: number }>(
      `INSERT INTO notification (tenant, id, type, body, to_all, due_at, expires_at, published, created_by, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING pk`,
      tenant,
      id,
      type,
      JSON.stringify(body),
      recipients === null ? 1 : 0,
      at,
      expiresAt,
      isPublished ? 1 : 0,
      createdBy,
      createdAt,
    )) as { pk: number };
    const insert = 'INSERT INTO notification_user (notification, user_id, tenant) VALUES (?, ?, ?)';
    for (const userId of new Set(recipients)) yield* run(insert, pk, userId, tenant);
  }

  *takeDue(now: Timestamp, limit: number): Op<DueNotification[]> {
    const rows = yield* all<Row>(
      `SELECT ${COLUMNS} FROM ${TABLES} WHERE NOT n.published AND n.due_at <= ? ORDER BY n.due_at, n.pk LIMIT ?
         FOR UPDATE OF n SKIP LOCKED`,
      now,
      limit,
    );
    const publish = 'UPDATE notification SET published = TRUE WHERE pk = ?';
    for (const { pk } of rows) yield* run(publish, pk);
    const due: DueNotification[] = [];
    for (const row of rows) {
      due.push({ notification: toNotification(row), recipients: yield* this.#recipients(row) });
    }
    return due;
  }

  *nextDue(): Op<Timestamp | null> {
    const row = yield* get('SELECT min(due_at) AS due FROM notification WHERE NOT published');
    return (row as { due: number | null }).due;
  }

  *listUntold({ tenant, userId, now, limit }: NotificationQuery): Op<Notification[]> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return [];
    const rows = yield* all<Row>(
      `SELECT ${COLUMNS} FROM ${TABLES} LEFT JOIN notification_user u ON u.notification = n.pk AND u.user_id = ?
           WHERE n.pk IN (
             SELECT notification FROM notification_user WHERE tenant = ? AND user_id = ? AND told_at IS NULL
             UNION
             SELECT pk FROM (SELECT pk FROM notification n WHERE n.tenant = ? AND n.to_all AND ${IS_LIVE}
               ORDER BY n.due_at DESC, n.id DESC LIMIT ?) newest
           ) AND ${IS_LIVE} AND u.told_at IS NULL
           ORDER BY n.due_at DESC, n.id DESC LIMIT ?`,
      userId,
      key,
      userId,
      key,
      now,
      limit,
      now,
      limit,
    );
    return rows.map(toNotification).reverse();
  }

  *list({
    tenant,
    userId,
    now,
    limit,
    after,
  }: NotificationQuery & { after?: NotificationCursor }): Op<NotificationView[]> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return [];
    const { isRead, at, id } = after ?? { isRead: false, at: Number.MAX_SAFE_INTEGER, id: '' };
    const rows = yield* all(
      `SELECT ${COLUMNS}, u.read_at FROM ${TABLES}
           LEFT JOIN notification_user u ON u.notification = n.pk AND u.user_id = ?
           WHERE n.pk IN (
             SELECT notification FROM notification_user WHERE tenant = ? AND user_id = ?
             UNION SELECT pk FROM notification WHERE tenant = ? AND to_all
           ) AND ${IS_LIVE}
             AND ((u.read_at IS NOT NULL) > ? OR ((u.read_at IS NOT NULL) = ? AND (n.due_at, n.id) < (?, ?)))
           ORDER BY u.read_at IS NOT NULL, n.due_at DESC, n.id DESC LIMIT ?`,
      userId,
      key,
      userId,
      key,
      now,
      Number(isRead),
      Number(isRead),
      at,
      id,
      limit,
    );
    return (rows as unknown as (Row & { read_at: number | null })[]).map((row) => ({
      notification: toNotification(row),
      readAt: row.read_at,
    }));
  }

  *markNotified(tenant: string, id: string, userIds: readonly string[], at: Timestamp): Op<void> {
    const row = yield* this.#row(tenant, id);
    if (!row) return;
    const mark = `INSERT INTO notification_user (notification, user_id, tenant, told_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (notification, user_id) DO UPDATE SET told_at = coalesce(notification_user.told_at, excluded.told_at)`;
    const known = yield* this.#users.existing(row.tenant, userIds);
    for (const userId of known) yield* run(mark, row.pk, userId, row.tenant, at);
  }

  *read(tenant: string, id: string, userId: string, at: Timestamp): Op<boolean> {
    const row = yield* this.#row(tenant, id);
    const state =
      row &&
      (yield* get<{ read_at: number | null }>(
        'SELECT read_at FROM notification_user WHERE notification = ? AND user_id = ?',
        row.pk,
        userId,
      ));
    const isNew = decideRead(id, {
      isPublished: Boolean(row?.published),
      isAddressed: Boolean(row?.to_all) || state !== undefined,
      isUser: row !== undefined && (yield* this.#users.exists(row.tenant, userId)),
      readAt: state?.read_at ?? null,
    });
    if (!row || !isNew) return false;
    // Nothing where another node was quicker.
    const changes = yield* run(
      `INSERT INTO notification_user (notification, user_id, tenant, told_at, read_at) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (notification, user_id) DO UPDATE SET told_at = coalesce(notification_user.told_at, excluded.told_at), read_at = excluded.read_at
           WHERE notification_user.read_at IS NULL`,
      row.pk,
      userId,
      row.tenant,
      at,
      at,
    );
    return changes > 0;
  }

  *purge({ expiredBy, dueBefore, limit }: NotificationPurge): Op<number> {
    const dead = new Set([
      ...(yield* this.#over('due_at < ?', 'due_at', dueBefore, limit)),
      ...(yield* this.#over('expires_at <= ?', 'expires_at', expiredBy, limit)),
    ]);
    let removed = 0;
    for (const pk of dead) {
      removed += yield* this.#removeStates(pk, limit - removed);
      if (removed >= limit) {
        // Half of its states gone, it would be told again.
        yield* run('UPDATE notification SET expires_at = 0 WHERE pk = ?', pk);
        break;
      }
      yield* run('DELETE FROM notification WHERE pk = ?', pk);
      removed++;
    }
    return removed;
  }

  /** Each by an index of its own. */
  *#over(condition: string, column: string, at: Timestamp, limit: number): Op<number[]> {
    const rows = yield* all<{ pk: number }>(
      `SELECT pk FROM notification WHERE published AND ${condition} ORDER BY ${column} LIMIT ? FOR UPDATE SKIP LOCKED`,
      at,
      limit,
    );
    return rows.map(({ pk }) => pk);
  }

  *#removeStates(pk: number, limit: number): Op<number> {
    return yield* run(
      `DELETE FROM notification_user WHERE notification = ?1 AND user_id IN
           (SELECT user_id FROM notification_user WHERE notification = ?1 LIMIT ?2)`,
      pk,
      limit,
    );
  }

  /** A user of the same id is another one. Removes some of what is known of this one; returns how many. */
  *removeUser(tenant: number, userId: string, limit: number): Op<number> {
    return yield* run(
      `DELETE FROM notification_user WHERE user_id = ?2 AND notification IN
           (SELECT notification FROM notification_user WHERE tenant = ?1 AND user_id = ?2 LIMIT ?3)`,
      tenant,
      userId,
      limit,
    );
  }

  /** Not removed before the transaction ends: what is noted of its users would stay behind. */
  *#row(tenant: string, id: string) {
    return yield* get<{ pk: number; tenant: number; to_all: number; published: number }>(
      'SELECT pk, tenant, to_all, published FROM notification WHERE id = ? AND tenant = ? FOR KEY SHARE',
      id,
      (yield* this.#tenants.find(tenant)) ?? null,
    );
  }

  *#recipients({ pk, to_all }: Row): Op<string[] | null> {
    if (to_all) return null;
    const rows = yield* all('SELECT user_id FROM notification_user WHERE notification = ?', pk);
    return (rows as { user_id: string }[]).map(({ user_id }) => user_id);
  }

  *#requireUsers(tenant: number, userIds: readonly string[]): Op<void> {
    if (userIds.length === 0) return;
    const known = yield* this.#users.existing(tenant, userIds);
    for (const userId of userIds) requireUser(known.has(userId), userId, 'to.userIds');
  }
}

function toNotification(row: Row): Notification {
  return {
    tenant: row.tenant,
    id: row.id,
    type: row.type,
    body: JSON.parse(row.body) as NotificationBody,
    at: row.due_at,
    // Earlier versions took times that no Date can hold: what lasts as long never expires.
    expiresAt: (row.expires_at ?? 0) > MAX_TIME ? null : row.expires_at,
    createdBy: row.created_by,
    createdAt: row.created_at,
  };
}
