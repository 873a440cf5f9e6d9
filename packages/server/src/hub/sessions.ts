import { DomainError } from '../core/errors.ts';
import type { AccessEnd } from '../core/events.ts';
import type { Principal } from '../core/model.ts';
import type { Device } from '../core/presence-news.ts';

/** Why the server ends a session. */
export type SessionEnd = 'user-deleted' | 'token-expired' | AccessEnd;

/** A live session as the registry sees it. */
export interface LiveSession {
  readonly id: string;
  readonly principal: Principal;
  readonly device?: Device;
  end(reason: SessionEnd): void;
}

/** Told of users rather than of devices. Neither call may throw. */
export interface SessionsListener {
  /** The user has a first session. */
  entered(user: Principal, device?: Device): void;
  /** The user's last session ended. */
  left(user: Principal, device?: Device): void;
}

/** The live sessions of this process, by user. */
export class Sessions {
  readonly #maxPerUser: number;
  readonly #listener: SessionsListener | undefined;
  readonly #byUser = new Map<string, Set<LiveSession>>();
  #count = 0;

  constructor(maxPerUser: number, listener?: SessionsListener) {
    this.#maxPerUser = maxPerUser;
    this.#listener = listener;
  }

  /** EPERM where the user has too many sessions already. */
  add(session: LiveSession): void {
    const key = keyOf(session.principal);
    const sessions = this.#byUser.get(key) ?? new Set();
    if (sessions.size >= this.#maxPerUser) {
      throw new DomainError('EPERM', `more than ${this.#maxPerUser} sessions of one user`, {
        limit: this.#maxPerUser,
      });
    }
    sessions.add(session);
    this.#byUser.set(key, sessions);
    this.#count++;
    if (sessions.size === 1) this.#listener?.entered(session.principal, session.device);
  }

  /** Does nothing for a session that was not added. */
  remove(session: LiveSession): void {
    const key = keyOf(session.principal);
    const sessions = this.#byUser.get(key);
    if (!sessions?.delete(session)) return;
    this.#count--;
    if (sessions.size > 0) return;
    this.#byUser.delete(key);
    this.#listener?.left(session.principal, session.device);
  }

  get count(): number {
    return this.#count;
  }
}

function keyOf({ tenant, userId }: Principal): string {
  return `${tenant}/${userId}`;
}
