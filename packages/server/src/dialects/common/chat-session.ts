import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { Authenticated } from '../../auth/authenticator.ts';
import { DomainError } from '../../core/errors.ts';
import type { CoreEvent } from '../../core/events.ts';
import type { Principal, Role, Timestamp } from '../../core/model.ts';
import type { PendingQuery } from '../../core/ports/position-store.ts';
import type { Device } from '../../core/presence-news.ts';
import { userTopic } from '../../core/topics.ts';
import { ConversationFeed } from '../../hub/conversation-feed.ts';
import type { Listener } from '../../hub/hub.ts';
import { Replay, type ReplayResult, type ReplaySource, type ReplayTarget } from '../../hub/replay.ts';
import type { LiveSession, SessionEnd } from '../../hub/sessions.ts';
import type { Trace } from '../../hub/trace.ts';
import type { Connection } from '../../transport/connection.ts';
import { Confirmations } from './confirmations.ts';
import type { DialectServices } from './services.ts';
import type { SessionFacts } from './session-hooks.ts';
import type { OutletSession } from './session-outlet.ts';

/** Longest delay that a timer takes, in ms. */
const MAX_TIMER = 2 ** 31 - 1;

export interface ChatSessionOptions {
  readonly services: DialectServices;
  /** Name of the dialect. */
  readonly dialect: string;
  readonly connection: Connection;
  readonly principal: Principal;
  readonly expiresAt: Timestamp;
  /** Where the user's record says which role it has: the session ends with that. */
  readonly recordRole?: Role | undefined;
  readonly device: Device;
  /** Closes the connection in the protocol's way. */
  onEnd(reason: SessionEnd): void;
}

/** Which part of what was missed, in which order: everything, a conversation, or a conversation from a known sequence on. */
export type ReplayQuery = Pick<PendingQuery, 'conversationId' | 'sinceSeq' | 'order'>;

/**
 * An authenticated user on a connection, whatever the protocol: in the registry while it lives, subscribed to what its
 * user may see, and accountable for what was delivered to it.
 */
export class ChatSession implements LiveSession {
  readonly id: string;
  readonly principal: Principal;
  readonly device: Device;
  readonly feed: ConversationFeed;
  /** For the ways to the client that keep account of what went over them. */
  readonly outlets: OutletSession;
  readonly #options: ChatSessionOptions;
  readonly #listener: Listener = (event) => this.#onEvent(event);
  /** Resolves once no sync is under way. */
  #replayed: Promise<void> = Promise.resolve();
  #expiresAt: Timestamp;
  #recordRole: Role | undefined;
  /** Conversations that ended, and whose last events are on their way. */
  readonly #leaving = new Set<string>();
  #expiry: NodeJS.Timeout | undefined;

  private constructor(options: ChatSessionOptions, memberOf: Set<string>) {
    const { services, connection, principal } = options;
    this.id = connection.id;
    this.principal = principal;
    this.device = options.device;
    this.feed = new ConversationFeed(services.hub, principal, memberOf);
    this.#options = options;
    this.#expiresAt = options.expiresAt;
    this.#recordRole = options.recordRole;
    this.outlets = {
      userId: principal.userId,
      connection,
      deliveries: services.deliveries,
      confirmations: new Confirmations(services.core, principal),
      replay: undefined,
    };
  }

