import { isManager } from './access.ts';
import { requireClientId, requireContent } from './content.ts';
import { DomainError } from './errors.ts';
import type { EventSink } from './events.ts';
import type { Limits } from './limits.ts';
import type { Content, Message, Principal } from './model.ts';
import type { Clock, IdSource } from './ports/clock.ts';
import type {
  Appended,
  MessageLook,
  MessageTarget,
  MessageView,
  PendingPage,
  PendingQuery,
  Store,
} from './ports/store.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { Receipts } from './receipts.ts';
import { conversationTopic, userTopic } from './topics.ts';

export interface SendCommand {
  /** The client's id of the message; the server's own where absent. */
  readonly clientId?: string;
  readonly target: MessageTarget;
  readonly content: Content;
  /** The session that sends: it gets a confirmation and not the message. */
  readonly originSession?: string;
}

export interface HistoryPage {
  /** In order of sequence. */
  readonly messages: Message[];
  /** Whether older ones exist. */
  readonly hasMore: boolean;
}

export interface MessagesDeps {
  readonly store: Store;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: Limits;
  readonly receipts: Receipts;
}

/** Sending, recalling, reading and finding messages. Whatever resolves is durable. */
export class Messages {
  readonly #deps: MessagesDeps;
  readonly #rate: RateLimiter;

  constructor(deps: MessagesDeps) {
    this.#deps = deps;
    this.#rate = new RateLimiter(deps.limits.sendRate, deps.clock);
  }

  /**
   * Stores a message and tells the members. A repeat of a client id stores and tells nothing and is answered as the
   * first was.
   *
   * EINVAL, ETOOLONG, ERATE; ENOENT for an unknown target; EPERM for one who is no member; ECONFLICT where the client
   * id was used for something else.
   */
  async send(actor: Principal, command: SendCommand): Promise<Appended> {
    const { store, clock, ids, limits } = this.#deps;
    const { clientId, target, content, originSession } = command;
    if (clientId !== undefined) requireClientId(clientId);
    requireContent(content, limits);
    this.#requireRate(actor);
    const id = ids.next();
    const appended = await store.appendMessage({
      tenant: actor.tenant,
      id,
      clientId: clientId ?? id,
      senderId: actor.userId,
      target,
      content,
      createdAt: clock.now(),
    });
    if (!appended.duplicate) this.#tellCreated(appended, originSession);
    return appended;
  }

  /**
   * Takes a message back for everyone: the sender within the window, an owner or admin of the group, a service.
   *
   * ENOENT, EPERM; ECONFLICT where it was recalled before.
   */
  async recall(actor: Principal, ref: string, originSession?: string): Promise<Message> {
    const { store, sink, clock } = this.#deps;
    this.#requireRate(actor);
    const view = await this.#find(actor, ref, 'own');
    this.#requireRecall(actor, view);
    const { tenant, conversationId, seq } = view.message;
    const message = await store.changeMessage({
      tenant,
      conversationId,
      seq,
      state: 'recalled',
      content: null,
      at: clock.now(),
    });
    sink.publish(topicsOf(message), {
      type: 'message.changed',
      change: 'recalled',
      message,
      actorId: actor.userId,
      ...(originSession === undefined ? {} : { originSession }),
    });
    return message;
  }

  /** Marks one message as read by the actor and tells its sender. ENOENT, also for one who is no member. */
  async read(actor: Principal, ref: string): Promise<void> {
    const { message, viewerRole } = await this.#find(actor, ref, 'received');
    if (viewerRole === undefined) throw noMessage(ref);
    if (message.senderId === actor.userId) return;
    await this.#deps.receipts.report('read', [{ userId: actor.userId, messages: [message] }]);
  }

  /**
   * A page of a conversation's messages: the newest below `before`.
   *
   * ENOENT for a conversation that is not there or not the actor's.
   */
  async history(
    actor: Principal,
    conversationId: string,
    page: { readonly before?: number; readonly limit: number },
  ): Promise<HistoryPage> {
    const { store } = this.#deps;
    await this.#requireSight(actor, conversationId);
    const { before, limit } = page;
    const found = await store.listMessages({
      tenant: actor.tenant,
      conversationId,
      limit: limit + 1,
      ...(before === undefined ? {} : { before }),
    });
    const hasMore = found.length > limit;
    return { messages: hasMore ? found.slice(1) : found, hasMore };
  }

  /** A page of what the actor was not delivered. ENOENT for a conversation that is not the actor's. */
  pending(actor: Principal, query: Omit<PendingQuery, 'tenant' | 'userId'>): Promise<PendingPage> {
    return this.#deps.store.listPending({ ...query, tenant: actor.tenant, userId: actor.userId });
  }

  /** Resolves once everything that was sent before has been stored and told. */
  async barrier(): Promise<void> {
    await this.#deps.store.ping();
  }

  async #requireSight(actor: Principal, conversationId: string): Promise<void> {
    const { store } = this.#deps;
    const sees = isManager(actor)
      ? await store.findConversation(actor.tenant, conversationId)
      : await store.findMember(actor.tenant, conversationId, actor.userId);
    if (!sees)
      throw new DomainError('ENOENT', `no conversation ${conversationId}`, { field: 'conversationId' });
  }

  async #find(actor: Principal, ref: string, prefer: MessageLook['prefer']): Promise<MessageView> {
    requireClientId(ref);
    const { tenant, userId: viewerId } = actor;
    const view = await this.#deps.store.findMessage({ tenant, ref, viewerId, prefer });
    if (!view || (view.viewerRole === undefined && !isManager(actor))) throw noMessage(ref);
    return view;
  }

  #requireRecall(actor: Principal, { message, viewerRole }: MessageView): void {
    if (isManager(actor)) return;
    if (message.kind === 'group' && (viewerRole === 'owner' || viewerRole === 'admin')) return;
    if (message.senderId !== actor.userId) {
      throw new DomainError('EPERM', 'only the sender or an admin of the group may recall a message');
    }
    const { recallWindow } = this.#deps.limits;
    if (this.#deps.clock.now() - message.createdAt > recallWindow) {
      throw new DomainError(
        'EPERM',
        `a message may be recalled for ${recallWindow / 1000} s after it was sent`,
      );
    }
  }

  #requireRate(actor: Principal): void {
    if (actor.role === 'service') return;
    const retryAfter = this.#rate.take(`${actor.tenant}/${actor.userId}`);
    if (retryAfter === 0) return;
    const { sendRate } = this.#deps.limits;
    throw new DomainError('ERATE', `more than ${sendRate} a second; try again in ${retryAfter} ms`, {
      limit: sendRate,
      retryAfter,
    });
  }

  #tellCreated({ message, memberCount }: Appended, originSession: string | undefined): void {
    this.#deps.sink.publish(topicsOf(message), {
      type: 'message.created',
      message,
      memberCount,
      ...(originSession === undefined ? {} : { originSession }),
    });
  }
}

/** Where a message is told: to both users of a single conversation, else to the conversation. */
function topicsOf({ tenant, kind, senderId, targetId, conversationId }: Message): string[] {
  if (kind !== 'single') return [conversationTopic(tenant, conversationId)];
  const topics = [userTopic(tenant, targetId)];
  if (senderId !== targetId) topics.push(userTopic(tenant, senderId));
  return topics;
}

function noMessage(ref: string): DomainError {
  return new DomainError('ENOENT', `no message ${ref}`, { field: 'messageId' });
}
