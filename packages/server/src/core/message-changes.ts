import { isManager, requireManager } from './access.ts';
import { isAddress } from './addresses.ts';
import type { CommandGate, CommandName, GatedCommands } from './command-gate.ts';
import { requireContent } from './content.ts';
import { filesNamedIn } from './content-files.ts';
import { partyTopics } from './desk/service-news.ts';
import { DomainError } from './errors.ts';
import type { MessageChangeKind } from './events.ts';
import type { Limits } from './limits.ts';
import {
  findVisible,
  fromSession,
  MAX_REASON_LENGTH,
  noMessage,
  requireRate,
  topicsOf,
} from './message-access.ts';
import type { Content, ContentType, Message, Pin, Principal } from './model.ts';
import { type Policies, requireWriter } from './policies.ts';
import type { Clock, IdSource } from './ports/clock.ts';
import type { ConversationStore } from './ports/conversation-store.ts';
import type { DeskStore } from './ports/desk-store.ts';
import type { MessageStore, MessageView } from './ports/message-store.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { requireConversation } from './rules/conversations.ts';
import { requireNotClosed } from './rules/service-state.ts';
import { requireLength } from './validate.ts';

export interface ChangeOptions {
  /** Why, for the others to read. */
  readonly reason?: string;
  /** The session that asks: it gets a confirmation and not the change. */
  readonly originSession?: string;
}

export interface PinCommand {
  readonly ref: string;
  /** For all members, or for the actor alone. */
  readonly scope: Pin['scope'];
  /** False takes the pin off again. */
  readonly pinned: boolean;
  readonly originSession?: string;
}

/** A message that the actor may change. */
interface Changeable extends MessageView {
  /** What binds the actor. */
  readonly limits: Limits;
  /** The topics where its changes are told. */
  readonly place: readonly string[];
}

export interface MessageChangesDeps {
  readonly store: Pick<ConversationStore, 'findMember'> &
    Pick<
      MessageStore,
      | 'hideMessage'
      | 'listHidden'
      | 'pinMessage'
      | 'unpinMessage'
      | 'listPins'
      | 'changeMessage'
      | 'findMessage'
    > &
    Pick<DeskStore, 'findService'>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: Limits;
  readonly rate: RateLimiter;
  readonly policies: Policies;
  readonly gate: CommandGate;
}

/**
 * What can be done to messages that were sent. Whatever resolves is durable. EPERM for what takes a writer; whatever the
 * gate refuses a command with.
 */
export class MessageChanges {
  readonly #deps: MessageChangesDeps;

  constructor(deps: MessageChangesDeps) {
    this.#deps = deps;
  }

  /**
   * Gives a text message another text: its sender, within the window.
   *
   * ENOENT, EPERM, EINVAL, ETOOLONG; ECONFLICT where it was recalled.
   */
  async edit(actor: Principal, ref: string, text: string, options: ChangeOptions = {}): Promise<Message> {
    const passed = await this.#pass('message.edit', actor, { ...options, ref, text });
    const found = await this.#findForWriter(actor, ref);
    const { message, limits } = found;
    if (message.senderId !== actor.userId)
      throw new DomainError('EPERM', 'only the sender may edit a message');
    this.#requireWindow(message, this.#deps.limits.editWindow, 'edited');
    const content = withText(message.content, passed.text);
    requireContent(content, limits);
    return this.#change(actor, found, 'edited', content, passed);
  }

  /**
   * Takes a message back for everyone: the sender within the window, an owner or admin of the group or room, a manager of
   * the tenant any. What a manager takes of others is audited.
   *
   * ENOENT, EPERM; ECONFLICT where it was recalled before.
   */
  async recall(actor: Principal, ref: string, options: ChangeOptions = {}): Promise<Message> {
    const passed = await this.#pass('message.recall', actor, { ...options, ref });
    const found = await this.#findForWriter(actor, ref, isManager(actor));
    this.#requireRecall(actor, found);
    return this.#change(actor, found, 'recalled', null, passed);
  }

  /**
   * Removes what any message of the tenant says, a recalled one too: a manager, audited. EPERM, ENOENT; ECONFLICT where it
   * was deleted before; whatever the gate refuses a recall with.
   */
  async delete(actor: Principal, ref: string, options: ChangeOptions = {}): Promise<Message> {
    requireManager(actor);
    const passed = await this.#pass('message.recall', actor, { ...options, ref });
    const found = await this.#findForWriter(actor, ref, true);
    return this.#change(actor, found, 'deleted', null, passed);
  }

  /** Takes a message out of the actor's own sight, on all devices. ENOENT where it sees no such message. */
  async hide(actor: Principal, ref: string, options: ChangeOptions = {}): Promise<Message> {
    const { originSession } = await this.#pass('message.hide', actor, { ...options, ref });
    const { message, viewerRole } = await this.#find(actor, ref);
    if (viewerRole === undefined) throw noMessage(ref);
    const { tenant, conversationId, seq } = message;
    const { store, clock } = this.#deps;
    const telling = { message, at: clock.now(), ...fromSession(originSession) };
    await store.hideMessage(tenant, conversationId, seq, actor.userId, telling);
    return message;
  }

  /** Ids of what the actor hid in a conversation, the newest messages first: for its devices that were away. */
  listHidden({ tenant, userId }: Principal, conversationId: string): Promise<string[]> {
    return this.#deps.store.listHidden(tenant, conversationId, userId);
  }

