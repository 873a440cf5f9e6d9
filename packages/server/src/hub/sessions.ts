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

/** The sessions of a user over all nodes. */
export interface SessionPlaces {
  /** False where the user has `max` of them. */
  take(user: Principal, sessionId: string, max: number): Promise<boolean>;
  leave(user: Principal, sessionId: string): void;
}

/** A session on its way in, of which only that is known. */
export type ComingSession = Pick<LiveSession, 'id' | 'principal'>;

/** The live sessions of this process, by user. */
export class Sessions {
  readonly #maxPerUser: number;
  readonly #listener: SessionsListener | undefined;
  readonly #places: SessionPlaces | undefined;
  readonly #byUser = new Map<string, Set<LiveSession>>();
  #count = 0;

  /** @param places absent where this node is the only one */
  constructor(maxPerUser: number, listener?: SessionsListener, places?: SessionPlaces) {
    this.#maxPerUser = maxPerUser;
    this.#listener = listener;
    this.#places = places;
  }

  /** Makes room for a session, which is then added or given up. EPERM where the user has too many on all nodes together. */
  async expect({ id, principal }: ComingSession): Promise<void> {
    if (this.#places && !(await this.#places.take(principal, id, this.#maxPerUser))) throw this.#tooMany();
  }

  /** A session that was expected does not come. */
  giveUp({ id, principal }: ComingSession): void {
    this.#places?.leave(principal, id);
  }

  /** EPERM where the user has too many sessions already. */
  add(session: LiveSession): void {
    const key = keyOf(session.principal);
    const sessions = this.#byUser.get(key) ?? new Set();
    if (sessions.size >= this.#maxPerUser) throw this.#tooMany();
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
    this.giveUp(session);
    if (sessions.size > 0) return;
    this.#byUser.delete(key);
    this.#listener?.left(session.principal, session.device);
  }

  get count(): number {
    return this.#count;
  }

  #tooMany(): DomainError {
    const limit = this.#maxPerUser;
    return new DomainError('EPERM', `more than ${limit} sessions of one user`, { limit });
  }
}

function keyOf({ tenant, userId }: Principal): string {
  return `${tenant}/${userId}`;
}
