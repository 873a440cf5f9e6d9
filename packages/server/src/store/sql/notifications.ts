import type { Timestamp } from '../../core/model.ts';
import type {
  DueNotification,
  NewNotification,
  NotificationPurge,
} from '../../core/ports/notification-store.ts';
import { decideRead } from '../../core/rules/notifications.ts';
import { requireUsers } from '../../core/rules/users.ts';
import { bulk, runEach } from './bulk.ts';
import { NOTIFICATION_COLUMNS, type NotificationRow, toNotification } from './notification-row.ts';
import { all, get, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';
import type { UserTable } from './users.ts';

/** Users of the notifications that are taken at once, unless a single one has more. */
const MAX_TAKEN = 10_000;

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

/** SQL of notifications, from their making to their end. Runs inside the worker thread, writes inside its transaction. */
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
    const rows = yield* all<NotificationRow>(
      `SELECT ${NOTIFICATION_COLUMNS} FROM notification n JOIN tenant t ON t.pk = n.tenant
         WHERE NOT n.published AND n.due_at <= ? ORDER BY n.due_at, n.pk LIMIT ?
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

  *#recipients({ pk, to_all }: NotificationRow): Op<string[] | null> {
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
