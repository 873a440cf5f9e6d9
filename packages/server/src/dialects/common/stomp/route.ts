import type { Shape } from '../../../hub/fan-out.ts';
import type { StompSubscription } from '../../../stomp/handler.ts';
import type { ReplayGoal } from '../replay-target.ts';
import type { DeliveryProof, Outlet } from '../session-outlet.ts';
import { SubscriptionOutlet } from '../subscription-outlet.ts';
import { connect, type Disconnect, prepare, type RouteEnds, type RouteOwner } from './route-kinds.ts';
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

  /** To be waited for before it connects, where it gives a promise. */
  prepare(): Promise<void> | undefined {
    return prepare(this.target, this.#ends);
  }

  /** Lets the hub's events through, from now on. */
  connect(): void {
    this.#disconnect = connect(this.target, this.#ends);
  }

  disconnect(): void {
    this.#disconnect?.();
  }

  get #ends(): RouteEnds {
    const { subscription, shape, outlet } = this;
    return { owner: this.#owner, subscription, shape, outlet };
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
