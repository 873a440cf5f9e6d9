import type { EventSink } from './events.ts';
import type { Limits } from './limits.ts';
import type { Timestamp, UserStatus } from './model.ts';
import { listPeers } from './peers.ts';
import type { ConversationStore } from './ports/conversation-store.ts';
import { userTopic } from './topics.ts';

/** What a session of a user runs on, as far as it said. */
export interface Device {
  readonly deviceId: string;
  readonly clientType: string;
  readonly ipAddress: string;
  readonly userAgent: string;
}

/** A user came or went. */
export interface PresenceChange {
  readonly tenant: string;
  readonly userId: string;
  readonly status: UserStatus;
  readonly at: Timestamp;
  /** Of its first session, or of its last. */
  readonly device?: Device;
}

export interface PresenceNewsDeps {
  readonly store: Pick<ConversationStore, 'listPeers'>;
  readonly sink: EventSink;
  readonly limits: Limits;
}

/** Tells of users who come and go. */
export class PresenceNews {
  readonly #deps: PresenceNewsDeps;
  /** Resolves once the last change is told. */
  #told: Promise<unknown> = Promise.resolve();

  constructor(deps: PresenceNewsDeps) {
    this.#deps = deps;
  }

  /**
   * Tells each peer of the user, once. Changes are told in the order of the calls.
   */
  tell(change: PresenceChange): Promise<void> {
    const listed = listPeers(this.#deps, change.tenant, change.userId);
    const before = this.#told;
    // The store reads side by side, and what it found first may be asked for last.
    this.#told = Promise.allSettled([before, listed]);
    return before.then(async () => this.#publish(change, await listed));
  }

  #publish(change: PresenceChange, peers: readonly string[]): void {
    const { tenant } = change;
    const topics = peers.map((peer) => userTopic(tenant, peer));
    const { status, ...session } = change;
    this.#deps.sink.publish(topics, { type: 'user.status', ...change });
    this.#deps.sink.publish(topics, { type: status === 'online' ? 'user.login' : 'user.logout', ...session });
  }
}
