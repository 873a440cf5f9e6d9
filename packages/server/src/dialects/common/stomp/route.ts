import type { Shape } from '../../../hub/fan-out.ts';
import type { StompSubscription } from '../../../stomp/handler.ts';
import type { ReplayGoal } from '../replay-target.ts';
import type { DeliveryProof, Outlet } from '../session-outlet.ts';
import { SubscriptionOutlet } from '../subscription-outlet.ts';
import { connect, type Disconnect, type RouteOwner } from './route-kinds.ts';
import type { Target } from './target.ts';

/** One subscription's way from the hub to the client. */
export class Route implements ReplayGoal {
  readonly target: Target;
  readonly subscription: StompSubscription;
  readonly outlet: Outlet;
  readonly #owner: RouteOwner;
  #shape: Shape;
  #disconnect: Disconnect | undefined;

  constructor(owner: RouteOwner, target: Target, shape: Shape, subscription: StompSubscription) {
    this.target = target;
    this.subscription = subscription;
    this.outlet = new SubscriptionOutlet(owner.chat.outlets, proofOf(target, subscription), subscription);
    this.#owner = owner;
    this.#shape = shape;
  }

  /** Of an inbox: may become another one. */
  get shape(): Shape {
    return this.#shape;
  }

  /** Lets the hub's events through, from now on. */
  connect(): void {
    const { target, subscription, shape, outlet } = this;
    this.#disconnect = connect(target, { owner: this.#owner, subscription, shape, outlet });
  }

  disconnect(): void {
    this.#disconnect?.();
  }

  /** Tells an inbox in another shape from now on. */
  reshape(shape: Shape): void {
    this.#shape = shape;
    this.#owner.chat.feed.reshapeInbox(this.subscription.id, shape);
  }
}

function proofOf(target: Target, { ack }: StompSubscription): DeliveryProof {
  if ('isConfirmed' in target && target.isConfirmed) return 'confirmed';
  return ack === 'auto' ? 'written' : 'acknowledged';
}
