import type { ChatPermission, ChatSettings } from '../../core/chat-settings.ts';
import { DomainError } from '../../core/errors.ts';
import type { Message, User } from '../../core/model.ts';
import type {
  AdminAct,
  AuditEntry,
  ChatPermissionChange,
  ChatSettingsChange,
  UserAccess,
} from '../../core/ports/admin-store.ts';
import type { MessageChange, Page, UserPatch } from '../../core/ports/store.ts';
import type { Statements } from './database.ts';
import type { Tenants } from './tenants.ts';
import type { UserTable } from './users.ts';

interface AuditRow {
  id: string;
  type: string;
  user: string | null;
  old_value: string;
  new_value: string;
  actor: string;
  reason: string;
  at: number;
}

/** SQL of the admin store. Runs inside the worker thread, writes inside its transaction. */
export class AdminTable {
  readonly #sql: Statements;
  readonly #tenants: Tenants;
  readonly #users: UserTable;

  constructor(sql: Statements, tenants: Tenants, users: UserTable) {
    this.#sql = sql;
    this.#tenants = tenants;
    this.#users = users;
  }

  findSettings(tenant: string): Partial<ChatSettings> {
    const key = this.#tenants.find(tenant);
    if (key === undefined) return {};
    const rows = this.#sql
      .get('SELECT name, value FROM chat_setting WHERE tenant = ?')
      .all(key) as unknown as { name: keyof ChatSettings; value: number }[];
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
  }

  changeSettings(change: ChatSettingsChange): { old: ChatSettings; new: ChatSettings } {
    const { tenant, patch, defaults } = change;
    const key = this.#tenants.ensure(tenant);
    const old = { ...defaults, ...this.findSettings(tenant) };
    const set = this.#sql.get('INSERT OR REPLACE INTO chat_setting (tenant, name, value) VALUES (?, ?, ?)');
    for (const [name, value] of Object.entries(patch)) if (value !== undefined) set.run(key, name, value);
    const values = { old, new: { ...defaults, ...this.findSettings(tenant) } };
    this.#audit(key, change, 'chat_settings', null, values);
    return values;
  }

  findPermission(tenant: string, userId: string): ChatPermission {
    const key = this.#tenants.find(tenant);
    const row =
      key !== undefined &&
      this.#sql.get('SELECT permission FROM chat_permission WHERE tenant = ? AND user = ?').get(key, userId);
    return row ? (row.permission as ChatPermission) : 'full_access';
  }

  changePermission(change: ChatPermissionChange): ChatPermission {
    const { tenant, userId, permission } = change;
    const key = this.#tenants.ensure(tenant);
    if (!this.#users.exists(key, userId)) {
      throw new DomainError('ENOENT', `no user ${userId}`, { field: 'id' });
    }
    const old = this.findPermission(tenant, userId);
    this.#sql
      .get('INSERT OR REPLACE INTO chat_permission (tenant, user, permission) VALUES (?, ?, ?)')
      .run(key, userId, permission);
    this.#audit(key, change, 'chat_permission', userId, { old, new: permission });
    return old;
  }

  /** Who gets the id of a deleted user starts anew. */
  forgetUser(tenant: string, userId: string): void {
    this.#sql
      .get('DELETE FROM chat_permission WHERE tenant = ? AND user = ?')
      .run(this.#tenants.ensure(tenant), userId);
  }

  /** What a manager took of others; nothing for a change that is not to be audited. */
  auditMessage({ tenant, auditId, actorId, reason, at }: MessageChange, message: Message): void {
    if (auditId === undefined) return;
    const { id: messageId, conversationId, senderId, state } = message;
    const act = { tenant, id: auditId, actorId, reason, at };
    const values = { old: { messageId, conversationId, senderId }, new: state };
    this.#audit(this.#tenants.ensure(tenant), act, 'message', null, values);
  }

  /** What a manager changed in what a user may do, or ended of it; nothing for other changes. */
  auditAccess(act: AdminAct, before: User, after: User, patch: UserPatch): void {
    const [old, now] = [accessOf(before), accessOf(after)];
    const sessionsEnded = patch.tokensAfter !== undefined;
    if (!sessionsEnded && old.role === now.role && old.disabled === now.disabled) return;
    const passwordChanged = patch.passwordHash !== undefined;
    const values = { old, new: { ...now, sessionsEnded, passwordChanged } };
    this.#audit(this.#tenants.ensure(act.tenant), act, 'user_access', after.id, values);
  }

  listAudit(tenant: string, { after, limit }: Page): AuditEntry[] {
    const key = this.#tenants.find(tenant);
    if (key === undefined) return [];
    const columns = 'id, type, user, old_value, new_value, actor, reason, at';
    const older = after === undefined ? '' : 'AND pk < (SELECT pk FROM audit WHERE id = ? AND tenant = ?)';
    const rows = this.#sql
      .get(`SELECT ${columns} FROM audit WHERE tenant = ? ${older} ORDER BY pk DESC LIMIT ?`)
      .all(key, ...(after === undefined ? [] : [after, key]), limit) as unknown as AuditRow[];
    return rows.map((row) => toEntry(tenant, row));
  }

  #audit(
    tenant: number,
    { id, actorId, reason, at }: AdminAct,
    type: AuditEntry['type'],
    userId: string | null,
    values: { readonly old: unknown; readonly new: unknown },
  ): void {
    this.#sql
      .get(
        'INSERT INTO audit (tenant, id, type, user, old_value, new_value, actor, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      )
      .run(
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

function toEntry(tenant: string, { id, type, user, actor, reason, at, ...row }: AuditRow): AuditEntry {
  const values = { old: JSON.parse(row.old_value), new: JSON.parse(row.new_value) };
  const act = { tenant, id, actorId: actor, reason, at };
  if (type === 'chat_permission' && user !== null) return { ...act, ...values, type, userId: user };
  if (type === 'user_access' && user !== null) {
    const { sessionsEnded, passwordChanged, ...now } = values.new;
    return { ...act, type, userId: user, old: values.old, new: now, sessionsEnded, passwordChanged };
  }
  if (type === 'message') return { ...act, ...values.old, type, state: values.new };
  return { ...act, ...values, type: 'chat_settings' };
}

function accessOf({ role, isDisabled: disabled }: User): UserAccess {
  return { role, disabled };
}
