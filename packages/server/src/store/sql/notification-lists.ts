import type { Notification, NotificationView, Timestamp } from '../../core/model.ts';
import type { NotificationCursor, NotificationQuery } from '../../core/ports/notification-store.ts';
import { NOTIFICATION_COLUMNS, type NotificationRow, toNotification } from './notification-row.ts';
import { all, get, type Op } from './statement.ts';
import type { Tenants } from './tenants.ts';

const IS_LIVE = 'n.published AND (n.expires_at IS NULL OR n.expires_at > ?)';

/** Of those to all of a tenant, so many are looked at for users who were not told: the newest. */
const MAX_TO_ALL = 1000;

/** A notification, and when its user read it. */
type ViewedRow = NotificationRow & { read_at: number | null };

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

/** The user's own rows in one of their three orders, the newest first. */
const ownRows = (index: string, condition: string) => `SELECT ${NOTIFICATION_COLUMNS}, u.read_at
  FROM notification_user u INDEXED BY ${index} JOIN notification n ON n.pk = u.notification CROSS JOIN tenant t
  WHERE t.pk = n.tenant AND u.tenant = ? AND u.user_id = ? AND ${condition} AND u.due_at <= ? AND (u.due_at, u.notification) < (?, ?) AND ${IS_LIVE}
  ORDER BY u.due_at DESC, u.notification DESC LIMIT ?`;
const UNTOLD = ownRows('notification_user_untold', 'u.told_at IS NULL');
const UNREAD = ownRows('notification_user_unread', 'u.read_at IS NULL');
const READ = ownRows('notification_user_read', 'u.read_at IS NOT NULL');

/** SQL of a user's notifications: those that it missed, and all of them. */
export class NotificationLists {
  readonly #tenants: Tenants;

  constructor(tenants: Tenants) {
    this.#tenants = tenants;
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
      `SELECT ${NOTIFICATION_COLUMNS}, NULL AS read_at FROM notification n INDEXED BY notification_all CROSS JOIN tenant t
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
}

/** Both are the newest first, and so is what comes of them. */
function newestOf(one: readonly ViewedRow[], other: readonly ViewedRow[]): ViewedRow[] {
  return [...one, ...other].sort((a, b) => b.due_at - a.due_at || b.pk - a.pk);
}

function toViews(rows: readonly ViewedRow[]): NotificationView[] {
  return rows.map((row) => ({ notification: toNotification(row), readAt: row.read_at }));
}
