import type { EventSink } from './events.ts';
import type { Limits } from './limits.ts';
import type { Timestamp, UserStatus } from './model.ts';
import type { Store } from './ports/store.ts';
import { userTopic } from './topics.ts';

/** A user came or went. */
export interface PresenceChange {
  readonly tenant: string;
  readonly userId: string;
  readonly status: UserStatus;
  readonly at: Timestamp;
}

export interface PresenceNewsDeps {
  readonly store: Store;
  readonly sink: EventSink;
  readonly limits: Limits;
}

/** Tells of users who come and go. */
export class PresenceNews {
  readonly #deps: PresenceNewsDeps;

  constructor(deps: PresenceNewsDeps) {
    this.#deps = deps;
  }

  /**
   * Tells each user who shares a single chat or a group with this one, once. Groups above `maxReceiptMembers` do not
   * count, and no more than `maxPresencePeers` are told. Changes are told in the order of the calls.
   */
  async tell({ tenant, userId, status, at }: PresenceChange): Promise<void> {
    const { store, sink, limits } = this.#deps;
    const peers = await store.listPeers({
      tenant,
      userId,
      maxMembers: limits.maxReceiptMembers,
      limit: limits.maxPresencePeers,
    });
    const topics = peers.map((peer) => userTopic(tenant, peer));
    sink.publish(topics, { type: 'user.status', tenant, userId, status, at });
  }
}
