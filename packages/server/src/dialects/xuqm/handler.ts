import {
  type StompFrame,
  StompProtocolError,
  type StompVersion,
  type XuqmError,
  type XuqmSyncDone,
} from '@haina/wire';
import { DomainError, toDomainError } from '../../core/errors.ts';
import type { Principal } from '../../core/model.ts';
import { userTopic } from '../../core/topics.ts';
import type { FanOutItem, Shape } from '../../hub/fan-out.ts';
import type { ReplayResult } from '../../hub/replay.ts';
import { StompLimitError, StompTransactionError } from '../../stomp/errors.ts';
import type { ConnectedInfo, StompHandler, StompSubscription } from '../../stomp/handler.ts';
import type { StompSession } from '../../stomp/session.ts';
import { ChatSession, type Outlet, type ReplayQuery } from '../common/chat-session.ts';
import { authenticateAll, bearerToken, headerOf } from '../common/credentials.ts';
import { peekString } from '../common/json.ts';
import { replayTarget } from '../common/replay-target.ts';
import type { DialectServices } from '../common/services.ts';
import { sendJson, stompShape, trackedBy } from '../common/stomp-shape.ts';
import { COMMANDS } from './commands.ts';
import { parseDestination, refuseSend, type XuqmDestination } from './destinations.ts';
import { messageBody, receiptBody } from './render.ts';

export const XUQM = 'xuqm';

interface Route {
  readonly destination: XuqmDestination;
  readonly shape: Shape;
  readonly outlet: Outlet;
}

/** The `xuqm` side of a STOMP session: its destinations as commands, the core's events as its messages. */
export class XuqmHandler implements StompHandler {
  readonly #services: DialectServices;
  readonly #stomp: StompSession;
  readonly #routes = new Map<StompSubscription, Route>();
  #chat: ChatSession | undefined;

  constructor(services: DialectServices, stomp: StompSession) {
    this.#services = services;
    this.#stomp = stomp;
  }

