import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CoreEvent } from '../core/events.ts';
import type { Principal } from '../core/model.ts';
import { conversationTopic, userTopic } from '../core/topics.ts';
import type { Shape } from './fan-out.ts';
import type { Hub, Subscriber } from './hub.ts';
import { Valve } from './valve.ts';

interface Route {
  readonly shape: Shape;
  readonly subscriber: Subscriber;
}

/** A route to all of the user's groups. */
interface WideRoute extends Route {
  readonly subscriber: Valve;
  /** What is subscribed to the user's own topic for it. */
  readonly atUser: Subscriber;
}

/** What is told at an inbox, or to an observer. */
type WideKind = 'inbox' | 'observer';

/** Groups that a route is connected to in one turn of the event loop: a user may be in thousands. */
const GROUPS_AT_ONCE = 100;

/**
 * Which of a session's subscriptions gets what: its inbox gets all that concerns the user, also the messages of its
 * groups, except of those conversations that the session subscribed to by themselves. Single conversations have no topic:
 * what concerns them comes by the user's.
 */
export class ConversationFeed {
  readonly #hub: Hub;
  readonly #principal: Principal;
  readonly #groups: Set<string>;
  readonly #inboxes = new Map<string, WideRoute>();
  readonly #observers = new Map<string, WideRoute>();
  readonly #ofGroup = new Map<string, Map<string, Route>>();
  readonly #ofSingle = new Map<string, Map<string, Route>>();

  /** @param memberOf the groups that the user is in, which the feed keeps from now on */
  constructor(hub: Hub, principal: Principal, memberOf: Set<string> = new Set()) {
    this.#hub = hub;
    this.#principal = principal;
    this.#groups = memberOf;
  }

  isMember(groupId: string): boolean {
    return this.#groups.has(groupId);
  }

