import { DomainError } from '../../../core/errors.ts';
import type { Shape } from '../../../hub/fan-out.ts';
import type { StompSubscription } from '../../../stomp/handler.ts';
import type { Route } from './route.ts';
import type { Target } from './target.ts';

/** The routes of a session, by subscription. */
export class Routes {
  readonly #routes = new Map<StompSubscription, Route>();

  add(route: Route): void {
    this.#routes.set(route.subscription, route);
  }

  remove(subscription: StompSubscription): void {
    const route = this.#routes.get(subscription);
    if (!route) return;
    this.#routes.delete(subscription);
    route.disconnect();
  }

  clear(): void {
    for (const subscription of [...this.#routes.keys()]) this.remove(subscription);
  }

  has(subscription: StompSubscription): boolean {
    return this.#routes.has(subscription);
  }

  /** The subscriptions to targets of one of the dialect's own names. */
  *named(name: string): Iterable<StompSubscription> {
    for (const [subscription, { target }] of this.#routes) {
      if ('name' in target && target.name === name) yield subscription;
    }
  }

  /** As `named`, for an answer that would be lost without a subscription: EINVAL then, naming the destination. */
  require(name: string, destination: string): StompSubscription[] {
    const subscriptions = [...this.named(name)];
    if (subscriptions.length > 0) return subscriptions;
    throw new DomainError('EINVAL', `subscribe to ${destination} before you ask`);
  }

  *inboxes(): Iterable<Route> {
    for (const route of this.#routes.values()) if (route.target.kind === 'inbox') yield route;
  }

  /** Tells the inboxes in the shapes that the dialect has for them now. */
  reshapeInboxes(shapeOf: (target: Target, subscription: StompSubscription) => Shape): void {
    for (const route of this.inboxes()) route.reshape(shapeOf(route.target, route.subscription));
  }
}
