import { isManager } from './access.ts';
import type { CommandGate } from './command-gate.ts';
import { requireClientId, requireContent } from './content.ts';
import { filesNamedIn } from './content-files.ts';
import { DomainError, toDomainError } from './errors.ts';
import type { EventSink } from './events.ts';
import type { GuestRate } from './guest-rate.ts';
import type { Limits } from './limits.ts';
import type { LookRate } from './look-rate.ts';
import { findVisible, fromSession, MAX_REASON_LENGTH, noMessage, requireRate } from './message-access.ts';
import type { Content, Member, Message, Principal } from './model.ts';
import { type Policies, requireWriter } from './policies.ts';
import type { Clock, IdSource } from './ports/clock.ts';
import type { ConversationListStore, PeerReach } from './ports/conversation-list-store.ts';
import type { ConversationStore } from './ports/conversation-store.ts';
import type { Appended, MessageStore, MessageTarget, NewReference } from './ports/message-store.ts';
import type { PendingPage, PendingQuery, PositionStore } from './ports/position-store.ts';
import type { StoreHealth } from './ports/store-health.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { type Receipts, reportOf } from './receipts.ts';
import { requireConversation } from './rules/conversations.ts';
import { requireLength } from './validate.ts';

export const MAX_DEVICE_ID_LENGTH = 128;

export interface SendCommand {
  /** The client's id of the message; the server's own where absent. */
  readonly clientId?: string;
  readonly target: MessageTarget;
  readonly content: Content;
  /** What it quotes or forwards. */
  readonly reference?: NewReference;
  /** Name of the dialect it comes through, `api` for the server API. */
  readonly source: string;
  /** What the sender's device calls itself. */
  readonly deviceId?: string;
  /** The session that sends: it gets a confirmation and not the message. */
  readonly originSession?: string;
}

export interface ReadOptions {
  /** All of its conversation up to the message. */
  readonly upTo?: boolean;
  /** Only a message of this conversation. */
  readonly conversationId?: string;
}

export interface HistoryPage {
  /** In order of sequence. */
  readonly messages: Message[];
  /** Whether older ones exist. */
  readonly hasMore: boolean;
  /** How far the other user of a single chat is. */
  readonly peer?: PeerReach;
}

export interface MessagesDeps {
  readonly store: Pick<ConversationStore, 'findMember' | 'findConversation'> &
    Pick<MessageStore, 'appendMessage' | 'listMessages' | 'findMessage'> &
    Pick<PositionStore, 'listPending'> &
    Pick<ConversationListStore, 'findPeerReach'> &
    Pick<StoreHealth, 'ping'>;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: Limits;
  readonly receipts: Receipts;
  readonly rate: RateLimiter;
  readonly guestRate: GuestRate;
  readonly lookRate: LookRate;
  readonly policies: Policies;
  readonly gate: CommandGate;
}

/** Sending, reading and finding messages. Whatever resolves is durable. */
export class Messages {
  readonly #deps: MessagesDeps;

  constructor(deps: MessagesDeps) {
    this.#deps = deps;
  }

