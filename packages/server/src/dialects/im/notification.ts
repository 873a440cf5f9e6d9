import {
  ImMessageType,
  type ImNotificationContent,
  type ImNotificationMessage,
  type ImNotificationType,
} from '@haina/wire';
import type { Notification, NotificationType } from '../../core/model.ts';
import { wholeIsoTime } from '../../core/time.ts';
import { serverEnvelope } from './envelope.ts';

const TYPES: Record<NotificationType, ImNotificationType> = {
  announcement: ImMessageType.NOTIFICATION_ANNOUNCEMENT,
  alert: ImMessageType.NOTIFICATION_ALERT,
  promotion: ImMessageType.NOTIFICATION_PROMOTION,
  maintenance: ImMessageType.NOTIFICATION_MAINTENANCE,
};

/** The same for everybody who gets it. */
export function renderNotification(notification: Notification): ImNotificationMessage {
  const { id, type, at, expiresAt, createdBy } = notification;
  return {
    ...serverEnvelope(at, { messageId: id, senderId: createdBy }),
    type: TYPES[type],
    notification: {
      content: JSON.stringify(documentOf(notification)),
      notificationId: id,
      expiresAt: expiresAt ?? 0,
    },
  };
}

/** Section 5.2. */
function documentOf({ body, expiresAt }: Notification): ImNotificationContent {
  const { data, ...rest } = body;
  return {
    ...rest,
    ...(data === undefined ? {} : { data: { ...data } }),
    ...(expiresAt === null ? {} : { expiresAt: wholeIsoTime(expiresAt) }),
  };
}
