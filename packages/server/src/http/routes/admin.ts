import { type Static, Type } from 'typebox';
import type { Admin } from '../../core/admin.ts';
import { CHAT_PERMISSIONS, type ChatSettings, HIGHEST_SETTINGS } from '../../core/chat-settings.ts';
import { MAX_ADMIN_REASON_LENGTH } from '../../core/limits.ts';
import type { AuditEntry } from '../../core/ports/admin-store.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import { checkedByCore } from '../documented.ts';
import { NotBlank } from '../inputs.ts';
import { NextSchema, nextOf, PageQuery, pageOf, RoleSchema } from '../schemas.ts';

const ConfigType = Type.Enum(['chat_settings'], { examples: ['chat_settings'] });
const PermissionType = Type.Enum(['chat_permission'], { examples: ['chat_permission'] });
const Permission = Type.Enum([...CHAT_PERMISSIONS], {
  description: 'One that is `read_only` gets and reads messages, and may not send, edit, recall or pin.',
  examples: ['read_only'],
});
const Reason = NotBlank(MAX_ADMIN_REASON_LENGTH, {
  description: 'For the audit, and for who is told.',
  examples: ['提升用户体验'],
});

const Setting = (name: keyof ChatSettings, description: string, example: number) =>
  Type.Number({
    ...checkedByCore({ type: 'integer', minimum: 1, maximum: HIGHEST_SETTINGS[name] }),
    description,
    examples: [example],
  });
const MaxMessageLength = Setting('maxMessageLength', 'Longest text, in characters.', 2000);
const FileUploadLimit = Setting('fileUploadLimit', 'Largest file, in MB.', 20);
const SettingsInForce = Type.Object({ maxMessageLength: MaxMessageLength, fileUploadLimit: FileUploadLimit });

const SettingsChange = Type.Object(
  {
    configType: ConfigType,
    newConfig: Type.Object(
      {
        maxMessageLength: Type.Optional(MaxMessageLength),
        fileUploadLimit: Type.Optional(FileUploadLimit),
      },
      {
        ...checkedByCore({ minProperties: 1 }),
        additionalProperties: false,
        description: 'What is to change; the rest stays.',
      },
    ),
    reason: Reason,
  },
  { additionalProperties: false },
);

const PermissionChange = Type.Object(
  { permissionType: PermissionType, newPermission: Permission, reason: Reason },
  { additionalProperties: false },
);

const Settings = Type.Object(
  { configType: ConfigType, config: SettingsInForce },
  { description: 'The settings in force.' },
);

const Permissions = Type.Object(
  { userId: Type.String({ examples: ['alice'] }), permissionType: PermissionType, permission: Permission },
  { description: 'What the user may do.' },
);

const Act = {
  id: Type.String({ description: 'Of the entry in the audit.' }),
  changedBy: Type.String({ examples: ['admin'] }),
  changedAt: Type.Integer({ description: 'Milliseconds since 1970.', examples: [1_767_225_600_000] }),
  reason: Reason,
};

const SettingsEntry = Type.Object(
  { ...Act, configType: ConfigType, oldConfig: SettingsInForce, newConfig: SettingsInForce },
  { description: 'The change.' },
);

const Access = Type.Object({ role: RoleSchema, disabled: Type.Boolean() });
const AccessEntry = Type.Object(
  {
    ...Act,
    reason: Type.String({ description: 'May be empty.', examples: [''] }),
    userId: Type.String({ examples: ['alice'] }),
    oldAccess: Access,
    newAccess: Access,
    sessionsEnded: Type.Boolean({
      description: 'Whether its sessions were ended, and the tokens of before refused.',
    }),
    passwordChanged: Type.Boolean(),
  },
  { description: 'What a user may do was changed, or its sessions ended.' },
);

const PermissionEntry = Type.Object(
  {
    ...Act,
    userId: Type.String({ examples: ['alice'] }),
    permissionType: PermissionType,
    oldPermission: Permission,
    newPermission: Permission,
  },
  { description: 'The change.' },
);

const MessageEntry = Type.Object(
  {
    ...Act,
    reason: Type.String({ description: 'May be empty.' }),
    messageId: Type.String(),
    conversationId: Type.String({ examples: ['single:alice:bob'] }),
    senderId: Type.String({ examples: ['alice'] }),
    state: Type.Enum(['recalled', 'deleted']),
  },
  { description: 'A message of somebody else that was taken.' },
);

