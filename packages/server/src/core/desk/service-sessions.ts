import type { CommandGate } from '../command-gate.ts';
import { DomainError } from '../errors.ts';
import type { EventSink } from '../events.ts';
import type { Limits } from '../limits.ts';
import { requireRate } from '../message-access.ts';
import type { HistoryPage, Messages, SendCommand } from '../messages.ts';
import type { Principal } from '../model.ts';
import { type Policies, requireWriter } from '../policies.ts';
import type { Clock, IdSource } from '../ports/clock.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { DeskStore, ServiceAct } from '../ports/desk-store.ts';
import type { Appended, MessageStore } from '../ports/message-store.ts';
import type { RateLimiter } from '../rate-limiter.ts';
import type { Receipts } from '../receipts.ts';
import { requireService } from '../rules/service-sessions.ts';
import { requireNotClosed } from '../rules/service-state.ts';
import { userTopic } from '../topics.ts';
import { TYPING_LIFETIME } from '../typing.ts';
import { requireLength } from '../validate.ts';
import { isAtDesk, requireAgent } from './access.ts';
import { type Dispatch, requireSkill } from './dispatch.ts';
import type { ServiceNote, ServiceSession } from './model.ts';
import { newestThatFit } from './newest.ts';

const MAX_COMMENT_LENGTH = 500;
/** Most notes beside a page of history. */
const MAX_NOTES = 200;
/** Most sessions that a user is told of on coming; an agent has no more. */
const MAX_OPEN = 1000;

export interface ServiceSend extends Omit<SendCommand, 'target'> {
  /** The actor's own where absent, or a new one; a customer's only. */
  readonly sessionId?: string;
  /** Of a session that it opens. */
  readonly skill?: string;
}

export interface NoteInput {
  readonly sessionId: string;
  readonly clientId?: string;
  readonly content: string;
  readonly originSession?: string;
}

export interface ServiceHistory extends HistoryPage {
  /** For agents only. */
  readonly notes?: readonly ServiceNote[];
}

/** A service session with its place in the queue; null where it does not wait. */
export interface ServiceView {
  readonly session: ServiceSession;
  readonly position: number | null;
}

export interface ServiceSessionsDeps {
  readonly store: Pick<ConversationStore, 'findMember'> &
    Pick<MessageStore, 'listMessages'> &
    Pick<
      DeskStore,
      | 'closeService'
      | 'rateService'
      | 'addNote'
      | 'listNotes'
      | 'listServices'
      | 'queuePosition'
      | 'findService'
    >;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: Limits;
  readonly rate: RateLimiter;
  /** For what costs nothing to store and is sent often. */
  readonly typingRate: RateLimiter;
  readonly gate: CommandGate;
  readonly messages: Messages;
  readonly receipts: Receipts;
  readonly dispatch: Dispatch;
  readonly policies: Policies;
  /** This node's name among those that share the store. */
  readonly node?: string;
}

/** What customers and agents do in a service session. Whatever resolves is durable. ERATE for what comes too fast. */
export class ServiceSessions {
  readonly #deps: ServiceSessionsDeps;

  constructor(deps: ServiceSessionsDeps) {
    this.#deps = deps;
  }

  /**
   * Sends a message in a session. A customer who has none opens one by it.
   *
   * As `Messages.send`; EINVAL where an agent names no session; ENOENT for an unknown one; ECONFLICT for a closed one.
   */
  async send(actor: Principal, { sessionId, skill = '', ...command }: ServiceSend): Promise<Appended> {
    const { messages, ids, node } = this.#deps;
    // Who sends through a session of its own is connected here.
    const here = command.originSession === undefined || node === undefined ? {} : { node };
    if (sessionId === undefined && actor.role !== 'user') {
      throw new DomainError('EINVAL', 'sessionId is missing', { field: 'sessionId' });
    }
    const target =
      sessionId === undefined
        ? ({ kind: 'desk', newId: ids.next(), skill: requireSkill(skill), ...here } as const)
        : ({ kind: 'service', sessionId } as const);
    const appended = await messages.send(actor, { ...command, target });
    const { opened } = appended;
    if (opened) await this.#deps.dispatch.fill(opened.tenant, [opened.skill]);
    return appended;
  }

  /**
   * Tells the other side that the actor is writing, or has stopped. EPERM for one who is neither customer nor agent, or may only read;
   * ECONFLICT where the session is closed.
   */
  async typing(actor: Principal, sessionId: string, isTyping = true): Promise<void> {
    const { typingRate, limits, policies } = this.#deps;
    requireRate(typingRate, limits, actor);
    requireWriter(await policies.of(actor));
    await this.tellTyping(actor, sessionId, isTyping);
  }

  /** As `typing`, for one whose rate and permission were looked at. */
  async tellTyping(actor: Principal, sessionId: string, isTyping: boolean): Promise<void> {
    const { sink, clock } = this.#deps;
    const { tenant, userId } = actor;
    const { customerId, agentId, state } = await this.#requireSide(actor, sessionId);
    requireNotClosed(state);
    const other = userId === customerId ? agentId : customerId;
    if (other === null) return;
    const at = clock.now();
    const expiresAt = isTyping ? at + TYPING_LIFETIME : at;
    const told = { tenant, sessionId, userId, isTyping, at, expiresAt };
    sink.publish([userTopic(tenant, other)], { type: 'service.typing', ...told });
  }

