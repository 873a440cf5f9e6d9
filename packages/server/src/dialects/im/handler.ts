import {
  encodeImJson,
  encodeImProtobuf,
  type ImError,
  type ImMessage,
  ImMessageStatus,
  ImMessageType,
  ImScope,
  type StompFrame,
} from '@haina/wire';
import type { Authenticated } from '../../auth/authenticator.ts';
import type { ConversationPageQuery } from '../../core/conversation-list.ts';
import { isSingleOf } from '../../core/conversations.ts';
import { DomainError } from '../../core/errors.ts';
import type { CoreEvent } from '../../core/events.ts';
import { sentStatus } from '../../core/message-access.ts';
import { MAX_DEVICE_ID_LENGTH } from '../../core/messages.ts';
import type { Principal } from '../../core/model.ts';
import type { Policy } from '../../core/policies.ts';
import { requireLength } from '../../core/validate.ts';
import type { Shape } from '../../hub/fan-out.ts';
import type { ReplayResult } from '../../hub/replay.ts';
import type { StompSubscription } from '../../stomp/handler.ts';
import type { ReplayQuery } from '../common/chat-session.ts';
import { answerOf } from '../common/conversation-answer.ts';
import { authenticateAll, headerOf } from '../common/credentials.ts';
import { noDestination, parseUserQueue, refuseSend } from '../common/destinations.ts';
import { drained, RESERVED_ROOM } from '../common/replay-target.ts';
import { type Farewell, StompDialectHandler, type Target } from '../common/stomp-dialect-handler.ts';
import { sendBody, sendJson, stompShape } from '../common/stomp-shape.ts';
import { renderFact } from './business.ts';
import { CONVERSATION_PREFIX, IM, NOTIFICATIONS, QUEUES } from './catalog.ts';
import { type CommandContext, execute, isImDestination } from './commands.ts';
import { renderConversation } from './conversation.ts';
import { type EventRenderer, RENDERERS, renderAttempt, renderStatus, SHOWN_ON_DEMAND } from './render.ts';
import { type ImEncoding, isMessage, peekMessageId } from './schemas.ts';
import {
  type Addressee,
  renderAuthRefusal,
  renderConnected,
  renderGoodbye,
  renderRefusal,
  renderSystem,
} from './system.ts';

/** Users who are told to be online before the connection has to take them. */
const PRESENCE_BATCH = 100;
const PROTOBUF_TYPE = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

/** The `im` side of a STOMP session, in JSON or protobuf by session and by subscription. */
export class ImHandler extends StompDialectHandler {
  protected readonly dialect = IM;
  protected readonly inbox = '/user/queue/private-messages';
  #encoding: ImEncoding = 'json';
  #deviceId = '';

  protected override admit(principal: Principal, { headers }: StompFrame): void {
    const userId = headerOf(headers, 'userId');
    if (userId !== undefined && userId !== principal.userId) {
      throw new DomainError('EAUTH', 'the token is of another user', {
        reason: 'token-refused',
        whom: principal.userId,
      });
    }
    this.#encoding = this.#requireEncoding(headerOf(headers, 'accept'), 'json');
    this.#deviceId = requireLength(headerOf(headers, 'deviceId') ?? '', 'deviceId', 0, MAX_DEVICE_ID_LENGTH);
  }

  /** A CONNECT that asks for what there is not gets no error queue: the code stands in the text. */
  protected override errorText(refusal: DomainError): string {
    const text = super.errorText(refusal);
    return refusal.code === 'EINVAL' ? `EINVAL: ${text}` : text;
  }

