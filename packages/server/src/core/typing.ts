import { singleConversationId } from './conversations.ts';
import { DomainError } from './errors.ts';
import type { CoreEvent, EventSink } from './events.ts';
import type { Limits } from './limits.ts';
import { requireRate } from './message-access.ts';
import type { ConversationKind, Principal, Timestamp } from './model.ts';
import { personKey, unmarkedId } from './persons.ts';
import { type Policies, requireWriter } from './policies.ts';
import type { Clock } from './ports/clock.ts';
import type { ConversationStore } from './ports/conversation-store.ts';
import type { UserStore } from './ports/user-store.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { requireConversation } from './rules/conversations.ts';
import { conversationTopic, userTopic } from './topics.ts';

/** How long somebody counts as writing who says no more, in ms. */
export const TYPING_LIFETIME = 6000;
/** Who says again that it is writing is not told on within this time, in ms: the others know. */
const QUIET = 2000;

export interface TypingCommand {
  readonly target:
    | { readonly kind: 'user'; readonly userId: string }
    | { readonly kind: 'conversation'; readonly conversationId: string };
  /** False ends it. */
  readonly isTyping: boolean;
}

export interface TypingDeps {
  readonly store: Pick<UserStore, 'findAccount'> & Pick<ConversationStore, 'findConversation' | 'findMember'>;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly policies: Policies;
  /** For what costs nothing to store and is sent often. */
  readonly typingRate: RateLimiter;
  /** What has rules of its own: service sessions. */
  readonly services: { tellTyping(actor: Principal, sessionId: string, isTyping: boolean): Promise<void> };
}

/** Who is writing now. Told to those who would get what is written, never stored, and over after a while by itself. */
export class Typing {
  readonly #deps: TypingDeps;
  /** When the others were told last, by who is writing where; the oldest first. */
  readonly #told = new Map<string, Timestamp>();

  constructor(deps: TypingDeps) {
    this.#deps = deps;
  }

  /**
   * Tells the others of a conversation that the actor is writing, or has stopped. In conversations above
   * `maxReceiptMembers` nobody is told.
   *
   * ERATE; EPERM for one who may only read or is no member; ENOENT for who or what is not there; ECONFLICT in a closed
   * service session.
   */
  async tell(actor: Principal, { target, isTyping }: TypingCommand): Promise<void> {
    await this.#requireWriter(actor);
    if (target.kind === 'user') return this.#tellUser(actor, target.userId, isTyping);
    const { conversationId } = target;
    const { store } = this.#deps;
    const conversation = await store.findConversation(actor.tenant, conversationId);
    if (conversation?.kind === 'service') {
      return this.#deps.services.tellTyping(actor, conversationId, isTyping);
    }
    requireConversation(conversation, conversationId);
    if (!(await store.findMember(actor.tenant, conversationId, actor.userId))) {
      throw new DomainError('EPERM', 'you are not a member of this conversation', {
        field: 'conversationId',
      });
    }
    if (conversation.memberCount > this.#deps.limits.maxReceiptMembers) return;
    const { kind } = conversation;
    const topic = conversationTopic(actor.tenant, conversationId);
    this.#tell(actor, topic, { conversationId, kind, targetId: conversationId, isTyping });
  }

  /** Whoever has written begins anew: the others took its sign away. */
  heard(event: CoreEvent): void {
    if (this.#told.size === 0 || event.type !== 'message.created') return;
    const { tenant, senderId, conversationId } = event.message;
    this.#told.delete(`${tenant}/${senderId}/${conversationId}`);
  }

  async #tellUser(actor: Principal, key: string, isTyping: boolean): Promise<void> {
    const { tenant, userId, generation = 1 } = actor;
    const peerId = unmarkedId(key);
    const account = await this.#deps.store.findAccount(tenant, peerId);
    const peer = account && personKey(peerId, account.generation);
    if (!account?.user || (key !== peerId && key !== peer)) {
      throw new DomainError('ENOENT', `no user ${key}`, { field: 'receiverId' });
    }
    if (peerId === userId) return;
    const conversationId = singleConversationId(personKey(userId, generation), peer as string);
    this.#tell(actor, userTopic(tenant, peerId), {
      conversationId,
      kind: 'single',
      targetId: peerId,
      isTyping,
    });
  }

  #tell(
    { tenant, userId }: Principal,
    topic: string,
    what: {
      readonly conversationId: string;
      readonly kind: ConversationKind;
      readonly targetId: string;
      readonly isTyping: boolean;
    },
  ): void {
    const { sink, clock } = this.#deps;
    const at = clock.now();
    if (!this.#isNews(`${tenant}/${userId}/${what.conversationId}`, what.isTyping, at)) return;
    const expiresAt = what.isTyping ? at + TYPING_LIFETIME : at;
    sink.publish([topic], { type: 'typing', tenant, userId, ...what, at, expiresAt, unseenBy: [userId] });
  }

  #isNews(key: string, isTyping: boolean, at: Timestamp): boolean {
    for (const [oldest, told] of this.#told) {
      if (at - told < TYPING_LIFETIME) break;
      this.#told.delete(oldest);
    }
    const told = this.#told.get(key);
    if (!isTyping) return this.#told.delete(key);
    if (told !== undefined && at - told < QUIET) return false;
    this.#told.delete(key);
    this.#told.set(key, at);
    return true;
  }

  async #requireWriter(actor: Principal): Promise<void> {
    const { typingRate, limits, policies } = this.#deps;
    requireRate(typingRate, limits, actor);
    requireWriter(await policies.of(actor));
  }
}
