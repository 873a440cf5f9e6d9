import { requireManager } from './access.ts';
import { requireSafeLink } from './addresses.ts';
import { batchesOf } from './batches.ts';
import { isDeeper, MAX_EXTRA_DEPTH } from './content.ts';
import { DomainError } from './errors.ts';
import type { Limits } from './limits.ts';
import type {
  JsonValue,
  Notification,
  NotificationBody,
  NotificationType,
  NotificationView,
  Principal,
  Timestamp,
} from './model.ts';
import type { Clock, IdSource } from './ports/clock.ts';
import type { NotificationCursor, NotificationStore } from './ports/notification-store.ts';
import { requireTime } from './time.ts';
import { requireLength } from './validate.ts';

/** In characters. */
export const MAX_TITLE_LENGTH = 200;
/** Longest category, action and the like, in characters. */
export const MAX_WORD_LENGTH = 128;
/** Most users that one notification may list; more than that is everybody. */
export const MAX_RECIPIENTS = 10_000;
/** Most notifications that one who comes is told at once; older ones are in the list. */
const MAX_UNTOLD = 200;
const DUE_BATCH = 20;
/** Users who are noted as told in one operation. */
const TOLD_BATCH = 500;
/** Rows removed in one operation, so that messages do not wait for it. */
const PURGE_BATCH = 1000;
/** How far ahead a notification may be planned, in ms: ten years. */
const MAX_AHEAD = 315_360_000_000;

export interface NotificationInput extends NotificationBody {
  readonly type: NotificationType;
  /** When to tell; now where absent or past. */
  readonly at?: Timestamp;
  readonly expiresAt?: Timestamp;
  /** All of the tenant where absent. */
  readonly userIds?: readonly string[];
}

export interface NotificationsDeps {
  readonly store: NotificationStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: Limits;
}

/** What managers tell all users of a tenant, or some, now or at a time. */
export class Notifications {
  readonly #deps: NotificationsDeps;
  #planned: (at: Timestamp) => void = () => {};

  constructor(deps: NotificationsDeps) {
    this.#deps = deps;
  }

  /** Stores a notification, which is told, or plans it. EPERM, EINVAL, ETOOLONG; ENOENT where a recipient is no user. */
  async issue(
    actor: Principal,
    { type, at, expiresAt, userIds, ...body }: NotificationInput,
  ): Promise<Notification> {
    requireManager(actor);
    const { store, clock, ids, limits } = this.#deps;
    const now = clock.now();
    requireBody(body, limits);
    const notification: Notification = {
      tenant: actor.tenant,
      id: ids.next(),
      type,
      body,
      at: requireDue(at ?? now, now),
      expiresAt: requireExpiry(expiresAt, Math.max(at ?? now, now)),
      createdBy: actor.userId,
      createdAt: now,
    };
    const recipients = requireRecipients(userIds);
    const isPublished = notification.at <= now;
    await store.createNotification({ notification, recipients, isPublished });
    if (!isPublished) this.#planned(notification.at);
    return notification;
  }

  /** Gives whoever keeps the time what is planned, from now on. */
  onPlanned(planned: (at: Timestamp) => void): void {
    this.#planned = planned;
  }

  /** Tells what is due by now; returns when the next one is. */
  async tellDue(): Promise<Timestamp | null> {
    const { store, clock } = this.#deps;
    for (;;) {
      const now = clock.now();
      const due = await store.takeDueNotifications(now, DUE_BATCH);
      if (due.length === 0) return store.nextNotificationDue();
    }
  }

  /** Removes a batch of what expired or is older than it is kept. Returns whether there may be more. */
  async removeOld(): Promise<boolean> {
    const { store, clock, limits } = this.#deps;
    const now = clock.now();
    const dueBefore = limits.notificationRetention === 0 ? 0 : now - limits.notificationRetention;
    const removed = await store.purgeNotifications({ expiredBy: now, dueBefore, limit: PURGE_BATCH });
    return removed >= PURGE_BATCH;
  }

  /** What the actor was not told yet and is still worth telling, the oldest first. */
  untold({ tenant, userId }: Principal): Promise<Notification[]> {
    const { store, clock } = this.#deps;
    return store.listUntoldNotifications({ tenant, userId, now: clock.now(), limit: MAX_UNTOLD });
  }

  /** Users got a notification, and are not told of it again when they come. */
  async told(tenant: string, id: string, userIds: readonly string[]): Promise<void> {
    const { store, clock } = this.#deps;
    for (const batch of batchesOf(userIds, TOLD_BATCH)) {
      await store.markNotified(tenant, id, batch, clock.now());
    }
  }

  /** The actor's own that have not expired: unread ones first, then the newest first. */
  list(
    { tenant, userId }: Principal,
    page: { readonly after?: NotificationCursor; readonly limit: number },
  ): Promise<NotificationView[]> {
    return this.#deps.store.listNotifications({ tenant, userId, now: this.#deps.clock.now(), ...page });
  }

  /** ENOENT for what is not the actor's. Reading twice is no error. */
  async read({ tenant, userId }: Principal, id: string): Promise<void> {
    await this.#deps.store.readNotification(tenant, id, userId, this.#deps.clock.now());
  }
}

function requireBody(body: NotificationBody, limits: Limits): void {
  requireLength(body.title, 'title', 1, MAX_TITLE_LENGTH);
  requireLength(body.content, 'content', 1, limits.maxTextLength);
  for (const field of ['category', 'action', 'maintenanceType', 'estimatedDuration'] as const) {
    const word = body[field];
    if (word !== undefined) requireLength(word, field, 1, MAX_WORD_LENGTH);
  }
  if (body.action !== undefined) requireSafeLink(body.action, 'action');
  if (body.data !== undefined) requireData(body.data, limits);
}

function requireData(data: { readonly [key: string]: JsonValue }, { maxExtraBytes }: Limits): void {
  if (isDeeper({ ...data }, MAX_EXTRA_DEPTH)) {
    throw new DomainError('EINVAL', `data is nested deeper than ${MAX_EXTRA_DEPTH} levels`, {
      field: 'data',
      limit: MAX_EXTRA_DEPTH,
    });
  }
  if (Buffer.byteLength(JSON.stringify(data)) <= maxExtraBytes) return;
  throw new DomainError('ETOOLONG', `data has more than ${maxExtraBytes} bytes`, {
    field: 'data',
    limit: maxExtraBytes,
  });
}

function requireDue(at: Timestamp, now: Timestamp): Timestamp {
  if (requireTime(at, 'at') <= now + MAX_AHEAD) return Math.max(at, now);
  throw new DomainError('EINVAL', 'at is more than ten years ahead', { field: 'at' });
}

function requireExpiry(expiresAt: Timestamp | undefined, at: Timestamp): Timestamp | null {
  if (expiresAt === undefined) return null;
  if (requireTime(expiresAt, 'expiresAt') > at) return expiresAt;
  throw new DomainError('EINVAL', 'expiresAt must be later than now, and than at', { field: 'expiresAt' });
}

function requireRecipients(userIds: readonly string[] | undefined): string[] | null {
  if (!userIds) return null;
  const field = 'to.userIds';
  if (userIds.length === 0) throw new DomainError('EINVAL', `${field} is empty`, { field });
  if (userIds.length > MAX_RECIPIENTS) {
    throw new DomainError('ETOOLONG', `${field} has more than ${MAX_RECIPIENTS} entries`, {
      field,
      limit: MAX_RECIPIENTS,
    });
  }
  return [...new Set(userIds)];
}
