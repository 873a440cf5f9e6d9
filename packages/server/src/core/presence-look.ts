import { isManager } from './access.ts';
import { DomainError } from './errors.ts';
import type { Limits } from './limits.ts';
import type { Principal, UserStatus } from './model.ts';
import { listPeers } from './peers.ts';
import type { ConversationStore } from './ports/conversation-store.ts';
import type { UserStore } from './ports/user-store.ts';

/** Most users that one question may name. */
export const MAX_ASKED_USERS = 200;

/** How it is with a user now; `unknown` while nobody can tell what is at other nodes. */
export type PresenceStatus = UserStatus | 'unknown';

/** Who counts as online now, at whatever node. */
export interface OnlineUsers {
  /** Of each user, in their order. */
  statusOf(
    users: readonly { readonly tenant: string; readonly userId: string }[],
  ): Promise<readonly PresenceStatus[]>;
}

export interface UserPresence {
  readonly userId: string;
  readonly status: PresenceStatus;
}

export interface PresenceLookDeps {
  readonly store: Pick<UserStore, 'listUsersByIds'> & Pick<ConversationStore, 'listPeers'>;
  readonly limits: Limits;
  readonly online: OnlineUsers;
}

/** Who is online now, for those who would be told of it when it changes, and for managers. */
export class PresenceLook {
  readonly #deps: PresenceLookDeps;

  constructor(deps: PresenceLookDeps) {
    this.#deps = deps;
  }

  /** How it is with each of the users of a tenant, whoever may look at them. */
  async statusOf(tenant: string, userIds: readonly string[]): Promise<UserPresence[]> {
    const statuses = await this.#deps.online.statusOf(userIds.map((userId) => ({ tenant, userId })));
    return userIds.map((userId, index) => ({ userId, status: statuses[index] ?? 'unknown' }));
  }

  /** Those whose coming and going the user is told of, online or not. */
  peersOf({ tenant, userId }: Principal): Promise<string[]> {
    return listPeers(this.#deps, tenant, userId);
  }

  /**
   * Of the users named, those whom the actor may look at, each once and in their order: oneself and those one shares a
   * conversation with; for managers all there are. The others are left out, whether they exist or not. EINVAL for nobody,
   * ETOOLONG for too many.
   */
  async of(actor: Principal, userIds: readonly string[]): Promise<UserPresence[]> {
    const asked = [...new Set(userIds)];
    if (asked.length === 0) throw new DomainError('EINVAL', 'users names nobody', { field: 'users' });
    if (asked.length > MAX_ASKED_USERS) {
      throw new DomainError('ETOOLONG', `users has more than ${MAX_ASKED_USERS} entries`, {
        field: 'users',
        limit: MAX_ASKED_USERS,
      });
    }
    const visible = await this.#visibleTo(actor, asked);
    return this.statusOf(
      actor.tenant,
      asked.filter((userId) => visible.has(userId)),
    );
  }

  async #visibleTo(actor: Principal, asked: readonly string[]): Promise<ReadonlySet<string>> {
    if (!isManager(actor)) return new Set([actor.userId, ...(await this.peersOf(actor))]);
    const users = await this.#deps.store.listUsersByIds(actor.tenant, asked);
    return new Set(users.map(({ id }) => id));
  }
}