  /** Pins a message or takes its pin off. ENOENT where the actor sees none; ECONFLICT where it was recalled. */
  async pin(actor: Principal, command: PinCommand): Promise<Message> {
    const { ref, scope, pinned, originSession } = await this.#pass('message.pin', actor, command);
    const { store, clock } = this.#deps;
    const { message, viewerRole, place } = await this.#findForWriter(actor, ref);
    if (viewerRole === undefined) throw noMessage(ref);
    if (pinned && (message.state === 'recalled' || message.state === 'deleted')) {
      throw new DomainError('ECONFLICT', `the message is ${message.state}`, { field: 'messageId' });
    }
    const { tenant, conversationId, seq } = message;
    const pin = { tenant, conversationId, seq, userId: actor.userId, scope, at: clock.now() };
    const telling = { message, place, ...fromSession(originSession) };
    await (pinned ? store.pinMessage(pin, telling) : store.unpinMessage(pin, telling));
    return message;
  }

  /** What the actor sees pinned in a conversation, the newest pin first. ENOENT for a conversation of others. */
  async listPins(actor: Principal, conversationId: string): Promise<Pin[]> {
    const { store } = this.#deps;
    const { tenant, userId } = actor;
    requireConversation(await store.findMember(tenant, conversationId, userId), conversationId);
    return store.listPins({ tenant, userId, conversationId });
  }

  /** What the actor sees pinned in all its conversations, the newest pin first. */
  listAllPins({ tenant, userId }: Principal): Promise<Pin[]> {
    return this.#deps.store.listPins({ tenant, userId });
  }

  /** As `#find`, for one who changes what others see. EPERM for one who may only read; as `#placeOf`. */
  async #findForWriter(actor: Principal, ref: string, afterClosing = false): Promise<Changeable> {
    const found = this.#deps.policies.of(actor);
    const policy = found instanceof Promise ? await found : found;
    requireWriter(policy);
    const view = await this.#find(actor, ref);
    return { ...view, limits: policy.limits, place: await this.#placeOf(view.message, afterClosing) };
  }

  #find(actor: Principal, ref: string): Promise<MessageView> {
    return findVisible(this.#deps.store, actor, ref, 'own');
  }

  /** Takes one of the actor's sends, then asks the gate: before the message is looked up, which may be behind it there. */
  async #pass<Name extends CommandName>(
    name: Name,
    actor: Principal,
    command: GatedCommands[Name],
  ): Promise<GatedCommands[Name]> {
    requireRate(this.#deps.rate, this.#deps.limits, actor);
    return this.#deps.gate.pass(name, actor, command);
  }

  #requireRecall(actor: Principal, { message, viewerRole }: MessageView): void {
    if (isManager(actor)) return;
    if (message.kind !== 'single' && (viewerRole === 'owner' || viewerRole === 'admin')) return;
    if (message.senderId !== actor.userId) {
      throw new DomainError('EPERM', 'only the sender or an admin of the group may recall a message');
    }
    this.#requireWindow(message, this.#deps.limits.recallWindow, 'recalled');
  }

  #requireWindow({ createdAt }: Message, window: number, done: string): void {
    if (this.#deps.clock.now() - createdAt <= window) return;
    throw new DomainError('EPERM', `a message may be ${done} for ${window / 1000} s after it was sent`);
  }

  /**
   * Where a change of a message is told. ECONFLICT in a closed service session, whose messages managers alone may still
   * take out.
   */
  async #placeOf(message: Message, afterClosing: boolean): Promise<readonly string[]> {
    if (message.kind !== 'service') return topicsOf(message);
    const session = await this.#deps.store.findService(message.tenant, message.conversationId);
    if (session?.state !== 'closed') return topicsOf(message);
    if (!afterClosing) requireNotClosed(session.state);
    // Nobody is at the topic of a conversation that has ended.
    return partyTopics(session);
  }

  async #change(
    actor: Principal,
    { message: original, place }: Changeable,
    change: MessageChangeKind,
    content: Message['content'] | null,
    { reason = '', originSession }: ChangeOptions,
  ): Promise<Message> {
    const { store, clock, ids } = this.#deps;
    const { tenant, conversationId, seq, senderId } = original;
    const afterClosing = change !== 'edited' && isManager(actor);
    const isAudited = afterClosing && actor.userId !== senderId;
    const { message } = await store.changeMessage({
      tenant,
      conversationId,
      seq,
      actorId: actor.userId,
      state: change,
      content,
      ...(content === null ? {} : { files: filesNamedIn(content) }),
      reason: requireLength(reason, 'reason', 0, MAX_REASON_LENGTH),
      at: clock.now(),
      ...(isAudited ? { auditId: ids.next() } : {}),
      ...(afterClosing ? { afterClosing } : {}),
      telling: { place, ...fromSession(originSession) },
    });
    return message;
  }
}

/** Only the text changes. Where it was the address of a picture and is words now, the address stays beside them. */
function withText(content: Content, text: string): Content {
  const { type, extra, text: old } = content;
  const isCaption = extra === null && MEDIA.has(type) && isAddress(old) && !isAddress(text);
  return { ...content, text, extra: isCaption ? { url: old } : extra };
}

const MEDIA: ReadonlySet<ContentType> = new Set(['image', 'file', 'voice', 'video']);