  /**
   * Stores a message, which is told to the members. A repeat of a client id stores and tells nothing and is answered as the
   * first was.
   *
   * EINVAL, ETOOLONG, ERATE; ENOENT for an unknown target, and for a file that the content points at and the actor can't
   * pass on; EPERM for one who is no member or may only read; ECONFLICT where the client id was used for something else;
   * whatever the gate refuses it with.
   */
  async send(actor: Principal, command: SendCommand): Promise<Appended> {
    const { store, clock, ids, policies, gate } = this.#deps;
    const { clientId, target, reference, source, deviceId = '', originSession } = command;
    if (clientId !== undefined) requireClientId(clientId);
    requireLength(reference?.reason ?? '', 'reason', 0, MAX_REASON_LENGTH);
    const found = policies.of(actor);
    const policy = found instanceof Promise ? await found : found;
    try {
      requireWriter(policy);
      requireContent(command.content, policy.limits, reference?.kind === 'forward');
      this.#requireRate(policy.limits, actor);
    } catch (refusal) {
      // The look at what is stored takes its share of the rate.
      if (!(await this.#isForbiddenRepeat(actor, clientId, refusal))) throw refusal;
    }
    const passing = gate.pass('message.send', actor, command);
    const passed = passing instanceof Promise ? await this.#passed(actor, command, passing) : passing;
    const { content } = passed;
    const isChanged = content !== command.content;
    if (isChanged) requireContent(content, policy.limits, reference?.kind === 'forward');
    const id = ids.next();
    const files = filesNamedIn(content, reference?.kind === 'forward');
    return store.appendMessage({
      tenant: actor.tenant,
      id,
      clientId: clientId ?? id,
      senderId: actor.userId,
      ...(actor.generation === undefined ? {} : { senderGeneration: actor.generation }),
      ...(actor.guest ? { guest: actor.guest } : {}),
      target,
      content,
      ...(isChanged ? { sentContent: command.content } : {}),
      ...(reference === undefined ? {} : { reference }),
      ...(files.length === 0 ? {} : { files }),
      source,
      deviceId: requireLength(deviceId, 'deviceId', 0, MAX_DEVICE_ID_LENGTH),
      createdAt: clock.now(),
      ...fromSession(originSession),
    });
  }

  /**
   * Marks one message, or all of its conversation up to it, as read by the actor and tells the senders. ENOENT, also for one
   * who is no member; ERATE.
   */
  async read(
    actor: Principal,
    ref: string,
    { upTo = false, conversationId }: ReadOptions = {},
  ): Promise<void> {
    const { gate, store, receipts, lookRate } = this.#deps;
    lookRate.require(actor);
    const passing = gate.pass('message.read', actor, upTo ? { ref, upTo } : { ref });
    if (passing instanceof Promise) await passing;
    const { message, viewerRole } = await findVisible(store, actor, ref, 'received', conversationId);
    if (viewerRole === undefined) throw noMessage(ref);
    if (upTo) return receipts.readUpTo(actor, message.conversationId, message.seq);
    if (message.senderId === actor.userId) return;
    await receipts.report(reportOf(message, actor.userId, 'read'));
  }

  /**
   * Marks a conversation as read by the actor, up to a message or to a sequence, and tells the senders. Returns how far the
   * actor is then. ENOENT for a conversation or message that is not there or not the actor's.
   */
  async readConversation(actor: Principal, conversationId: string, upTo: string | number): Promise<Member> {
    const { store } = this.#deps;
    const { tenant, userId } = actor;
    const find = async () => {
      const member = await store.findMember(tenant, conversationId, userId);
      requireConversation(member, conversationId);
      return member;
    };
    const member = await find();
    const ref = typeof upTo === 'string' ? upTo : await this.#lastUpTo(actor, conversationId, upTo);
    if (ref === undefined) return member;
    await this.read(actor, ref, { upTo: true, conversationId });
    return find();
  }

  /** The id of the newest message up to a sequence that a member may see. */
  async #lastUpTo(
    { tenant, userId: viewerId }: Principal,
    conversationId: string,
    seq: number,
  ): Promise<string | undefined> {
    const query = { tenant, conversationId, viewerId, before: seq + 1, limit: 1 };
    return (await this.#deps.store.listMessages(query))[0]?.id;
  }

  /**
   * Marks one message as delivered to the actor, who says that it has it, and tells its sender. Repeats change nothing.
   * ENOENT, also for one who is no member; EPERM for the sender; ERATE.
   */
  async received(actor: Principal, ref: string): Promise<void> {
    this.#deps.lookRate.require(actor);
    const { message, viewerRole } = await findVisible(this.#deps.store, actor, ref, 'received');
    if (viewerRole === undefined) throw noMessage(ref);
    if (message.senderId === actor.userId) {
      throw new DomainError('EPERM', 'only those a message is for can acknowledge it', {
        field: 'messageId',
      });
    }
    await this.#deps.receipts.report(reportOf(message, actor.userId, 'delivered'));
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
      viewerId: actor.userId,
      seesAll: isManager(actor),
      limit: limit + 1,
      ...(before === undefined ? {} : { before }),
    });
    const hasMore = found.length > limit;
    const peer =
      found[0]?.kind === 'single'
        ? await store.findPeerReach(actor.tenant, conversationId, actor.userId)
        : undefined;
    return { messages: hasMore ? found.slice(1) : found, hasMore, ...(peer ? { peer } : {}) };
  }

  /** A page of what the actor was not delivered. ENOENT for a conversation that is not the actor's. */
  pending(actor: Principal, query: Omit<PendingQuery, 'tenant' | 'userId'>): Promise<PendingPage> {
    return this.#deps.store.listPending({ ...query, tenant: actor.tenant, userId: actor.userId });
  }

  /** Resolves once everything that was sent before has been stored and told. */
  async barrier(): Promise<void> {
    await this.#deps.store.ping();
    await this.told();
  }

  /** Resolves once what was stored before is on its way to the sessions. */
  async told(): Promise<void> {
    await this.#deps.sink.settled?.();
  }

  /** What the gate lets pass; a repeat passes as it is, whatever the gate says now. */
  async #passed(actor: Principal, command: SendCommand, passing: Promise<SendCommand>): Promise<SendCommand> {
    try {
      return await passing;
    } catch (refusal) {
      if (await this.#isRepeat(actor, command.clientId)) return command;
      throw refusal;
    }
  }

  /** Whether it was stored before what forbids it now was laid down: a repeat is still answered as the first was. */
  async #isForbiddenRepeat(actor: Principal, ref: string | undefined, refusal: unknown): Promise<boolean> {
    const { limits } = this.#deps;
    const { code } = toDomainError(refusal);
    if (ref === undefined || (code !== 'EPERM' && code !== 'ETOOLONG')) return false;
    this.#requireRate(limits, actor);
    return this.#isRepeat(actor, ref);
  }

  #requireRate(limits: Limits, actor: Principal): void {
    if (actor.guest) this.#deps.guestRate.requireSend(actor);
    else requireRate(this.#deps.rate, limits, actor);
  }

  async #isRepeat({ tenant, userId }: Principal, ref: string | undefined): Promise<boolean> {
    const { store } = this.#deps;
    if (ref === undefined) return false;
    const known = (await store.findMessage({ tenant, ref, viewerId: userId, prefer: 'own' }))?.message;
    return known?.senderId === userId && known.clientId === ref;
  }

  async #requireSight(actor: Principal, conversationId: string): Promise<void> {
    const { store } = this.#deps;
    const sees = isManager(actor)
      ? await store.findConversation(actor.tenant, conversationId)
      : await store.findMember(actor.tenant, conversationId, actor.userId);
    requireConversation(sees, conversationId);
  }
}
