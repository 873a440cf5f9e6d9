import { type StompFrame, StompProtocolError } from '@haina/wire';
import { DomainError, toDomainError } from '../../core/errors.ts';
import type { Principal } from '../../core/model.ts';
import { tenantTopic, userTopic } from '../../core/topics.ts';
import type { Shape } from '../../hub/fan-out.ts';
import { NotificationOutlet } from '../../hub/notification-outlet.ts';
import type { ReplayResult } from '../../hub/replay.ts';
import type { SessionEnd } from '../../hub/sessions.ts';
import type { Trace } from '../../hub/trace.ts';
import { StompLimitError, StompTransactionError } from '../../stomp/errors.ts';
import type { ConnectedInfo, SendOutcome, StompHandler, StompSubscription } from '../../stomp/handler.ts';
import type { StompSession } from '../../stomp/session.ts';
import type { ConnectionRequest } from '../../transport/connection.ts';
import { addedQueueShape, handleAdded } from './added-destination.ts';
import type { ChatSession, ReplayQuery } from './chat-session.ts';
import { authenticateAll, headerOf, headerTokens, requestTokens } from './credentials.ts';
import { deviceOf } from './device.ts';
import { jsonOrNull } from './json.ts';
import { OpeningSession } from './opening-session.ts';
import { closeOfRefusal, logRefused, logTooFast, reasonOf, sessionOver } from './refused-client.ts';
import { replayTarget } from './replay-target.ts';
import type { DialectServices } from './services.ts';
import type { DeliveryProof, Outlet } from './session-outlet.ts';
import { type SessionState, transition } from './session-state.ts';
import { JSON_TYPE, sendBody } from './stomp-shape.ts';
import { Stored } from './stored.ts';
import { SubscriptionOutlet } from './subscription-outlet.ts';

/** What a SUBSCRIBE's destination means. `name` tells a dialect's own destinations of one kind apart. */
export type Target =
  /**
   * All messages that concern the user, but those of conversations subscribed to by themselves. Where the client has to confirm
   * each by a command, neither writing it nor its ACK counts as delivery.
   */
  | { readonly kind: 'inbox'; readonly isConfirmed?: true }
  /** The messages of one group. */
  | { readonly kind: 'group'; readonly groupId: string }
  /** What concerns one single conversation of the user. */
  | { readonly kind: 'single'; readonly conversationId: string }
  /** Other events that concern the user. */
  | { readonly kind: 'user'; readonly name: string }
  /** Events of the user and of all its groups, whatever else is subscribed. */
  | { readonly kind: 'events'; readonly name: string }
  /** What is told at one topic of the hub. */
  | { readonly kind: 'topic'; readonly name: string; readonly topic: string }
  /** What managers tell the user, or all users. Confirmed as in the inbox. */
  | { readonly kind: 'notifications'; readonly name: string; readonly isConfirmed?: true }
  /** What the server writes to this session alone. */
  | { readonly kind: 'replies'; readonly name: string };

/** Why the server ends a session that it can still tell so. */
export type Farewell = SessionEnd | 'server-stopping';

interface Route {
  readonly target: Target;
  /** Of an inbox: may become another one. */
  shape: Shape;
  readonly outlet: Outlet;
  readonly notifications?: NotificationOutlet;
}

/**
 * What all dialects over STOMP have in common: tokens become a session, subscriptions become routes of the hub,
 * acknowledgements become delivered positions, and a refusal is told without ending the session.
 */
export abstract class StompDialectHandler implements StompHandler {
  protected readonly services: DialectServices;
  protected readonly stomp: StompSession;
  readonly #tenant: string;
  readonly #routes = new Map<StompSubscription, Route>();
  #state: SessionState<ChatSession> = { name: 'opening' };
  /** A SUBSCRIBE that waits for a plug-in: what the client sent after it is not done before it. */
  #waiting: Promise<unknown> | undefined;

