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
import { requireUsers } from '../../core/rules/users.ts';
import { MAX_TIME } from '../../core/time.ts';
import { bulk, runEach } from './bulk.ts';
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

/** Of those to all of a tenant, so many are looked at for users who were not told: the newest. */
const MAX_TO_ALL = 1000;
/** Users of the notifications that are taken at once, unless a single one has more. */
const MAX_TAKEN = 10_000;

/** A notification, and when its user read it. */
type ViewedRow = Row & { read_at: number | null };

/** Whose notifications are listed, and those below which place: by time, then by key. */
interface Listing {
  /** Of the tenant. */
  readonly key: number;
  readonly userId: string;
  readonly now: Timestamp;
  readonly below: readonly [due: number, pk: number];
  readonly limit: number;
}

const ANYWHERE = [Number.MAX_SAFE_INTEGER, 0] as const;

const ADDRESS = bulk(
  { notification: 'INTEGER', user_id: 'TEXT', tenant: 'INTEGER', due_at: 'INTEGER' },
  `INSERT INTO notification_user (notification, user_id, tenant, due_at)
     VALUES (:notification, :user_id, :tenant, :due_at)`,
);
const MARK = bulk(
  { notification: 'INTEGER', user_id: 'TEXT', tenant: 'INTEGER', due_at: 'INTEGER', told_at: 'INTEGER' },
  `INSERT INTO notification_user (notification, user_id, tenant, due_at, told_at)
     VALUES (:notification, :user_id, :tenant, :due_at, :told_at)
     ON CONFLICT (notification, user_id) DO UPDATE SET told_at = coalesce(notification_user.told_at, excluded.told_at)`,
);

/** The user's own rows in one of their three orders, the newest first. */
const ownRows = (index: string, condition: string) => `SELECT ${COLUMNS}, u.read_at
  FROM notification_user u INDEXED BY ${index} JOIN notification n ON n.pk = u.notification CROSS JOIN tenant t
  WHERE t.pk = n.tenant AND u.tenant = ? AND u.user_id = ? AND ${condition} AND u.due_at <= ? AND (u.due_at, u.notification) < (?, ?) AND ${IS_LIVE}
  ORDER BY u.due_at DESC, u.notification DESC LIMIT ?`;
