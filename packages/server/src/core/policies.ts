import { type ChatPermission, type ChatSettings, DEFAULT_FILE_UPLOAD_LIMIT } from './chat-settings.ts';
import { DomainError } from './errors.ts';
import type { CoreEvent } from './events.ts';
import type { Limits } from './limits.ts';
import { LoadingCache } from './loading-cache.ts';
import type { Principal } from './model.ts';
import type { AdminStore } from './ports/admin-store.ts';

/** Tenants and users whose policies are kept at hand. */
const MAX_TENANTS = 10_000;
const MAX_USERS = 100_000;

/** What binds one user now. */
export interface Policy {
  /** The server's limits, with what the tenant's managers set in their place. */
  readonly limits: Limits;
  readonly permission: ChatPermission;
}

interface TenantPolicy {
  readonly settings: ChatSettings;
  readonly limits: Limits;
}

export interface PoliciesDeps {
  readonly store: Pick<AdminStore, 'findChatPermission' | 'findChatSettings'>;
  readonly limits: Limits;
}

/**
 * What managers laid down, at hand for every command that it binds. Kept in memory until an event says that it changed:
 * each event must be heard here before whoever caused it is answered, those of other nodes when they arrive.
 */
export class Policies {
  /** The settings of a tenant whose managers set none. */
  readonly defaults: ChatSettings;
  readonly #deps: PoliciesDeps;
  readonly #tenants = new LoadingCache<TenantPolicy>(MAX_TENANTS);
  readonly #permissions = new LoadingCache<ChatPermission>(MAX_USERS);

  constructor(deps: PoliciesDeps) {
    this.#deps = deps;
    this.defaults = {
      maxMessageLength: deps.limits.maxTextLength,
      fileUploadLimit: DEFAULT_FILE_UPLOAD_LIMIT,
    };
  }

  /**
   * What binds the actor: at once where it is known, so that commands given one after another stay in their order.
   * Nobody lays anything down for a guest, which takes another name as it likes: nothing is kept of it.
   *
   * EINTERNAL while it is not known and the store is out of reach: then nothing is permitted.
   */
  of({ tenant, userId, guest }: Principal): Policy | Promise<Policy> {
    const found = this.#tenant(tenant);
    const permission = guest ? 'full_access' : this.#permissionOf(tenant, userId);
    if (!(found instanceof Promise || permission instanceof Promise)) {
      return { limits: found.limits, permission };
    }
    return Promise.all([found, permission]).then(([{ limits }, own]) => ({ limits, permission: own }));
  }

  /** The settings in force, for what is limited by them outside of messages too. */
  async chatSettings(tenant: string): Promise<ChatSettings> {
    return (await this.#tenant(tenant)).settings;
  }

  /** Forgets what the event has changed. */
  heard(event: CoreEvent): void {
    if (event.type === 'settings.changed') this.#tenants.drop(event.tenant);
    else if (event.type === 'permission.changed' || event.type === 'user.deleted') {
      this.#permissions.drop(userKey(event.tenant, event.userId));
    }
  }

  /** Forgets everything, where other nodes may have changed it unheard. */
  forgetAll(): void {
    this.#tenants.clear();
    this.#permissions.clear();
  }

  #permissionOf(tenant: string, userId: string): ChatPermission | Promise<ChatPermission> {
    return this.#permissions.get(userKey(tenant, userId), () =>
      this.#deps.store.findChatPermission(tenant, userId),
    );
  }

  #tenant(tenant: string): TenantPolicy | Promise<TenantPolicy> {
    return this.#tenants.get(tenant, async () => {
      const settings = { ...this.defaults, ...(await this.#deps.store.findChatSettings(tenant)) };
      return { settings, limits: { ...this.#deps.limits, maxTextLength: settings.maxMessageLength } };
    });
  }
}

/** Throws EPERM for one who may only read. */
export function requireWriter({ permission }: Policy): void {
  if (permission === 'full_access') return;
  throw new DomainError('EPERM', 'you may only read: an administrator took the permission to write from you');
}

function userKey(tenant: string, userId: string): string {
  return `${tenant}/${userId}`;
}