  /** @param tenant the one whose users the endpoint is for, or `ANY_TENANT` */
  constructor(services: DialectServices, stomp: StompSession, tenant: string) {
    this.services = services;
    this.stomp = stomp;
    this.#tenant = tenant;
  }

  /** For logs and metrics. */
  protected abstract readonly dialect: string;
  /** EPERM for what is another user's, ENOENT for what there is not. */
  protected abstract parseTarget(destination: string): Target;
  protected abstract shapeOf(target: Target, subscription: StompSubscription): Shape;
  /** Does what a SEND asks; what resolves is durable. A `Stored` that it resolves with is told in the RECEIPT. */
  protected abstract execute(destination: string, frame: StompFrame): Promise<unknown>;
  /** @param destination of the frame, as the dialect calls it; the frame has it as the client does */
  protected abstract tellRefusal(refusal: DomainError, frame: StompFrame, destination: string): void;
  protected abstract tellSyncDone(
    subscription: StompSubscription,
    result: ReplayResult,
    query: ReplayQuery,
  ): void | Promise<void>;
  /** The inbox's destination, for refusals to name. */
  protected abstract readonly inbox: string;

  /** Whether a sync tells everything at each inbox; else at the first. */
  protected readonly syncsAllInboxes: boolean = false;

  /** Reads what the dialect needs of the user, whom nobody has noticed yet; refuses the CONNECT by rejecting. */
  protected prepare(_principal: Principal): Promise<void> | void {}

  /** Called once the session is open; CONNECTED is sent once it resolves. */
  protected entered(): Promise<void> | void {}

  /** Called once an open session has ended. */
  protected left(): void {}

  /** The tokens that the client presents, at any place where they may be. */
  protected tokens({ headers }: StompFrame): (string | null | undefined)[] {
    return [...requestTokens(this.stomp.connection.request), ...headerTokens(headers)];
  }

  /** The body of the ERROR frame that refuses a CONNECT or ends a session. */
  protected errorText({ code, message }: DomainError): string {
    return code === 'EAUTH' ? 'Unauthorized' : message;
  }

  /** Looks at a CONNECT once its user is known, before plug-ins are asked; refuses it by throwing. */
  protected admit(_principal: Principal, _frame: StompFrame): void {}

  /** Called when a subscription was accepted; what is told to it here comes before everything else. */
  protected subscribed(_subscription: StompSubscription, _target: Target): void {}

  /** Called before the server ends the session. */
  protected ending(_reason: Farewell): void {}

  /** The session, from when it is open. */
  protected get chat(): ChatSession {
    const state = this.#state;
    const session = state.name === 'opening' ? undefined : state.session;
    if (!session) throw new Error('the session was never open');
    return session;
  }

  async connect(frame: StompFrame): Promise<ConnectedInfo> {
    const { connection } = this.stomp;
    try {
      const { authenticator } = this.services;
      const authenticated = await authenticateAll(authenticator, this.tokens(frame), this.#tenant);
      const { principal } = authenticated;
      this.admit(principal, frame);
      const opening = await OpeningSession.begin({
        services: this.services,
        dialect: this.dialect,
        connection,
        authenticated,
        device: deviceOf(connection.request, (name) => headerOf(frame.headers, name)),
        prepare: (admitted) => this.prepare(admitted),
        onEnd: (reason) => this.#end(reason),
        onStopping: () => this.ending('server-stopping'),
      });
      await this.#enter(opening);
      return { userName: principal.userId };
    } catch (error) {
      throw this.#refuseConnect(error);
    }
  }

  /** From here on everybody may know of the session. Throws where its connection ended first. */
  #enter(opening: OpeningSession): Promise<void> | void {
    const state = this.#state;
    if (state.name !== 'opening') {
      opening.abandon();
      throw sessionOver();
    }
    this.#state = transition(state, { name: 'open', session: opening.enter() });
    return this.entered();
  }