  async connect(frame: StompFrame): Promise<ConnectedInfo> {
    const { authenticator } = this.#services;
    const { connection } = this.#stomp;
    try {
      const authorization = bearerToken(headerOf(frame.headers, 'Authorization'));
      const { principal, expiresAt } = await authenticateAll(authenticator, [
        connection.request.query.get('token'),
        authorization,
        frame.headers.get('token'),
      ]);
      this.#chat = await ChatSession.open({
        services: this.#services,
        connection,
        principal,
        expiresAt,
        onEnd: (reason) => this.#stomp.fail(ended(reason)),
      });
      if (!connection.isOpen) this.#chat.close();
      return { userName: principal.userId };
    } catch (error) {
      throw this.#refuseConnect(error);
    }
  }

  async send(frame: StompFrame): Promise<void> {
    const chat = this.#session;
    const destination = frame.headers.get('destination') ?? '';
    const command = COMMANDS.get(destination);
    if (!command) throw refuseSend(destination);
    const context = {
      core: this.#services.core,
      principal: chat.principal,
      sessionId: chat.id,
      sync: (query: ReplayQuery) => this.#sync(chat, query),
    };
    await command(context, frame.body);
  }

  subscribe(subscription: StompSubscription): void {
    const chat = this.#session;
    const destination = parseDestination(subscription.destination, chat.principal);
    if (destination.kind === 'group' && !chat.feed.isMember(destination.groupId)) {
      throw new DomainError('EPERM', 'you are not a member of this group', { field: 'destination' });
    }
    const acknowledges = subscription.ack !== 'auto';
    const track = trackedBy(subscription);
    const outlet = chat.outlet(acknowledges, (fanOut) =>
      subscription.deliver(fanOut.batch, acknowledges ? fanOut.tracked(track) : undefined),
    );
    const shape = shapeOf(destination, this.#stomp.version, subscription);
    const route = { destination, shape, outlet };
    this.#routes.set(subscription, route);
    this.#connectRoute(chat, subscription.id, route);
  }

  unsubscribe(subscription: StompSubscription): void {
    const route = this.#routes.get(subscription);
    if (!route || !this.#chat) return;
    this.#routes.delete(subscription);
    const { feed, principal } = this.#chat;
    const { destination, shape, outlet } = route;
    if (destination.kind === 'inbox') feed.removeInbox(subscription.id);
    else if (destination.kind === 'group') feed.removeGroupSubscription(destination.groupId, subscription.id);
    else if (destination.kind === 'receipts')
      this.#services.hub.unsubscribe(topicOf(principal), shape, outlet);
  }

  acknowledged(tokens: readonly unknown[]): void {
    this.#chat?.acknowledged(tokens.filter((token) => token !== undefined) as FanOutItem[]);
  }

  /** What a client refuses stays undelivered and comes again at its next sync. */
  rejected(): void {}

  refuse(error: unknown, frame: StompFrame): void {
    const refusal = this.#toDomainError(error);
    this.#services.metrics.refusals.add(1, XUQM, refusal.code);
    const body: XuqmError = {
      code: refusal.code,
      message: refusal.message,
      destination: frame.headers.get('destination') ?? '',
      messageId: peekString(frame.body, 'messageId'),
    };
    for (const [subscription, { destination }] of this.#routes) {
      if (destination.kind === 'errors') sendJson(this.#stomp, subscription, body);
    }
  }

  closed(): void {
    for (const subscription of [...this.#routes.keys()]) this.unsubscribe(subscription);
    this.#chat?.close();
  }

  get #session(): ChatSession {
    if (!this.#chat) throw new Error('not connected');
    return this.#chat;
  }

  #connectRoute({ feed, principal }: ChatSession, id: string, { destination, shape, outlet }: Route): void {
    if (destination.kind === 'inbox') feed.addInbox(id, shape, outlet);
    else if (destination.kind === 'group') feed.addGroupSubscription(destination.groupId, id, shape, outlet);
    else if (destination.kind === 'receipts') this.#services.hub.subscribe(topicOf(principal), shape, outlet);
  }

  async #sync(chat: ChatSession, query: ReplayQuery): Promise<void> {
    if (chat.isReplaying) throw new DomainError('ECONFLICT', 'a sync of this session is still running');
    const inbox = [...this.#routes].find(([, { destination }]) => destination.kind === 'inbox');
    if (!inbox) throw new DomainError('EINVAL', 'subscribe to /user/queue/messages before a sync');
    const [subscription, { shape, outlet }] = inbox;
    const target = replayTarget(this.#stomp.connection, subscription, shape, outlet);
    await chat.replay(target, query, (verdict) => this.#tellSyncDone(chat, subscription, verdict));
  }

  #tellSyncDone(
    { principal }: ChatSession,
    subscription: StompSubscription,
    { count, complete }: ReplayResult,
  ): void {
    const createdAt = this.#services.clock.now();
    const done: XuqmSyncDone = {
      id: `sync-${createdAt}`,
      fromId: '',
      toId: principal.userId,
      chatType: 'SINGLE',
      msgType: 'SYNC_DONE',
      content: String(count),
      status: 'SENT',
      createdAt,
      count,
      complete,
    };
    sendJson(this.#stomp, subscription, done);
  }

  #toDomainError(error: unknown): DomainError {
    if (error instanceof StompLimitError)
      return new DomainError('EINVAL', error.message, { limit: error.limit });
    if (error instanceof StompTransactionError) return new DomainError('ECONFLICT', error.message);
    const refusal = toDomainError(error);
    if (refusal.code === 'EINTERNAL')
      this.#services.log.error({ err: refusal, dialect: XUQM }, 'a command failed');
    return refusal;
  }

  #refuseConnect(error: unknown): StompProtocolError {
    const refusal = toDomainError(error);
    const { metrics, log } = this.#services;
    metrics.refusals.add(1, XUQM, refusal.code);
    if (refusal.code === 'EAUTH') return unauthorized();
    if (refusal.code !== 'EINTERNAL')
      return new StompProtocolError('Refused', refusal.message, { code: 'overload' });
    log.error({ err: refusal, dialect: XUQM }, 'a client could not be authenticated');
    return new StompProtocolError('Internal error', 'the server can not connect you now; try again', {
      code: 'internal',
    });
  }
}

function shapeOf({ kind }: XuqmDestination, version: StompVersion, subscription: StompSubscription): Shape {
  const write = kind === 'receipts' ? receiptBody : messageBody;
  return stompShape(`${XUQM}/${write.name}`, version, subscription, write);
}

function topicOf({ tenant, userId }: Principal): string {
  return userTopic(tenant, userId);
}

/** The document's answer to failed authentication. */
function unauthorized(): StompProtocolError {
  return new StompProtocolError('Unauthorized', 'Unauthorized', { code: 'unauthorized' });
}

function ended(reason: string): StompProtocolError {
  if (reason === 'shutdown')
    return new StompProtocolError('Shutting down', 'connect again', { code: 'internal' });
  return unauthorized();
}
