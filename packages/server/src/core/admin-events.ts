import type { ChatPermission, ChatSettings } from './chat-settings.ts';
import type { PermissionChanged, SettingsChanged } from './events.ts';
import type { ChatPermissionChange, ChatSettingsChange } from './ports/admin-store.ts';

/** What is told of a change that managers made. @param values before it and now */
export function settingsChanged(
  values: { readonly old: ChatSettings; readonly new: ChatSettings },
  { patch: _, defaults: __, ...act }: ChatSettingsChange,
): SettingsChanged {
  return { ...act, type: 'settings.changed', configType: 'chat_settings', ...values };
}

/** As `settingsChanged`, of what one user may do. @param old what it could do before */
export function permissionChanged(
  old: ChatPermission,
  { permission, ...act }: ChatPermissionChange,
): PermissionChanged {
  const what = { type: 'permission.changed', permissionType: 'chat_permission' } as const;
  return { ...act, ...what, old, new: permission };
}
