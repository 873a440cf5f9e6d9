import type { ChatPermission, ChatSettings } from '../../core/chat-settings.ts';
import type { Message, User } from '../../core/model.ts';
import type {
  AdminAct,
  AuditEntry,
  ChatPermissionChange,
  ChatSettingsChange,
  UserAccess,
} from '../../core/ports/admin-store.ts';
import type { MessageChange, Page, UserPatch } from '../../core/ports/store.ts';
import { requireUser } from '../../core/rules/users.ts';
import { all, get, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';
import type { UserTable } from './users.ts';

interface AuditRow {
  id: string;
  type: string;
  user_id: string | null;
  old_value: string;
  new_value: string;
  actor: string;
  reason: string;
  at: number;
}

/** SQL of the admin store. Runs inside the worker thread, writes inside its transaction. */
export class AdminTable {
  readonly #tenants: Tenants;
  readonly #users: UserTable;

  constructor(tenants: Tenants, users: UserTable) {
    this.#tenants = tenants;
    this.#users = users;
  }

  *findSettings(tenant: string): Op<Partial<ChatSettings>> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return {};
    const rows = yield* all<{
      name: keyof ChatSettings;
      value: number;
    }>('SELECT name, value FROM chat_setting WHERE tenant = ? ORDER BY name', key);
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
  }

  *changeSettings(change: ChatSettingsChange): Op<{ old: ChatSettings; new: ChatSettings }> {
    const { tenant, patch, defaults } = change;
    // One after the other, so that the audit says what each found.
    const key = yield* this.#tenants.lock(tenant);
    const old = { ...defaults, ...(yield* this.findSettings(tenant)) };
    const set =
      'INSERT INTO chat_setting (tenant, name, value) VALUES (?, ?, ?) ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value';
    for (const [name, value] of Object.entries(patch))
      if (value !== undefined) yield* run(set, key, name, value);
    const values = { old, new: { ...defaults, ...(yield* this.findSettings(tenant)) } };
    yield* this.#audit(key, change, 'chat_settings', null, values);
    return values;
  }

  *findPermission(tenant: string, userId: string): Op<ChatPermission> {
    const key = yield* this.#tenants.find(tenant);
    const row =
      key === undefined
        ? undefined
        : yield* get<{ permission: string }>(
            'SELECT permission FROM chat_permission WHERE tenant = ? AND user_id = ?',
            key,
            userId,
          );
    return row ? (row.permission as ChatPermission) : 'full_access';
  }

  *changePermission(change: ChatPermissionChange): Op<ChatPermission> {
    const { tenant, userId, permission } = change;
    const key = yield* this.#tenants.ensure(tenant);
    requireUser(yield* this.#users.lock(tenant, userId), userId);
    const old = yield* this.findPermission(tenant, userId);
    yield* run(
      'INSERT INTO chat_permission (tenant, user_id, permission) VALUES (?, ?, ?) ON CONFLICT (tenant, user_id) DO UPDATE SET permission = excluded.permission',
      key,
      userId,
      permission,
    );
    yield* this.#audit(key, change, 'chat_permission', userId, { old, new: permission });
    return old;
  }

  /** Who gets the id of a deleted user starts anew. */
  *forgetUser(tenant: string, userId: string): Op<void> {
    yield* run(
      'DELETE FROM chat_permission WHERE tenant = ? AND user_id = ?',
      yield* this.#tenants.ensure(tenant),
      userId,
    );
  }

  /** What a manager took of others; nothing for a change that is not to be audited. */
  *auditMessage({ tenant, auditId, actorId, reason, at }: MessageChange, message: Message): Op<void> {
    if (auditId === undefined) return;
    const { id: messageId, conversationId, senderId, state } = message;
    const act = { tenant, id: auditId, actorId, reason, at };
    const values = { old: { messageId, conversationId, senderId }, new: state };
    yield* this.#audit(yield* this.#tenants.ensure(tenant), act, 'message', null, values);
  }

  /** What a manager changed in what a user may do, or ended of it; nothing for other changes. */
  *auditAccess(act: AdminAct, before: User, after: User, patch: UserPatch): Op<void> {
    const [old, now] = [accessOf(before), accessOf(after)];
    const sessionsEnded = patch.tokensAfter !== undefined;
    if (!sessionsEnded && old.role === now.role && old.disabled === now.disabled) return;
    const passwordChanged = patch.passwordHash !== undefined;
    const values = { old, new: { ...now, sessionsEnded, passwordChanged } };
    yield* this.#audit(yield* this.#tenants.ensure(act.tenant), act, 'user_access', after.id, values);
  }

  *listAudit(tenant: string, { after, limit }: Page): Op<AuditEntry[]> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return [];
    const columns = 'id, type, user_id, old_value, new_value, actor, reason, at';
    const older = after === undefined ? '' : 'AND pk < (SELECT pk FROM audit WHERE id = ? AND tenant = ?)';
    const rows = yield* all<AuditRow>(
      `SELECT ${columns} FROM audit WHERE tenant = ? ${older} ORDER BY pk DESC LIMIT ?`,
      key,
      ...(after === undefined ? [] : [after, key]),
      limit,
    );
    return rows.map((row) => toEntry(tenant, row));
  }

  *#audit(
    tenant: number,
    { id, actorId, reason, at }: AdminAct,
    type: AuditEntry['type'],
    userId: string | null,
    values: { readonly old: unknown; readonly new: unknown },
  ): Op<void> {
    yield* run(
      'INSERT INTO audit (tenant, id, type, user_id, old_value, new_value, actor, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      tenant,
      id,
      type,
      userId,
      JSON.stringify(values.old),
      JSON.stringify(values.new),
      actorId,
      reason,
      at,
    );
  }
}

function toEntry(
  tenant: string,
  { id, type, user_id: userId, actor, reason, at, ...row }: AuditRow,
): AuditEntry {
  const values = { old: JSON.parse(row.old_value), new: JSON.parse(row.new_value) };
  const act = { tenant, id, actorId: actor, reason, at };
  if (type === 'chat_permission' && userId !== null) return { ...act, ...values, type, userId };
  if (type === 'user_access' && userId !== null) {
    const { sessionsEnded, passwordChanged, ...now } = values.new;
    return { ...act, type, userId, old: values.old, new: now, sessionsEnded, passwordChanged };
  }
  if (type === 'message') return { ...act, ...values.old, type, state: values.new };
  return { ...act, ...values, type: 'chat_settings' };
}

function accessOf({ role, isDisabled: disabled }: User): UserAccess {
  return { role, disabled };
}
