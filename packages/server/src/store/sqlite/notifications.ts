import { DomainError } from '../../core/errors.ts';
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
import { MAX_TIME } from '../../core/time.ts';
import type { Statements } from './database.ts';
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
  readonly #sql: Statements;
  readonly #tenants: Tenants;
  readonly #users: UserTable;

  constructor(sql: Statements, tenants: Tenants, users: UserTable) {
    this.#sql = sql;
    this.#tenants = tenants;
    this.#users = users;
  }

  create({ notification, recipients, isPublished }: NewNotification): void {
    const { id, type, body, at, expiresAt, createdBy, createdAt } = notification;
    const tenant = this.#tenants.ensure(notification.tenant);
    this.#requireUsers(tenant, recipients ?? []);
    const { lastInsertRowid } = this.#sql
      .get(
        `INSERT INTO notification (tenant, id, type, body, to_all, due_at, expires_at, published, created_by, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
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
      );
    const insert = this.#sql.get(
      'INSERT INTO notification_user (notification, user, tenant) VALUES (?, ?, ?)',
    );
    for (const userId of new Set(recipients)) insert.run(lastInsertRowid, userId, tenant);
  }

  takeDue(now: Timestamp, limit: number): DueNotification[] {
    const rows = this.#sql
      .get(
        `SELECT ${COLUMNS} FROM ${TABLES} WHERE NOT n.published AND n.due_at <= ? ORDER BY n.due_at, n.pk LIMIT ?`,
      )
      .all(now, limit) as unknown as Row[];
    const publish = this.#sql.get('UPDATE notification SET published = 1 WHERE pk = ?');
    for (const { pk } of rows) publish.run(pk);
    return rows.map((row) => ({ notification: toNotification(row), recipients: this.#recipients(row) }));
  }

  nextDue(): Timestamp | null {
    const row = this.#sql.get('SELECT min(due_at) AS due FROM notification WHERE NOT published').get();
    return (row as { due: number | null }).due;
  }

  listUntold({ tenant, userId, now, limit }: NotificationQuery): Notification[] {
    const key = this.#tenants.find(tenant);
    if (key === undefined) return [];
    const rows = this.#sql
      .get(
        `SELECT ${COLUMNS} FROM ${TABLES} LEFT JOIN notification_user u ON u.notification = n.pk AND u.user = ?
           WHERE n.pk IN (
             SELECT notification FROM notification_user WHERE tenant = ? AND user = ? AND told_at IS NULL
             UNION
             SELECT pk FROM (SELECT pk FROM notification n WHERE n.tenant = ? AND n.to_all AND ${IS_LIVE}
               ORDER BY n.due_at DESC, n.id DESC LIMIT ?)
           ) AND ${IS_LIVE} AND u.told_at IS NULL
           ORDER BY n.due_at DESC, n.id DESC LIMIT ?`,
      )
      .all(userId, key, userId, key, now, limit, now, limit) as unknown as Row[];
    return rows.map(toNotification).reverse();
  }

  list({
    tenant,
    userId,
    now,
    limit,
    after,
  }: NotificationQuery & { after?: NotificationCursor }): NotificationView[] {
    const key = this.#tenants.find(tenant);
    if (key === undefined) return [];
    const { isRead, at, id } = after ?? { isRead: false, at: Number.MAX_SAFE_INTEGER, id: '' };
    const rows = this.#sql
      .get(
        `SELECT ${COLUMNS}, u.read_at FROM ${TABLES}
           LEFT JOIN notification_user u ON u.notification = n.pk AND u.user = ?
           WHERE n.pk IN (
             SELECT notification FROM notification_user WHERE tenant = ? AND user = ?
             UNION SELECT pk FROM notification WHERE tenant = ? AND to_all
           ) AND ${IS_LIVE}
             AND ((u.read_at IS NOT NULL) > ? OR ((u.read_at IS NOT NULL) = ? AND (n.due_at, n.id) < (?, ?)))
           ORDER BY u.read_at IS NOT NULL, n.due_at DESC, n.id DESC LIMIT ?`,
      )
      .all(userId, key, userId, key, now, Number(isRead), Number(isRead), at, id, limit);
    return (rows as unknown as (Row & { read_at: number | null })[]).map((row) => ({
      notification: toNotification(row),
      readAt: row.read_at,
    }));
  }

  markNotified(tenant: string, id: string, userIds: readonly string[], at: Timestamp): void {
    const row = this.#row(tenant, id);
    if (!row) return;
    const mark = this.#sql.get(
      `INSERT INTO notification_user (notification, user, tenant, told_at) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET told_at = coalesce(told_at, excluded.told_at)`,
    );
    for (const userId of userIds) {
      if (this.#users.exists(row.tenant, userId)) mark.run(row.pk, userId, row.tenant, at);
    }
  }

  read(tenant: string, id: string, userId: string, at: Timestamp): boolean {
    const row = this.#row(tenant, id);
    const state =
      row &&
      (this.#sql
        .get('SELECT read_at FROM notification_user WHERE notification = ? AND user = ?')
        .get(row.pk, userId) as { read_at: number | null } | undefined);
    if (!row?.published || !(row.to_all || state) || !this.#users.exists(row.tenant, userId)) {
      throw new DomainError('ENOENT', `no notification ${id}`, { field: 'id' });
    }
    if (state && state.read_at !== null) return false;
    this.#sql
      .get(
        `INSERT INTO notification_user (notification, user, tenant, told_at, read_at) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET told_at = coalesce(told_at, excluded.told_at), read_at = excluded.read_at`,
      )
      .run(row.pk, userId, row.tenant, at, at);
    return true;
  }

  purge({ expiredBy, dueBefore, limit }: NotificationPurge): number {
    const dead = this.#sql
      .get(
        'SELECT pk FROM notification WHERE published AND (expires_at <= ? OR due_at < ?) ORDER BY due_at LIMIT ?',
      )
      .all(expiredBy, dueBefore, limit) as { pk: number }[];
    let removed = 0;
    for (const { pk } of dead) {
      removed += this.#removeStates(pk, limit - removed);
      if (removed >= limit) {
        // Half of its states gone, it would be told again.
        this.#sql.get('UPDATE notification SET expires_at = 0 WHERE pk = ?').run(pk);
        break;
      }
      this.#sql.get('DELETE FROM notification WHERE pk = ?').run(pk);
      removed++;
    }
    return removed;
  }

  #removeStates(pk: number, limit: number): number {
    const { changes } = this.#sql
      .get(
        `DELETE FROM notification_user WHERE notification = ?1 AND user IN
           (SELECT user FROM notification_user WHERE notification = ?1 LIMIT ?2)`,
      )
      .run(pk, limit);
    return Number(changes);
  }

  /** A user of the same id is another one. */
  removeUser(tenant: string, userId: string): void {
    const key = this.#tenants.find(tenant);
    if (key === undefined) return;
    this.#sql.get('DELETE FROM notification_user WHERE tenant = ? AND user = ?').run(key, userId);
  }

  #row(tenant: string, id: string) {
    return this.#sql
      .get('SELECT pk, tenant, to_all, published FROM notification WHERE id = ? AND tenant = ?')
      .get(id, this.#tenants.find(tenant) ?? null) as
      | { pk: number; tenant: number; to_all: number; published: number }
      | undefined;
  }

  #recipients({ pk, to_all }: Row): string[] | null {
    if (to_all) return null;
    const rows = this.#sql.get('SELECT user FROM notification_user WHERE notification = ?').all(pk);
    return (rows as { user: string }[]).map(({ user }) => user);
  }

  #requireUsers(tenant: number, userIds: readonly string[]): void {
    for (const userId of userIds) {
      if (!this.#users.exists(tenant, userId))
        throw new DomainError('ENOENT', `no user ${userId}`, { field: 'to.userIds' });
    }
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
