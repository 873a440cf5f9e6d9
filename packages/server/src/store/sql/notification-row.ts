import type { Notification, NotificationBody, NotificationType } from '../../core/model.ts';
import { MAX_TIME } from '../../core/time.ts';

export interface NotificationRow {
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

/** Of notifications `n` of tenants `t`. */
export const NOTIFICATION_COLUMNS =
  'n.pk, t.id AS tenant, n.id, n.type, n.body, n.to_all, n.due_at, n.expires_at, n.created_by, n.created_at';

export function toNotification(row: NotificationRow): Notification {
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
