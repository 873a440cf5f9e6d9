import type { Notification, NotificationView, Timestamp } from '../model.ts';

export interface NewNotification {
  readonly notification: Notification;
  /** The users it is for; null for all of the tenant, also those who come later. */
  readonly recipients: readonly string[] | null;
  /** Whether it is due now, and so published by whoever stores it. */
  readonly isPublished: boolean;
}

/** A notification whose time has come, and whom to tell. */
export interface DueNotification {
  readonly notification: Notification;
  readonly recipients: readonly string[] | null;
}

export interface NotificationQuery {
  readonly tenant: string;
  readonly userId: string;
  /** What expired by then is left out. */
  readonly now: Timestamp;
  readonly limit: number;
}

/** Where a page of notifications ended. */
export interface NotificationCursor {
  readonly isRead: boolean;
  readonly at: Timestamp;
  readonly id: string;
}

/** Which notifications are of no use any more. */
export interface NotificationPurge {
  /** Those that expired by then. */
  readonly expiredBy: Timestamp;
  /** And those that were due before. */
  readonly dueBefore: Timestamp;
  /** Most rows to remove at once. */
  readonly limit: number;
}

/** Notifications, and what became of each at its users. Only published ones are seen by users. */
export interface NotificationStore {
  /** ENOENT (field `to.userIds`) where a recipient is no user. */
  createNotification(addition: NewNotification): Promise<void>;
  /** Publishes what is due by now, the earliest first and not all for very many users, and returns it. Each is returned once, whoever asks. */
  takeDueNotifications(now: Timestamp, limit: number): Promise<DueNotification[]>;
  /** When the next notification that is not published yet is due; null where there is none. */
  nextNotificationDue(): Promise<Timestamp | null>;
  /** What the user was not told, the oldest first: of those to all of the tenant, among its newest `limit` only. */
  listUntoldNotifications(query: NotificationQuery): Promise<Notification[]>;
  /** A user's own: unread ones first, then the newest first. Of those to all that the user was not told, not all of very many. */
  listNotifications(
    query: NotificationQuery & { readonly after?: NotificationCursor },
  ): Promise<NotificationView[]>;
  /** These users were told; users who are no more are passed over. */
  markNotified(tenant: string, id: string, userIds: readonly string[], at: Timestamp): Promise<void>;
  /** False where the user had read it before. ENOENT (field `id`) where there is none for the user. */
  readNotification(tenant: string, id: string, userId: string, at: Timestamp): Promise<boolean>;
  /**
   * Removes published notifications with what became of them, the oldest first. One that is too large for a batch is seen by
   * nobody from the first on. Returns how many rows it removed: fewer than the limit where nothing is left.
   */
  purgeNotifications(purge: NotificationPurge): Promise<number>;
}
