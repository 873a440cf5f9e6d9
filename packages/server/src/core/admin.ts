import { requireManager } from './access.ts';
import { permissionChanged, settingsChanged } from './admin-events.ts';
import {
  CHAT_PERMISSIONS,
  type ChatPermission,
  type ChatSettings,
  requireChatSettings,
} from './chat-settings.ts';
import type { Dispatch } from './desk/dispatch.ts';
import { DomainError } from './errors.ts';
import type { PermissionChanged, SettingsChanged } from './events.ts';
import { MAX_ADMIN_REASON_LENGTH } from './limits.ts';
import type { Principal } from './model.ts';
import type { Policies } from './policies.ts';
import type { AdminStore, AuditEntry } from './ports/admin-store.ts';
import type { Clock, IdSource } from './ports/clock.ts';
import type { Page } from './ports/page.ts';
import type { UserStore } from './ports/user-store.ts';
import { requireUser } from './rules/users.ts';
import { requireLength } from './validate.ts';

export interface AdminDeps {
  readonly store: Pick<UserStore, 'findUser'> &
    Pick<AdminStore, 'changeChatSettings' | 'findChatPermission' | 'changeChatPermission' | 'listAudit'>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly policies: Policies;
  readonly desk: Pick<Dispatch, 'permissionChanged'>;
}

/**
 * What the managers of a tenant lay down for its chat. Every change is audited, told with the old and the new value, and
 * binds whatever is sent after it resolved.
 */
export class Admin {
  readonly #deps: AdminDeps;

  constructor(deps: AdminDeps) {
    this.#deps = deps;
  }

  /** The settings in force. EPERM. */
  async chatSettings(actor: Principal): Promise<ChatSettings> {
    requireManager(actor);
    return this.#deps.policies.chatSettings(actor.tenant);
  }

  /** Changes those settings that are named. EPERM, EINVAL, ETOOLONG. */
  async changeChatSettings(
    actor: Principal,
    patch: Partial<ChatSettings>,
    reason: string,
  ): Promise<SettingsChanged> {
    requireManager(actor);
    requireChatSettings(patch);
    const { store, policies } = this.#deps;
    const change = { ...this.#act(actor, reason), patch, defaults: policies.defaults };
    return settingsChanged(await store.changeChatSettings(change), change);
  }

  /** What a user may do in chats. EPERM; ENOENT for one who is no user. */
  async chatPermission(actor: Principal, userId: string): Promise<ChatPermission> {
    requireManager(actor);
    const { store } = this.#deps;
    requireUser(await store.findUser(actor.tenant, userId), userId);
    return store.findChatPermission(actor.tenant, userId);
  }

  /** EPERM, EINVAL, ETOOLONG; ENOENT for one who is no user. */
  async changeChatPermission(
    actor: Principal,
    userId: string,
    permission: ChatPermission,
    reason: string,
  ): Promise<PermissionChanged> {
    requireManager(actor);
    requirePermission(permission);
    const { store, desk } = this.#deps;
    const change = { ...this.#act(actor, reason), userId, permission };
    const event = permissionChanged(await store.changeChatPermission(change), change);
    await desk.permissionChanged(actor.tenant);
    return event;
  }

  /** Who changed what and why, the newest first. EPERM. */
  async audit(actor: Principal, page: Page): Promise<AuditEntry[]> {
    requireManager(actor);
    return this.#deps.store.listAudit(actor.tenant, page);
  }

  /** What an audit says of every change. */
  #act({ tenant, userId: actorId }: Principal, reason: string) {
    const { clock, ids } = this.#deps;
    if (reason.trim() === '')
      throw new DomainError('EINVAL', 'reason must not be empty', { field: 'reason' });
    requireLength(reason, 'reason', 1, MAX_ADMIN_REASON_LENGTH);
    return { tenant, id: ids.next(), actorId, reason, at: clock.now() };
  }
}

function requirePermission(permission: string): void {
  if ((CHAT_PERMISSIONS as readonly string[]).includes(permission)) return;
  const allowed = CHAT_PERMISSIONS.join(', ');
  throw new DomainError('EINVAL', `newPermission must be one of ${allowed}`, { field: 'newPermission' });
}