  subscribe(subscription: StompSubscription): void | Promise<void> {
    const work = this.#waiting
      ? this.#waiting.then(() => this.#admit(subscription))
      : this.#admit(subscription);
    return work instanceof Promise ? this.#holdBack(work) : work;
  }

  /** Asks plug-ins first, where there are some. */
  #admit(subscription: StompSubscription): void | Promise<void> {
    const written = subscription.destination;
    const destination = this.services.destinations?.telling(this.dialect, written) ?? written;
    const passing = this.services.plugins?.subscribe(this.chat.facts, destination) ?? destination;
    if (!(passing instanceof Promise)) return this.#subscribe(subscription, passing);
    return passing.then((passed) => this.#subscribe(subscription, passed));
  }

  #subscribe(subscription: StompSubscription, destination: string): void {
    // A plug-in may have taken so long that the client is gone.
    if (this.#state.name !== 'open') throw sessionOver();
    const isAdded = this.services.plugins?.hasQueue(this.dialect, destination);
    const target: Target = isAdded ? { kind: 'user', name: destination } : this.parseTarget(destination);
    if (target.kind === 'group' && !this.chat.feed.isMember(target.groupId)) {
      throw new DomainError('EPERM', 'you are not a member of this group', { field: 'destination' });
    }
    const proof = proofOf(target, subscription);
    const outlet = new SubscriptionOutlet(this.chat.outlets, proof, subscription);
    const shape = isAdded
      ? addedQueueShape(this.stomp.version, subscription, destination)
      : this.shapeOf(target, subscription);
    const notifications =
      target.kind === 'notifications'
        ? new NotificationOutlet(outlet, this.services.hub.isolation)
        : undefined;
    const route: Route = { target, shape, outlet, ...(notifications ? { notifications } : {}) };
    this.#routes.set(subscription, route);
    this.subscribed(subscription, target);
    this.#connectRoute(subscription.id, route);
    if (notifications) void this.#tellMissed(notifications, shape, subscription);
    this.services.plugins?.subscribed(this.chat.facts, destination);
  }

