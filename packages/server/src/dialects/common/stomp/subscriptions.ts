import type { StompSubscription } from '../../../stomp/handler.ts';
import { addedQueueShape } from '../added-destination.ts';
import { sessionOver } from '../refused-client.ts';
import type { DialectSession, OpenSession } from './binding.ts';
import { Route } from './route.ts';
import { admit } from './route-kinds.ts';
import type { Target } from './target.ts';

/** Makes routes of a session's SUBSCRIBE frames, one after the other where plug-ins take their time. */
export class Subscriptions {
  readonly #session: OpenSession;
  readonly #dialect: DialectSession;
  /** A SUBSCRIBE that waits for a plug-in: what the client sent after it is not done before it. */
  #waiting: Promise<unknown> | undefined;
  #isOver = false;

  constructor(session: OpenSession, dialect: DialectSession) {
    this.#session = session;
    this.#dialect = dialect;
  }

  /** Never rejects; undefined where nothing waits. */
  get waiting(): Promise<unknown> | undefined {
    return this.#waiting;
  }

  subscribe(subscription: StompSubscription): void | Promise<void> {
    const work = this.#waiting ? this.#waiting.then(() => this.#ask(subscription)) : this.#ask(subscription);
    return work instanceof Promise ? this.#holdBack(work) : work;
  }

  unsubscribe(subscription: StompSubscription): void {
    this.#session.routes.remove(subscription);
  }

  /** Leaves nothing in the hub, and lets nothing more in. */
  close(): void {
    this.#isOver = true;
    this.#session.routes.clear();
  }

  /** Asks plug-ins first, where there are some. */
  #ask(subscription: StompSubscription): void | Promise<void> {
    const { services, dialect, chat } = this.#session;
    const written = subscription.destination;
    const destination = services.destinations?.telling(dialect, written) ?? written;
    const passing = services.plugins?.subscribe(chat.facts, destination) ?? destination;
    if (!(passing instanceof Promise)) return this.#open(subscription, passing);
    return passing.then((passed) => this.#open(subscription, passed));
  }

  #open(subscription: StompSubscription, destination: string): void | Promise<void> {
    // A plug-in may have taken so long that the client is gone.
    if (this.#isOver) throw sessionOver();
    const route = this.#routeTo(destination, subscription);
    const preparing = route.prepare();
    return preparing
      ? preparing.then(() => this.#connect(route, destination))
      : this.#connect(route, destination);
  }

  #connect(route: Route, destination: string): void {
    if (this.#isOver) throw sessionOver();
    const { services, chat, routes } = this.#session;
    admit(route.target, chat);
    routes.add(route);
    this.#dialect.subscribed?.(route.subscription, route.target);
    route.connect();
    services.plugins?.subscribed(chat.facts, destination);
  }

  #routeTo(destination: string, subscription: StompSubscription): Route {
    const { services, dialect, stomp } = this.#session;
    if (services.plugins?.hasQueue(dialect, destination)) {
      const shape = addedQueueShape(stomp.version, subscription, destination);
      return new Route(this.#session, { kind: 'user', name: destination }, shape, subscription);
    }
    const target: Target = this.#dialect.parseTarget(destination);
    return new Route(this.#session, target, this.#dialect.shapeOf(target, subscription), subscription);
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
}

const nothing = (): void => {};