  /**
   * Begins a session that is whole: from here on everybody may know of it, until it is closed. EPERM where the user has
   * too many; nobody has noticed it then.
   *
   * @param memberOf the user's groups, which are the session's from now on
   */
  static enter(options: ChatSessionOptions, memberOf: Set<string>): ChatSession {
    const { hub, sessions, plugins } = options.services;
    const session = new ChatSession(options, memberOf);
    sessions.add(session);
    hub.listen(session.#topic, session.#listener);
    session.#awaitExpiry();
    plugins?.connected(session.facts);
    return session;
  }

  /** The session as plug-ins know it. */
  get facts(): SessionFacts {
    return factsOf(this.#options);
  }

  /** What the client acknowledged. */
  acknowledged(traces: readonly Trace[]): void {
    this.#options.services.deliveries.acknowledged(this.principal, traces);
  }

  /**
   * The client says that it has the message with this client id; resolves once that is stored. A repeat is confirmed as
   * the first was. ENOENT, also for a message of others; EPERM for the user's own.
   */
  confirm(clientId: string): Promise<void> {
    return this.outlets.confirmations.confirm(clientId, this.#replayed);
  }

  /** When the session ends unless it is renewed. */
  get expiresAt(): Timestamp {
    return this.#expiresAt;
  }

  get isReplaying(): boolean {
    return this.outlets.replay !== undefined;
  }

  /**
   * Tells what the user missed, then the verdict; live messages follow after it. One at a time.
   *
   * @param tellVerdict writes what ends a sync
   * @param prelude writes what comes before what was missed
   */
  async replay(
    target: ReplayTarget,
    query: ReplayQuery,
    tellVerdict: (result: ReplayResult) => void | Promise<void>,
    prelude?: () => Promise<void>,
  ): Promise<void> {
    const { services } = this.#options;
    const replay = new Replay(this.principal, this.#replaySource, target, services.hub.isolation);
    this.outlets.replay = replay;
    const ended = Promise.withResolvers<void>();
    this.#replayed = ended.promise;
    try {
      await this.outlets.confirmations.settled();
      // What was written just now, to this or an earlier session of the user, is not missed.
      await services.deliveries.flush();
      await prelude?.();
      await tellVerdict(await replay.run(query));
      await services.core.receipts.passOver(this.principal, replay.removed);
    } finally {
      this.outlets.replay = undefined;
      ended.resolve();
      replay.release();
    }
  }

  /**
   * Resolves once the session was told, live or by a sync, whatever was stored before. An answer that was read before and
   * is given now holds nothing that comes after it.
   */
  async caughtUp(): Promise<void> {
    await this.#replayed;
    await this.#options.services.core.messages.barrier();
    // The hub gathers until the end of the turn before it fans out.
    await endOfTurn();
    await endOfTurn();
  }

  /**
   * Lets the session last as long as another token of its user opens it, and rest on that token alone. EPERM where that token
   * gives another role: the session keeps the one it began with.
   */
  renew({ principal, expiresAt, recordRole }: Authenticated): void {
    const { role } = this.principal;
    if (principal.role !== role) {
      const message = `the token is for the role ${principal.role}, the session has ${role}`;
      throw new DomainError('EPERM', message, { field: 'token' });
    }
    this.#expiresAt = expiresAt;
    this.#recordRole = recordRole;
    clearTimeout(this.#expiry);
    this.#awaitExpiry();
  }

  end(reason: SessionEnd): void {
    this.#options.onEnd(reason);
  }

  /** Leaves the registry and the hub. To be called once. */
  close(): void {
    clearTimeout(this.#expiry);
    const { hub, sessions, plugins } = this.#options.services;
    hub.unlisten(this.#topic, this.#listener);
    sessions.remove(this);
    this.feed.close();
    plugins?.disconnected(this.facts);
  }

  get #replaySource(): ReplaySource {
    const { messages, receipts } = this.#options.services.core;
    return {
      pending: (actor, query) => messages.pending(actor, query),
      barrier: () => messages.barrier(),
      knows: (actor, revisions) => receipts.knows(actor, revisions),
    };
  }

  #onEvent(event: CoreEvent): void {
    const end = endOf(event, this.#recordRole);
    const change = membershipChangeOf(event, this.principal.userId);
    if (end) this.end(end);
    else if (change?.isMember) this.#joined(change.conversationId);
    else if (change) this.#left(change.conversationId);
    else if (event.type === 'group.dissolved') void this.#leaveOnceTold(event.conversationId);
    else if (event.type === 'service.changed' && event.session.state === 'closed') {
      void this.#leaveOnceTold(event.session.id);
    }
  }

  #joined(conversationId: string): void {
    this.#leaving.delete(conversationId);
    this.feed.joined(conversationId);
  }

  #left(conversationId: string): void {
    if (!this.#leaving.has(conversationId)) this.feed.left(conversationId);
  }

  /** What was stored in a conversation before it ended still reaches the session, also where plug-ins look at it first. */
  async #leaveOnceTold(conversationId: string): Promise<void> {
    this.#leaving.add(conversationId);
    // What one commit stored is told in one turn of the event loop, and written at the end of one.
    await endOfTurn();
    await this.#options.services.core.messages.told();
    await endOfTurn();
    // A group of the same id may have been made meanwhile.
    if (this.#leaving.delete(conversationId)) this.feed.left(conversationId);
  }

  #awaitExpiry(): void {
    const remaining = this.#expiresAt - this.#options.services.clock.now();
    this.#expiry = setTimeout(() => this.#expire(), Math.min(Math.max(remaining, 0), MAX_TIMER));
    this.#expiry.unref();
  }

  #expire(): void {
    if (this.#expiresAt > this.#options.services.clock.now()) this.#awaitExpiry();
    else this.end('token-expired');
  }

  get #topic(): string {
    return userTopic(this.principal.tenant, this.principal.userId);
  }
}

/** The session as plug-ins know it. */
export function factsOf({ connection, dialect, principal: user }: ChatSessionOptions): SessionFacts {
  return { id: connection.id, dialect, user, address: connection.request.remoteAddress };
}

/**
 * Why an event at the topic of a user ends a session of that user, also one on its way in.
 *
 * @param recordRole where the session has its role from the user's record
 */
export function endOf(event: CoreEvent, recordRole: Role | undefined): SessionEnd | undefined {
  if (event.type === 'user.deleted') return 'user-deleted';
  if (event.type !== 'user.access') return undefined;
  const { cause, role } = event;
  return cause === 'role-changed' && (recordRole ?? role) === role ? undefined : cause;
}

interface MembershipChange {
  readonly conversationId: string;
  readonly isMember: boolean;
}

/** What an event changes about the conversations that a user is a member of. */
export function membershipChangeOf(event: CoreEvent, userId: string): MembershipChange | undefined {
  if (event.type !== 'member.added' && event.type !== 'member.removed') return undefined;
  if (event.userId !== userId) return undefined;
  return { conversationId: event.conversationId, isMember: event.type === 'member.added' };
}