  unsubscribe(subscription: StompSubscription): void {
    const route = this.#routes.get(subscription);
    if (!route) return;
    this.#routes.delete(subscription);
    const { target, shape, outlet, notifications } = route;
    const { feed } = this.chat;
    if (target.kind === 'inbox') feed.removeInbox(subscription.id);
    else if (target.kind === 'group') feed.removeGroupSubscription(target.groupId, subscription.id);
    else if (target.kind === 'single') feed.removeSingleSubscription(target.conversationId, subscription.id);
    else if (target.kind === 'events') feed.removeObserver(subscription.id);
    else if (target.kind === 'user') this.services.hub.unsubscribe(this.#topic, shape, outlet);
    else if (target.kind === 'topic') this.services.hub.unsubscribe(target.topic, shape, outlet);
    if (!notifications) return;
    for (const topic of this.#notificationTopics) this.services.hub.unsubscribe(topic, shape, notifications);
  }

  async send(frame: StompFrame): Promise<SendOutcome> {
    if (this.#waiting) await this.#waiting;
    const destination = this.#destinationOf(frame);
    const passing = this.services.plugins?.command(this.chat.facts, destination, () =>
      jsonOrNull(frame.body),
    );
    if (passing) await passing;
    const done = await this.#send(destination, frame);
    return done instanceof Stored ? done.receiptHeaders : undefined;
  }

  #send(destination: string, frame: StompFrame): Promise<unknown> {
    const added = this.services.plugins?.destination(this.dialect, destination);
    if (!added) return this.execute(destination, frame);
    return handleAdded(added, this.chat.facts, frame, (body) => {
      for (const subscription of this.subscriptionsTo(added.queue)) {
        sendBody(this.stomp, subscription, body, JSON_TYPE);
      }
    });
  }

  /** Lets the client's further frames wait for this. */
  async #holdBack(work: Promise<void>): Promise<void> {
    const settled = work.then(nothing, nothing);
    this.#waiting = settled;
    try {
      await work;
    } finally {
      if (this.#waiting === settled) this.#waiting = undefined;
    }
  }

  acknowledged(tokens: readonly unknown[]): void {
    this.chat.acknowledged(tokens.filter((token) => token !== undefined) as Trace[]);
  }

  /** What a client refuses stays undelivered and comes again at its next sync. */
  rejected(): void {}

  refuse(error: unknown, frame: StompFrame): void {
    const refusal = this.#toDomainError(error);
    this.services.metrics.refusals.add(1, this.dialect, refusal.code);
    if (refusal.code === 'ERATE') {
      logTooFast(this.services, this.dialect, this.#request, this.chat.principal.userId, refusal);
    } else if (refusal.cause instanceof DomainError && refusal.cause.code === 'EAUTH') {
      logRefused(this.services, this.dialect, this.#request, refusal.cause);
    }
    this.tellRefusal(refusal, frame, this.#destinationOf(frame));
  }

  /** Where a SEND goes, as the dialect calls it. */
  #destinationOf({ headers }: StompFrame): string {
    const written = headers.get('destination') ?? '';
    return this.services.destinations?.taking(this.dialect, written) ?? written;
  }

  /** Leaves nothing of the session behind. */
  closed(): void {
    const state = this.#state;
    if (state.name === 'ended') return;
    const session = state.name === 'open' ? state.session : undefined;
    this.#state = transition(state, { name: 'ended', session });
    if (!session) return;
    for (const subscription of [...this.#routes.keys()]) this.unsubscribe(subscription);
    session.close();
    this.left();
  }

  /** The session's subscriptions of one of the dialect's own names. */
  protected *subscriptionsTo(name: string): Iterable<StompSubscription> {
    for (const [subscription, { target }] of this.#routes) {
      if ('name' in target && target.name === name) yield subscription;
    }
  }

  protected isSubscribed(subscription: StompSubscription): boolean {
    return this.#routes.has(subscription);
  }

  /** The session's subscriptions to the inbox. */
  protected *inboxes(): Iterable<StompSubscription> {
    for (const [subscription, { target }] of this.#routes) if (target.kind === 'inbox') yield subscription;
  }

  /** Tells the inboxes in the shapes that the dialect has for them now. */
  protected reshapeInboxes(): void {
    for (const [subscription, route] of this.#routes) {
      if (route.target.kind !== 'inbox') continue;
      route.shape = this.shapeOf(route.target, subscription);
      this.chat.feed.reshapeInbox(subscription.id, route.shape);
    }
  }

  /** The session's subscriptions to a queue of answers. EINVAL without one: the answer would be lost. */
  protected requireReplies(name: string, destination: string): StompSubscription[] {
    const subscriptions = [...this.subscriptionsTo(name)];
    if (subscriptions.length > 0) return subscriptions;
    throw new DomainError('EINVAL', `subscribe to ${destination} before you ask`);
  }

  /** Tells what the user missed, at the inbox. EINVAL without one; ECONFLICT while another sync runs. */
  protected async sync(query: ReplayQuery, prelude?: () => Promise<void>): Promise<void> {
    if (this.chat.isReplaying) throw new DomainError('ECONFLICT', 'a sync of this session is still running');
    const inboxes = [...this.#routes]
      .filter(([, { target }]) => target.kind === 'inbox')
      .map(([subscription, route]) => ({
        subscription,
        outlet: route.outlet,
        get shape() {
          return route.shape;
        },
      }));
    const [first] = inboxes;
    if (!first) throw new DomainError('EINVAL', `subscribe to ${this.inbox} before a sync`);
    const target = replayTarget(this.stomp.connection, this.syncsAllInboxes ? inboxes : [first]);
    await this.chat.replay(
      target,
      query,
      (result) => this.tellSyncDone(first.subscription, result, query),
      prelude,
    );
  }

  #end(reason: SessionEnd): void {
    this.ending(reason);
    this.stomp.fail(this.#unauthorized(sessionOver(reason)));
  }

  #connectRoute(id: string, { target, shape, outlet, notifications }: Route): void {
    const { feed } = this.chat;
    if (target.kind === 'inbox') feed.addInbox(id, shape, outlet);
    else if (target.kind === 'group') feed.addGroupSubscription(target.groupId, id, shape, outlet);
    else if (target.kind === 'single') feed.addSingleSubscription(target.conversationId, id, shape, outlet);
    else if (target.kind === 'events') feed.addObserver(id, shape, outlet);
    else if (target.kind === 'user') this.services.hub.subscribe(this.#topic, shape, outlet);
    else if (target.kind === 'topic') this.services.hub.subscribe(target.topic, shape, outlet);
    if (!notifications) return;
    for (const topic of this.#notificationTopics) this.services.hub.subscribe(topic, shape, notifications);
  }

  /** What does not come now, as the store is out of reach, comes at the next subscription. */
  async #tellMissed(
    outlet: NotificationOutlet,
    shape: Shape,
    subscription: StompSubscription,
  ): Promise<void> {
    const { core, deliveries, log } = this.services;
    try {
      // What another session of the user was told just now is not missed.
      await deliveries.flush();
      const missed = await core.notifications.untold(this.chat.principal);
      outlet.catchUp(shape, missed, subscription.room);
    } catch (err) {
      log.warn({ err, dialect: this.dialect }, 'missed notifications were not told');
    }
  }

  get #notificationTopics(): readonly string[] {
    return [this.#topic, tenantTopic(this.chat.principal.tenant)];
  }

  get #request(): ConnectionRequest {
    return this.stomp.connection.request;
  }

  get #topic(): string {
    const { tenant, userId } = this.chat.principal;
    return userTopic(tenant, userId);
  }

  #toDomainError(error: unknown): DomainError {
    if (error instanceof StompLimitError) {
      return new DomainError('EINVAL', error.message, { limit: error.limit });
    }
    if (error instanceof StompTransactionError) return new DomainError('ECONFLICT', error.message);
    const refusal = toDomainError(error);
    // Without a cause it is an overload, or a plug-in that is away: counted, and told by whoever it is.
    if (refusal.code === 'EINTERNAL' && refusal.cause !== undefined) {
      this.services.log.error({ err: refusal, dialect: this.dialect }, 'a command failed');
    }
    return refusal;
  }

  #refuseConnect(error: unknown): StompProtocolError {
    const refusal = toDomainError(error);
    // Who has gone is refused nothing any more.
    if (!this.stomp.connection.isOpen) return this.#unauthorized(refusal);
    const { metrics, log } = this.services;
    metrics.refusals.add(1, this.dialect, refusal.code);
    if (refusal.code !== 'EINTERNAL') logRefused(this.services, this.dialect, this.#request, refusal);
    if (refusal.code === 'EAUTH') return this.#unauthorized(refusal);
    if (refusal.code !== 'EINTERNAL') {
      const close = closeOfRefusal(refusal);
      return new StompProtocolError('Refused', this.errorText(refusal), { code: 'overload', close });
    }
    log.error({ err: refusal, dialect: this.dialect }, 'a client could not be authenticated');
    const answer = new DomainError('EINTERNAL', 'the server can not connect you now; try again');
    return new StompProtocolError('Internal error', this.errorText(answer), { code: 'internal' });
  }

  /** The answer to failed authentication that the documents show. */
  #unauthorized(refusal: DomainError): StompProtocolError {
    const reason = reasonOf(refusal);
    return new StompProtocolError('Unauthorized', this.errorText(refusal), {
      code: 'unauthorized',
      close: reason,
      headers: { reason },
    });
  }
}

function proofOf(target: Target, { ack }: StompSubscription): DeliveryProof {
  if ('isConfirmed' in target && target.isConfirmed) return 'confirmed';
  return ack === 'auto' ? 'written' : 'acknowledged';
}

const nothing = (): void => {};