const UNTOLD = ownRows('notification_user_untold', 'u.told_at IS NULL');
const UNREAD = ownRows('notification_user_unread', 'u.read_at IS NULL');
const READ = ownRows('notification_user_read', 'u.read_at IS NOT NULL');

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
    yield* runEach(
      ADDRESS,
      [...new Set(recipients)].map((userId) => [pk, userId, tenant, at]),
    );
  }

  *takeDue(now: Timestamp, limit: number): Op<DueNotification[]> {
    const rows = yield* all<Row>(
      `SELECT ${COLUMNS} FROM ${TABLES} WHERE NOT n.published AND n.due_at <= ? ORDER BY n.due_at, n.pk LIMIT ?
         FOR UPDATE OF n SKIP LOCKED`,
      now,
      limit,
    );
    const due: DueNotification[] = [];
    let taken = 0;
    for (const row of rows) {
      if (taken >= MAX_TAKEN) break;
      yield* run('UPDATE notification SET published = TRUE WHERE pk = ?', row.pk);
      const recipients = yield* this.#recipients(row);
      taken += recipients?.length ?? 0;
      due.push({ notification: toNotification(row), recipients });
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
    const listing = { key, userId, now, limit, below: ANYWHERE };
    const rows = newestOf(yield* this.#own(UNTOLD, listing), yield* this.#toAll(listing, limit));
    return rows.slice(0, limit).map(toNotification).reverse();
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
    const below = after ? yield* this.#placeOf(key, after) : ANYWHERE;
    const listing = { key, userId, now, limit, below };
    if (after?.isRead) return toViews(yield* this.#own(READ, listing));
    const unread = newestOf(yield* this.#own(UNREAD, listing), yield* this.#toAll(listing, MAX_TO_ALL));
    const left = limit - unread.length;
    const read = left <= 0 ? [] : yield* this.#own(READ, { ...listing, limit: left, below: ANYWHERE });
    return toViews([...unread.slice(0, limit), ...read]);
  }

  /** Where a page ended; what was removed meanwhile is before the others of its time. */
  *#placeOf(tenant: number, { at, id }: NotificationCursor): Op<Listing['below']> {
    const row = yield* get<{ pk: number }>(
      'SELECT pk FROM notification WHERE id = ? AND tenant = ?',
      id,
      tenant,
    );
    return [at, row?.pk ?? 0];
  }

  /** Notifications that list the user, and those to all that it was told or has read. */
  *#own(sql: string, { key, userId, now, below, limit }: Listing): Op<ViewedRow[]> {
    const [due, pk] = below;
    return yield* all<ViewedRow>(sql, key, userId, Math.min(now, due), due, pk, now, limit);
  }

  /** Of the newest notifications to all those that the user has no row of: it was not told. */
  *#toAll({ key, userId, now, below, limit }: Listing, look: number): Op<ViewedRow[]> {
    const [due, pk] = below;
    const last = yield* get<{ due_at: number }>(
      `SELECT due_at FROM notification INDEXED BY notification_all WHERE tenant = ? AND to_all AND due_at <= ?
           ORDER BY due_at DESC, pk DESC LIMIT 1 OFFSET ?`,
      key,
      now,
      look - 1,
    );
    return yield* all<ViewedRow>(
      `SELECT ${COLUMNS}, NULL AS read_at FROM notification n INDEXED BY notification_all CROSS JOIN tenant t
           WHERE t.pk = n.tenant AND n.tenant = ? AND n.to_all AND n.due_at >= ? AND n.due_at <= ? AND (n.due_at, n.pk) < (?, ?) AND ${IS_LIVE}
             AND NOT EXISTS (SELECT 1 FROM notification_user u WHERE u.notification = n.pk AND u.user_id = ?)
           ORDER BY n.due_at DESC, n.pk DESC LIMIT ?`,
      key,
      last?.due_at ?? 0,
      Math.min(now, due),
      due,
      pk,
      now,
      userId,
      limit,
    );
  }

  *markNotified(tenant: string, id: string, userIds: readonly string[], at: Timestamp): Op<void> {
    const row = yield* this.#row(tenant, id);
    if (!row) return;
    const known = yield* this.#users.existing(row.tenant, userIds);
    yield* runEach(
      MARK,
      [...known].map((userId) => [row.pk, userId, row.tenant, row.due_at, at]),
    );
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
      `INSERT INTO notification_user (notification, user_id, tenant, due_at, told_at, read_at) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (notification, user_id) DO UPDATE SET told_at = coalesce(notification_user.told_at, excluded.told_at), read_at = excluded.read_at
           WHERE notification_user.read_at IS NULL`,
      row.pk,
      userId,
      row.tenant,
      row.due_at,
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
      `SELECT pk FROM notification WHERE published AND ${condition} ORDER BY ${column}, pk LIMIT ? FOR UPDATE SKIP LOCKED`,
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
    return yield* get<{ pk: number; tenant: number; to_all: number; published: number; due_at: number }>(
      'SELECT pk, tenant, to_all, published, due_at FROM notification WHERE id = ? AND tenant = ? FOR KEY SHARE',
      id,
      (yield* this.#tenants.find(tenant)) ?? null,
    );
  }

  *#recipients({ pk, to_all }: Row): Op<string[] | null> {
    if (to_all) return null;
    const rows = yield* all(
      'SELECT user_id FROM notification_user WHERE notification = ? ORDER BY user_id',
      pk,
    );
    return (rows as { user_id: string }[]).map(({ user_id }) => user_id);
  }

  *#requireUsers(tenant: number, userIds: readonly string[]): Op<void> {
    if (userIds.length === 0) return;
    const known = yield* this.#users.existing(tenant, userIds);
    requireUsers(known, userIds, 'to.userIds');
  }
}

/** Both are the newest first, and so is what comes of them. */
function newestOf(one: readonly ViewedRow[], other: readonly ViewedRow[]): ViewedRow[] {
  return [...one, ...other].sort((a, b) => b.due_at - a.due_at || b.pk - a.pk);
}

function toViews(rows: readonly ViewedRow[]): NotificationView[] {
  return rows.map((row) => ({ notification: toNotification(row), readAt: row.read_at }));
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