  /** Marks a session's messages as read by the actor, up to a sequence or all. EPERM for one who is no member. */
  async read(actor: Principal, sessionId: string, upTo = Number.MAX_SAFE_INTEGER): Promise<void> {
    const { store, receipts } = this.#deps;
    const { tenant, userId } = actor;
    await this.#require(tenant, sessionId);
    if (!(await store.findMember(tenant, sessionId, userId))) throw notAMember();
    await receipts.readUpTo(actor, sessionId, upTo);
  }

  /** Ends a session: its customer, its agent or a manager. ENOENT, EPERM; ECONFLICT where it is closed. */
  async close(actor: Principal, sessionId: string): Promise<ServiceSession> {
    const { store, dispatch, gate } = this.#deps;
    this.#requireRate(actor);
    // What the actor said before is still said in it.
    await gate.turn(actor);
    const session = await store.closeService(this.#act(actor, sessionId));
    await dispatch.fill(actor.tenant, [session.skill]);
    return session;
  }

  /**
   * What the customer thinks of a closed session, once.
   *
   * ENOENT, EINVAL, ETOOLONG; EPERM for another's; ECONFLICT where it is not closed, was closed too long ago, or was rated.
   */
  async rate(actor: Principal, sessionId: string, score: number, comment = ''): Promise<void> {
    const { store, limits } = this.#deps;
    this.#requireRate(actor);
    if (!Number.isInteger(score) || score < 1 || score > 5) {
      throw new DomainError('EINVAL', 'score must be an integer from 1 to 5', { field: 'score' });
    }
    requireLength(comment, 'comment', 0, MAX_COMMENT_LENGTH);
    const rating = { score, comment };
    await store.rateService(this.#act(actor, sessionId), rating, limits.deskRatingWindow);
  }

  /**
   * Leaves a note for the agents. A repeat of a client id stores and tells nothing and is answered as the first was.
   *
   * EPERM for a customer, and for one who may only read; ENOENT, EINVAL, ETOOLONG; ECONFLICT where the session is
   * closed, or the client id was used for another note.
   */
  async note(
    actor: Principal,
    { sessionId, clientId, content, originSession }: NoteInput,
  ): Promise<ServiceNote> {
    const { store, clock, ids, policies } = this.#deps;
    requireAgent(actor);
    const policy = await policies.of(actor);
    requireWriter(policy);
    this.#requireRate(actor);
    const { tenant, userId: authorId } = actor;
    const id = ids.next();
    const note: ServiceNote = {
      tenant,
      id,
      clientId: clientId === undefined ? id : requireLength(clientId, 'clientMsgId', 1, 128),
      sessionId,
      authorId,
      content: requireLength(content, 'content', 1, policy.limits.maxTextLength),
      at: clock.now(),
    };
    return (await store.addNote(note, originSession)).note;
  }

  /** A page of a session's messages, shorter where they are large, for agents with its notes. ENOENT; EPERM for another customer's. */
  async history(
    actor: Principal,
    sessionId: string,
    { before, limit }: { readonly before?: number; readonly limit: number },
  ): Promise<ServiceHistory> {
    const { store } = this.#deps;
    const { tenant, userId } = actor;
    const { customerId } = await this.#require(tenant, sessionId);
    if (!isAtDesk(actor) && customerId !== userId) throw notAMember();
    const found = await store.listMessages({
      tenant,
      conversationId: sessionId,
      viewerId: userId,
      seesAll: isAtDesk(actor),
      limit: limit + 1,
      ...(before === undefined ? {} : { before }),
    });
    const messages = newestThatFit(found.slice(-limit));
    const page = { messages, hasMore: messages.length < found.length };
    if (!isAtDesk(actor)) return page;
    return { ...page, notes: await store.listNotes(tenant, sessionId, MAX_NOTES) };
  }

  /** The actor's sessions that are not closed: a customer's own, or those that an agent serves. */
  async openOf({ tenant, userId, role }: Principal): Promise<ServiceView[]> {
    const { store } = this.#deps;
    const mine = role === 'user' ? { customerId: userId } : { agentId: userId };
    const of = (state: 'queued' | 'active') =>
      store.listServices({ tenant, ...mine, state, limit: MAX_OPEN });
    const [queued, active] = await Promise.all([of('queued'), of('active')]);
    const waiting = queued.map(async (session) => ({
      session,
      position: await store.queuePosition(tenant, session.id),
    }));
    return [...active.map((session) => ({ session, position: null })), ...(await Promise.all(waiting))];
  }

  /** A customer's newest session where the server ended it by itself: the customer may have been away then. */
  async endedAlone({ tenant, userId: customerId }: Principal): Promise<ServiceSession | undefined> {
    const [newest] = await this.#deps.store.listServices({ tenant, customerId, limit: 1 });
    return newest?.state === 'closed' && newest.closedBy === null ? newest : undefined;
  }

  async #require(tenant: string, sessionId: string): Promise<ServiceSession> {
    const session = await this.#deps.store.findService(tenant, sessionId);
    requireService(session, sessionId);
    return session;
  }

  async #requireSide({ tenant, userId }: Principal, sessionId: string): Promise<ServiceSession> {
    const session = await this.#require(tenant, sessionId);
    if (session.customerId !== userId && session.agentId !== userId) throw notAMember();
    return session;
  }

  #requireRate(actor: Principal): void {
    requireRate(this.#deps.rate, this.#deps.limits, actor);
  }

  #act({ tenant, userId, role }: Principal, sessionId: string): ServiceAct {
    const { clock } = this.#deps;
    return { tenant, sessionId, actorId: userId, isManager: role === 'admin', at: clock.now() };
  }
}

function notAMember(): DomainError {
  return new DomainError('EPERM', 'the service session is not yours', { field: 'sessionId' });
}