const Audit = Type.Object(
  {
    entries: Type.Array(Type.Union([SettingsEntry, PermissionEntry, AccessEntry, MessageEntry])),
    next: NextSchema,
  },
  { description: 'A page of changes, the newest first.' },
);

const UserParams = Type.Object({ id: Type.String({ description: "The user's id.", examples: ['alice'] }) });

const COMMON = { tags: ['admin'], ...WITH_TOKEN, description: 'Role admin or service.' };

export function adminRoutes(api: Api, admin: Admin): void {
  api.get(
    '/admin/settings',
    {
      schema: {
        ...COMMON,
        summary: 'Look up the settings for all users',
        response: { 200: Settings, ...REFUSALS },
      },
    },
    async ({ principal }) => ({
      configType: 'chat_settings' as const,
      config: await admin.chatSettings(principal),
    }),
  );

  api.put(
    '/admin/settings',
    {
      schema: {
        ...COMMON,
        summary: 'Change the settings for all users',
        description: 'Role admin or service. Binds every session at once, and is told to all of them.',
        body: SettingsChange,
        response: { 200: SettingsEntry, ...REFUSALS },
      },
    },
    async ({ principal, body: { newConfig, reason } }) => {
      const event = await admin.changeChatSettings(principal, newConfig, reason);
      return settingsJson({ ...event, type: 'chat_settings' });
    },
  );

  api.get(
    '/admin/users/:id/permissions',
    {
      schema: {
        ...COMMON,
        summary: 'Look up what a user may do',
        params: UserParams,
        response: { 200: Permissions, ...REFUSALS },
      },
    },
    async ({ principal, params: { id } }) => ({
      userId: id,
      permissionType: 'chat_permission' as const,
      permission: await admin.chatPermission(principal, id),
    }),
  );

  api.put(
    '/admin/users/:id/permissions',
    {
      schema: {
        ...COMMON,
        summary: 'Change what a user may do',
        description:
          'Role admin or service. Binds every session of the user at once, and is told to all of them.',
        params: UserParams,
        body: PermissionChange,
        response: { 200: PermissionEntry, ...REFUSALS },
      },
    },
    async ({ principal, params: { id }, body: { newPermission, reason } }) => {
      const event = await admin.changeChatPermission(principal, id, newPermission, reason);
      return permissionJson({ ...event, type: 'chat_permission' });
    },
  );

  api.get(
    '/admin/audit',
    {
      schema: {
        ...COMMON,
        summary: 'List who changed what and why, the newest first',
        querystring: PageQuery,
        response: { 200: Audit, ...REFUSALS },
      },
    },
    async ({ principal, query }): Promise<Static<typeof Audit>> => {
      const page = pageOf(query);
      const found = await admin.audit(principal, page);
      return {
        entries: found.map(entryJson),
        ...nextOf(
          found.map(({ id }) => id),
          page.limit,
        ),
      };
    },
  );
}

function entryJson(entry: AuditEntry) {
  switch (entry.type) {
    case 'chat_settings':
      return settingsJson(entry);
    case 'chat_permission':
      return permissionJson(entry);
    case 'user_access':
      return accessJson(entry);
    case 'message': {
      const { messageId, conversationId, senderId, state } = entry;
      return { ...actJson(entry), messageId, conversationId, senderId, state };
    }
  }
}

function settingsJson(entry: Extract<AuditEntry, { type: 'chat_settings' }>) {
  return { ...actJson(entry), configType: entry.type, oldConfig: entry.old, newConfig: entry.new };
}

function permissionJson(entry: Extract<AuditEntry, { type: 'chat_permission' }>) {
  const { userId, type: permissionType, old: oldPermission, new: newPermission } = entry;
  return { ...actJson(entry), userId, permissionType, oldPermission, newPermission };
}

function accessJson(entry: Extract<AuditEntry, { type: 'user_access' }>) {
  const { userId, old: oldAccess, new: newAccess, sessionsEnded, passwordChanged } = entry;
  return { ...actJson(entry), userId, oldAccess, newAccess, sessionsEnded, passwordChanged };
}

function actJson({ id, actorId: changedBy, at: changedAt, reason }: AuditEntry) {
  return { id, changedBy, changedAt, reason };
}
