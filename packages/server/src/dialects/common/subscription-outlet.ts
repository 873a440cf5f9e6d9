import type { FanOut, FanOutItem } from '../../hub/fan-out.ts';
import type { StompSubscription, TrackedDelivery } from '../../stomp/handler.ts';
import { type DeliveryProof, type OutletSession, SessionOutlet } from './session-outlet.ts';
import { trackedBy } from './stomp-shape.ts';

/** The way to the client over a STOMP subscription. */
export class SubscriptionOutlet extends SessionOutlet {
  readonly #subscription: StompSubscription;
  readonly #track: ((item: FanOutItem) => TrackedDelivery) | undefined;

  constructor(session: OutletSession, proof: DeliveryProof, subscription: StompSubscription) {
    super(session, proof);
    this.#subscription = subscription;
    if (subscription.ack !== 'auto') this.#track = trackedBy(subscription, proof === 'acknowledged');
  }

  protected write(fanOut: FanOut): boolean {
    return this.#subscription.deliver(fanOut.batch, this.#track && fanOut.tracked(this.#track));
  }
}
