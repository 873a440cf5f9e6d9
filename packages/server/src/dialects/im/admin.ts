import { type ImEventMessage, ImMessageType } from '@haina/wire';
import type { CoreEvent, PermissionChanged, SettingsChanged } from '../../core/events.ts';
import { serverEnvelope } from './envelope.ts';

/** The `configType` that section 6.1 has for permissions. */
const USER_PERMISSIONS = 'user_permissions';

/** Settings that were changed for all users, section 6.2; undefined for other events. */
export function renderConfigChange(event: CoreEvent): ImEventMessage | undefined {
  if (event.type !== 'settings.changed') return undefined;
  return change(event, '', 'system.config.changed', {
    configType: event.configType,
    oldConfig: event.old,
    newConfig: event.new,
  });
}

/**
 * A user's permission, section 6.2; undefined for other events. Clients that follow section 6.1 look for the type and
 * the new value where those of settings are.
 */
export function renderPermissionChange(event: CoreEvent): ImEventMessage | undefined {
  if (event.type !== 'permission.changed') return undefined;
  const { userId, permissionType } = event;
  return change(event, userId, 'system.permission.changed', {
    userId,
    permissionType,
    oldPermission: event.old,
    newPermission: event.new,
    configType: USER_PERMISSIONS,
    oldConfig: { [permissionType]: event.old },
    newConfig: { [permissionType]: event.new },
  });
}

function change(
  { id, actorId, reason, at }: SettingsChanged | PermissionChanged,
  receiverId: string,
  eventType: string,
  document: object,
): ImEventMessage {
  return {
    ...serverEnvelope(at, { messageId: id, senderId: actorId, receiverId }),
    type: ImMessageType.EVENT_SYSTEM_CONFIG_CHANGE,
    event: {
      content: JSON.stringify({ ...document, changedBy: actorId, reason }),
      eventType,
      eventId: id,
    },
  };
}