  protected override subscribed(subscription: StompSubscription, target: Target): void {
    if (!('name' in target)) return;
    if (target.name === 'presence') {
      this.#tellPresence(subscription).catch((err: unknown) => {
        // Who has gone misses nothing.
        if (!this.stomp.connection.isOpen) return;
        this.services.log.warn({ err }, 'a session was not told who is online');
      });
    }
    if (target.name !== 'events') return;
    const tell = (policy: Policy) =>
      this.#tell(subscription, renderConnected(this.#addressee, this.chat, this.stomp, policy));
    const found = this.services.core.policies.of(this.chat.principal);
    if (!(found instanceof Promise)) tell(found);
    else
      found
        .then(tell)
        .catch((err: unknown) => this.services.log.warn({ err }, 'a session was not told of itself'));
  }

  protected override ending(reason: Farewell): void {
    this.#tellEvents(renderGoodbye(this.#addressee, reason));
  }

  protected parseTarget(destination: string): Target {
    if (destination.startsWith(CONVERSATION_PREFIX)) {
      const conversationId = destination.slice(CONVERSATION_PREFIX.length);
      if (!conversationId.includes(':')) return { kind: 'group', groupId: conversationId };
      if (isSingleOf(conversationId, this.chat.principal.userId)) return { kind: 'single', conversationId };
      throw new DomainError('EPERM', 'a conversation of others', { field: 'destination' });
    }
    if (destination === NOTIFICATIONS) return { kind: 'notifications', name: 'notifications' };
    const target = parseUserQueue(destination, QUEUES, this.chat.principal);
    if (!target) throw noDestination(destination);
    return target;
  }

  protected shapeOf(target: Target, subscription: StompSubscription): Shape {
    const encoding = this.#encodingOf(subscription);
    const name = 'name' in target ? target.name : target.kind;
    const render = RENDERERS[name] as EventRenderer;
    const now = () => this.services.clock.now();
    const write = (event: CoreEvent) => encoded(event, name, encoding, () => render(event, now()));
    const key = `${IM}/${name}/${encoding}`;
    const form = { write, shows: SHOWN_ON_DEMAND[name] ?? [], contentType: typeOf(encoding) };
    return stompShape(key, this.stomp.version, subscription, form);
  }

  protected async execute(destination: string, frame: StompFrame): Promise<unknown> {
    if (!isImDestination(destination)) throw refuseSend(destination);
    const encoding = this.#requireEncoding(frame.headers.get('content-type'), 'json');
    return execute(destination, this.#context, frame.body, encoding);
  }

  protected tellRefusal({ code, message }: DomainError, frame: StompFrame, destination: string): void {
    const written = frame.headers.get('destination') ?? '';
    const encoding = encodingOf(frame.headers.get('content-type')) ?? 'json';
    const messageId = isImDestination(destination) ? peekMessageId(destination, frame.body, encoding) : null;
    this.#tellError({ code, message, destination: written, messageId });
    if (destination === '/app/auth')
      this.#tellAll('auth', renderAuthRefusal(this.#addressee, { code, message }));
    // A conflict is about another message under the same id, which has not failed.
    if (isMessage(destination) && messageId !== null && code !== 'ECONFLICT')
      this.#tellAttempt(ImMessageStatus.MESSAGE_FAILED, messageId, message);
  }

  protected async tellSyncDone(
    subscription: StompSubscription,
    { count, complete, gone }: ReplayResult,
    { conversationId }: ReplayQuery,
  ): Promise<void> {
    const { changes } = this.services.core;
    const { principal } = this.chat;
    const pinned = await changes.listAllPins(principal);
    const deleted =
      conversationId === undefined ? undefined : await changes.listHidden(principal, conversationId);
    const pins = pinned.map(({ message, scope }) => ({
      messageId: message.id,
      conversationId: message.conversationId,
      pinScope: scope === 'everyone' ? ImScope.EVERYONE : ImScope.ME,
    }));
    this.#tell(
      subscription,
      renderSystem(this.#addressee, ImMessageType.SYSTEM_STATUS, {
        type: 'SYNC_DONE',
        count,
        complete,
        gone,
        pins,
        deleted,
      }),
    );
  }

  /** Who is online already, in the form in which they come; changes may come in between. */
  async #tellPresence(subscription: StompSubscription): Promise<void> {
    const { presence, clock } = this.services;
    const { principal } = this.chat;
    const { tenant } = principal;
    let told = 0;
    for (const userId of await presence.peersOf(principal)) {
      if (!presence.isOnline(tenant, userId)) continue;
      if (told++ % PRESENCE_BATCH === 0) await drained(this.stomp.connection);
      if (!this.isSubscribed(subscription) || subscription.room <= RESERVED_ROOM) return;
      // It may have gone while the connection took what came before.
      if (!presence.isOnline(tenant, userId)) continue;
      const at = clock.now();
      const here = renderFact({ type: 'user.status', tenant, userId, status: 'online', at }, at);
      if (here) this.#tell(subscription, here);
    }
  }

  get #context(): CommandContext {
    const { chat } = this;
    return {
      core: this.services.core,
      principal: chat.principal,
      sessionId: chat.id,
      deviceId: this.#deviceId,
      sync: this.sync.bind(this),
      tellConversations: (query) => this.#tellConversations(query),
      renew: (token) => this.#renew(token),
      repeated: (message) => this.#tellStatus(renderStatus(sentStatus(message))),
      sending: (id) => this.#tellAttempt(ImMessageStatus.MESSAGE_SENDING, id),
      heartbeat: () =>
        this.#answer('heartbeat', renderSystem(this.#addressee, ImMessageType.SYSTEM_HEARTBEAT, {})),
    };
  }

  async #tellConversations(query: ConversationPageQuery): Promise<void> {
    const subscriptions = this.requireReplies('conversations', '/user/queue/conversations');
    const page = await this.services.core.conversations.page(this.chat.principal, query);
    const answer = renderSystem(this.#addressee, ImMessageType.SYSTEM_STATUS, {
      type: 'CONVERSATIONS',
      after: query.after ?? null,
      ...answerOf(page, renderConversation),
    });
    for (const subscription of subscriptions) this.#tell(subscription, answer);
  }

  async #renew(token: string): Promise<void> {
    const { tenant, userId } = this.chat.principal;
    const authenticated = await this.#authenticate(token, tenant);
    const { principal, expiresAt } = authenticated;
    if (principal.userId !== userId) {
      throw new DomainError('EPERM', 'the token is of another user', { field: 'token' });
    }
    this.chat.renew(authenticated);
    this.#answer('auth', renderSystem(this.#addressee, ImMessageType.SYSTEM_AUTH, { expiresAt }));
  }

  /** The session is authenticated, whatever the token is: a bad one is no permission to renew it. */
  async #authenticate(token: string, tenant: string): Promise<Authenticated> {
    try {
      return await authenticateAll(this.services.authenticator, [token], tenant);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'EAUTH') throw error;
      throw new DomainError('EPERM', error.message, { field: 'token', cause: error });
    }
  }

  #tellAttempt(status: ImMessageStatus, clientMessageId: string, reason = ''): void {
    const attempt = {
      senderId: this.chat.principal.userId,
      deviceId: this.#deviceId,
      clientMessageId,
      at: this.services.clock.now(),
    };
    this.#tellStatus(renderAttempt(status, attempt, reason));
  }

  /** At the events, and at the queue where clients of the field wait for it. */
  #answer(name: 'heartbeat' | 'auth', message: ImMessage): void {
    this.#tellEvents(message);
    this.#tellAll(name, message);
  }

  #tellStatus(message: ImMessage): void {
    this.#tellAll('status', message);
  }

  #tellEvents(message: ImMessage): void {
    this.#tellAll('events', message);
  }

  #tellAll(name: 'status' | 'events' | 'heartbeat' | 'auth', message: ImMessage): void {
    for (const subscription of this.subscriptionsTo(name)) this.#tell(subscription, message);
  }

  #tell(subscription: StompSubscription, message: ImMessage): void {
    const encoding = this.#encodingOf(subscription);
    sendBody(this.stomp, subscription, encode(message, encoding), typeOf(encoding));
  }

  /** Plain JSON where JSON is read; who reads protobuf only finds the same inside an envelope. */
  #tellError(error: ImError): void {
    for (const subscription of this.subscriptionsTo('errors')) {
      if (this.#encodingOf(subscription) === 'json') sendJson(this.stomp, subscription, error);
      else this.#tell(subscription, renderRefusal(this.#addressee, error));
    }
  }

  get #addressee(): Addressee {
    return {
      userId: this.chat.principal.userId,
      deviceId: this.#deviceId,
      now: this.services.clock.now(),
    };
  }

  #encodingOf({ headers }: StompSubscription): ImEncoding {
    return this.#requireEncoding(headerOf(headers, 'accept'), this.#encoding);
  }

  /** EINVAL for protobuf where only text can travel. */
  #requireEncoding(mediaType: string | undefined, otherwise: ImEncoding): ImEncoding {
    const encoding = encodingOf(mediaType) ?? otherwise;
    if (encoding === 'protobuf' && !this.stomp.connection.carriesBinary) {
      throw new DomainError('EINVAL', 'SockJS carries text only: use application/json', { field: 'accept' });
    }
    return encoding;
  }
}

function encodingOf(mediaType: string | undefined): ImEncoding | undefined {
  if (mediaType === undefined) return undefined;
  return mediaType.includes(PROTOBUF_TYPE) ? 'protobuf' : 'json';
}

function typeOf(encoding: ImEncoding): string {
  return encoding === 'protobuf' ? PROTOBUF_TYPE : JSON_TYPE;
}

function encode(message: ImMessage, encoding: ImEncoding): Uint8Array {
  return encoding === 'protobuf' ? encodeImProtobuf(message) : Buffer.from(encodeImJson(message));
}

/** Bodies by event and form: each is written once, however many shapes it goes out in. */
const bodies = new WeakMap<CoreEvent, Map<string, Uint8Array | undefined>>();

function encoded(
  event: CoreEvent,
  name: string,
  encoding: ImEncoding,
  render: () => ImMessage | undefined,
): Uint8Array | undefined {
  const key = `${name}/${encoding}`;
  const known = bodies.get(event) ?? new Map<string, Uint8Array | undefined>();
  bodies.set(event, known);
  if (!known.has(key)) {
    const message = render();
    known.set(key, message && encode(message, encoding));
  }
  return known.get(key);
}