  /**
   * Connects an inbox or an observer that is about to be added, where that takes more than a turn of the event loop. It gets nothing
   * before it is added. Undefined where there is nothing to wait for.
   */
  prepare(kind: WideKind, id: string, shape: Shape, subscriber: Subscriber): Promise<void> | undefined {
    if (this.#groups.size <= GROUPS_AT_ONCE) return undefined;
    const route = this.#wideRoute(kind, shape, new Valve(subscriber));
    this.#routesOfKind(kind).set(id, route);
    return inTurns([...this.#groups], (group) => {
      const isWanted = this.#routesOfKind(kind).get(id) === route && this.#groups.has(group);
      if (isWanted && this.#isFor(kind, group)) this.#connect(group, route);
    });
  }

  /** @param id of the subscription, unique in the session */
  addInbox(id: string, shape: Shape, subscriber: Subscriber): void {
    this.#open('inbox', id, shape, subscriber);
  }

  /** Tells an inbox in another shape from now on, also what was published in this tick already. */
  reshapeInbox(id: string, shape: Shape): void {
    const former = this.#inboxes.get(id);
    if (!former) return;
    const route = this.#wideRoute('inbox', shape, former.subscriber);
    this.#inboxes.set(id, route);
    this.#hub.subscribe(this.#userTopic, shape, route.atUser, former.shape);
    this.#hub.unsubscribe(this.#userTopic, former.shape, former.atUser);
    for (const group of this.#groups) {
      if (!this.#isFor('inbox', group)) continue;
      this.#connect(group, route, former.shape);
      this.#disconnect(group, former);
    }
  }

  removeInbox(id: string): void {
    this.#removeWide('inbox', id);
  }

  /** Adds a subscription that gets everything of the user and of all its groups. */
  addObserver(id: string, shape: Shape, subscriber: Subscriber): void {
    this.#open('observer', id, shape, subscriber);
  }

  removeObserver(id: string): void {
    this.#removeWide('observer', id);
  }

  addGroupSubscription(groupId: string, id: string, shape: Shape, subscriber: Subscriber): void {
    const route = { shape, subscriber };
    const routes = this.#ofGroup.get(groupId);
    if (routes) {
      routes.set(id, route);
      this.#connect(groupId, route);
      return;
    }
    this.#ofGroup.set(groupId, new Map([[id, route]]));
    this.#connect(groupId, route, this.#anyInbox);
    for (const inbox of this.#inboxes.values()) this.#disconnect(groupId, inbox);
  }

  removeGroupSubscription(groupId: string, id: string): void {
    const routes = this.#ofGroup.get(groupId);
    const route = routes?.get(id);
    if (!routes || !route) return;
    routes.delete(id);
    if (routes.size === 0) {
      this.#ofGroup.delete(groupId);
      if (this.#groups.has(groupId)) {
        for (const inbox of this.#inboxes.values()) this.#connect(groupId, inbox, route.shape);
      }
    }
    this.#disconnect(groupId, route);
  }

  /** @param conversationId of a single conversation of the user */
  addSingleSubscription(conversationId: string, id: string, shape: Shape, subscriber: Subscriber): void {
    const routes = this.#ofSingle.get(conversationId) ?? new Map<string, Route>();
    this.#ofSingle.set(conversationId, routes);
    const route = { shape: ofConversation(conversationId, shape), subscriber };
    routes.set(id, route);
    this.#hub.subscribe(this.#userTopic, route.shape, subscriber, this.#anyInbox);
  }

  removeSingleSubscription(conversationId: string, id: string): void {
    const routes = this.#ofSingle.get(conversationId);
    const route = routes?.get(id);
    if (!routes || !route) return;
    routes.delete(id);
    if (routes.size === 0) this.#ofSingle.delete(conversationId);
    this.#hub.unsubscribe(this.#userTopic, route.shape, route.subscriber);
  }

  /** The user became a member: what was told to the user before comes before what the conversation is told from now on. */
  joined(groupId: string): void {
    if (this.#groups.has(groupId)) return;
    this.#groups.add(groupId);
    const routes = [...this.#routesOf(groupId)];
    if (routes.length === 0) return;
    this.#hub.postpone(conversationTopic(this.#principal.tenant, groupId));
    for (const route of routes) this.#connect(groupId, route);
  }

  /**
   * The user is no member any more: its subscriptions get what the conversation was told until now, stay known, and are
   * silent.
   */
  left(groupId: string): void {
    if (!this.#groups.has(groupId)) return;
    this.#hub.settle(conversationTopic(this.#principal.tenant, groupId));
    this.#drop(groupId);
  }

  /** Takes everything out of the hub, from thousands of groups in several turns; nothing is told any more. */
  close(): void {
    for (const kind of ['inbox', 'observer'] as const) {
      for (const id of [...this.#routesOfKind(kind).keys()]) this.#removeWide(kind, id);
    }
    for (const [conversationId, routes] of [...this.#ofSingle]) {
      for (const id of [...routes.keys()]) this.removeSingleSubscription(conversationId, id);
    }
    for (const [groupId, routes] of this.#ofGroup) {
      for (const route of routes.values()) this.#disconnect(groupId, route);
    }
    this.#ofGroup.clear();
    this.#groups.clear();
  }

  /** Adds a route that gets everything from now on. */
  #open(kind: WideKind, id: string, shape: Shape, subscriber: Subscriber): void {
    const routes = this.#routesOfKind(kind);
    const prepared = routes.get(id);
    const route = prepared ?? this.#wideRoute(kind, shape, new Valve(subscriber));
    routes.set(id, route);
    // What was published before is not for it, though it is among those at the topic already.
    if (prepared) this.#hub.endTick();
    else {
      for (const group of this.#groups) if (this.#isFor(kind, group)) this.#connect(group, route);
    }
    route.subscriber.open();
    this.#hub.subscribe(this.#userTopic, shape, route.atUser);
  }

  /** It is told nothing from now on, though it is taken out of thousands of groups in several turns. */
  #removeWide(kind: WideKind, id: string): void {
    const routes = this.#routesOfKind(kind);
    const route = routes.get(id);
    if (!route) return;
    routes.delete(id);
    route.subscriber.shut();
    this.#hub.unsubscribe(this.#userTopic, route.shape, route.atUser);
    void inTurns([...this.#groups], (group) => this.#disconnect(group, route));
  }

  #wideRoute(kind: WideKind, shape: Shape, subscriber: Valve): WideRoute {
    return { shape, subscriber, atUser: kind === 'inbox' ? this.#besideSingles(subscriber) : subscriber };
  }

  /** Whether a group is told there: inboxes get nothing of those that have a subscription of their own. */
  #isFor(kind: WideKind, groupId: string): boolean {
    return kind === 'observer' || !this.#ofGroup.has(groupId);
  }

  #routesOfKind(kind: WideKind): Map<string, WideRoute> {
    return kind === 'inbox' ? this.#inboxes : this.#observers;
  }

  #drop(groupId: string): void {
    this.#groups.delete(groupId);
    for (const route of this.#routesOf(groupId)) this.#disconnect(groupId, route);
  }

  /** An inbox gets nothing of the single conversations that have a subscription of their own. */
  #besideSingles(inbox: Subscriber): Subscriber {
    const isHere = (event: CoreEvent) => !this.#ofSingle.has(conversationOf(event) ?? '');
    return {
      id: inbox.id,
      userId: this.#principal.userId,
      receive: (shape, fanOut) => {
        const others = this.#ofSingle.size === 0 ? fanOut : fanOut.only(isHere);
        if (others) inbox.receive(shape, others);
      },
    };
  }

  get #userTopic(): string {
    return userTopic(this.#principal.tenant, this.#principal.userId);
  }

  *#routesOf(groupId: string): Iterable<Route> {
    yield* (this.#ofGroup.get(groupId) ?? this.#inboxes).values();
    yield* this.#observers.values();
  }

  get #anyInbox(): Shape | undefined {
    const [inbox] = this.#inboxes.values();
    return inbox?.shape;
  }

  /** @param predecessor the shape of the route whose place it takes */
  #connect(groupId: string, { shape, subscriber }: Route, predecessor?: Shape): void {
    this.#hub.subscribe(conversationTopic(this.#principal.tenant, groupId), shape, subscriber, predecessor);
  }

  #disconnect(groupId: string, { shape, subscriber }: Route): void {
    this.#hub.unsubscribe(conversationTopic(this.#principal.tenant, groupId), shape, subscriber);
  }
}

/** Does something to each of many, some in each turn of the event loop; the first ones at once. */
async function inTurns<Item>(items: readonly Item[], act: (item: Item) => void): Promise<void> {
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % GROUPS_AT_ONCE === 0) await nextTurn();
    act(item);
  }
}

/** The part of a shape that is about one conversation: nothing else is rendered. */
function ofConversation(conversationId: string, shape: Shape): Shape {
  return {
    ...shape,
    key: `${shape.key}/${conversationId}`,
    render: (event) => (conversationOf(event) === conversationId ? shape.render(event) : undefined),
  };
}

function conversationOf(event: CoreEvent): string | undefined {
  if ('message' in event) return event.message.conversationId;
  const named = event.type === 'business' ? event.event.conversationId : undefined;
  return typeof named === 'string' ? named : undefined;
}
