import type { CoreEvent } from '../../core/events.ts';
import type { Principal, Timestamp } from '../../core/model.ts';
import type { PendingQuery } from '../../core/ports/store.ts';
import { userTopic } from '../../core/topics.ts';
import { ConversationFeed } from '../../hub/conversation-feed.ts';
import type { Recipient } from '../../hub/deliveries.ts';
import type { FanOut, FanOutItem } from '../../hub/fan-out.ts';
import type { Listener, Subscriber } from '../../hub/hub.ts';
import { Replay, type ReplayResult, type ReplaySource, type ReplayTarget } from '../../hub/replay.ts';
import type { LiveSession, SessionEnd } from '../../hub/sessions.ts';
import type { Connection } from '../../transport/connection.ts';
import type { DialectServices } from './services.ts';

/** Longest delay that a timer takes, in ms. */
const MAX_TIMER = 2 ** 31 - 1;

export interface ChatSessionOptions {
  readonly services: DialectServices;
  readonly connection: Connection;
  readonly principal: Principal;
  readonly expiresAt: Timestamp;
  /** Closes the connection in the protocol's way. */
  onEnd(reason: SessionEnd): void;
}

/** One subscription's way to the client. */
export interface Outlet extends Subscriber {
  /** Delivers at once, past a replay. */
  deliver(fanOut: FanOut): void;
}

/** Which part of what was missed: everything, a conversation, or a conversation from a known sequence on. */
export type ReplayQuery = Pick<PendingQuery, 'conversationId' | 'sinceSeq'>;

/**
 * An authenticated user on a connection, whatever the protocol: in the registry while it lives, subscribed to what its
 * user may see, and accountable for what was delivered to it.
 */
export class ChatSession implements LiveSession {
  readonly id: string;
  readonly principal: Principal;
  readonly feed: ConversationFeed;
  readonly #options: ChatSessionOptions;
  readonly #recipient: Recipient;
  readonly #listener: Listener = (event) => this.#onEvent(event);
  /** Membership changes that came while the memberships were read. */
  #changedMeanwhile: Set<string> | undefined = new Set();
  #replay: Replay | undefined;
  #expiresAt: Timestamp;
  #expiry: NodeJS.Timeout | undefined;
  #ended = false;

  private constructor(options: ChatSessionOptions) {
    const { services, connection, principal } = options;
    this.id = connection.id;
    this.principal = principal;
    this.feed = new ConversationFeed(services.hub, principal);
    this.#options = options;
    this.#expiresAt = options.expiresAt;
    this.#recipient = { principal, connection };
  }

  /** Opens a session. EPERM where the user has too many; EINTERNAL while the store is out of reach. */
  static async open(options: ChatSessionOptions): Promise<ChatSession> {
    const session = new ChatSession(options);
    options.services.sessions.add(session);
    try {
      await session.#join();
      session.#awaitExpiry();
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /**
   * A way to the client that keeps account of what went over it.
   *
   * @param acknowledges whether the client itself says what arrived; else what was written counts
   * @param write returns whether it was taken: not where the subscription has ended
   */
  outlet(acknowledges: boolean, write: (fanOut: FanOut) => boolean): Outlet {
    const { connection, services } = this.#options;
    const deliver = (fanOut: FanOut): void => {
      const isTaken = write(fanOut) && connection.isOpen;
      if (isTaken && !acknowledges) services.deliveries.sent(this.#recipient, fanOut);
    };
    return {
      id: this.id,
      deliver,
      receive: (_shape, fanOut) => {
        if (this.#replay && !isReceipts(fanOut)) this.#replay.hold(fanOut, deliver);
        else deliver(fanOut);
      },
    };
  }

  /** Items that the client acknowledged. */
  acknowledged(items: readonly FanOutItem[]): void {
    this.#options.services.deliveries.acknowledged(this.principal, items);
  }

  get isReplaying(): boolean {
    return this.#replay !== undefined;
  }

  /**
   * Tells what the user missed, then the verdict; live messages follow after it. One at a time.
   *
   * @param tellVerdict writes what ends a sync
   */
  async replay(
    target: ReplayTarget,
    query: ReplayQuery,
    tellVerdict: (result: ReplayResult) => void | Promise<void>,
  ): Promise<void> {
    const { services } = this.#options;
    const replay = new Replay(this.principal, replaySource(services), target);
    this.#replay = replay;
    try {
      // What was written just now, to this or an earlier session of the user, is not missed.
      await services.deliveries.flush();
      await tellVerdict(await replay.run(query));
    } finally {
      this.#replay = undefined;
      replay.release();
    }
  }

  /** Lets the session last until another token's end. */
  renew(expiresAt: Timestamp): void {
    this.#expiresAt = expiresAt;
    clearTimeout(this.#expiry);
    this.#awaitExpiry();
  }

  end(reason: SessionEnd): void {
    this.#options.onEnd(reason);
  }

  /** Leaves the registry and the hub. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#expiry);
    const { hub, sessions } = this.#options.services;
    hub.unlisten(this.#topic, this.#listener);
    sessions.remove(this);
    this.feed.close();
  }

  async #join(): Promise<void> {
    const { hub, core } = this.#options.services;
    hub.listen(this.#topic, this.#listener);
    const [memberships] = await Promise.all([
      core.groups.membershipsOf(this.principal),
      // So that the first commands of the session find it at hand.
      core.policies.of(this.principal),
    ]);
    if (this.#ended) return;
    for (const { conversationId } of memberships) {
      if (!this.#changedMeanwhile?.has(conversationId)) this.feed.joined(conversationId);
    }
    this.#changedMeanwhile = undefined;
  }

  #onEvent(event: CoreEvent): void {
    const { userId } = this.principal;
    if (event.type === 'user.deleted') {
      this.end('user-deleted');
    } else if (event.type === 'member.added' && event.userId === userId) {
      this.#changedMeanwhile?.add(event.conversationId);
      this.feed.joined(event.conversationId);
    } else if (event.type === 'member.removed' && event.userId === userId) {
      this.#changedMeanwhile?.add(event.conversationId);
      this.feed.left(event.conversationId);
    }
  }

  #awaitExpiry(): void {
    const remaining = this.#expiresAt - this.#options.services.clock.now();
    if (remaining <= 0) {
      this.end('token-expired');
      return;
    }
    this.#expiry = setTimeout(() => this.#awaitExpiry(), Math.min(remaining, MAX_TIMER));
    this.#expiry.unref();
  }

  get #topic(): string {
    return userTopic(this.principal.tenant, this.principal.userId);
  }
}

function isReceipts({ items }: FanOut): boolean {
  return items[0]?.event.type === 'receipt';
}

function replaySource({ core }: DialectServices): ReplaySource {
  return {
    pending: (actor, query) => core.messages.pending(actor, query),
    barrier: () => core.messages.barrier(),
    async knows({ tenant, userId }, revisions) {
      for (const known of revisions) {
        const { conversationId } = known;
        const users = [{ userId, ranges: [], revisions: known }];
        await core.receipts.report({ tenant, conversationId, kind: 'delivered', messages: [], users });
      }
    },
  };
}
