import type { CoreEvent } from '../core/events.ts';
import type { Notification } from '../core/model.ts';
import { FanOut, type Shape } from './fan-out.ts';
import type { Subscriber } from './hub.ts';
import type { Isolation } from './isolation.ts';

interface Outlet extends Subscriber {
  deliver(fanOut: FanOut): void;
}

/**
 * A subscription to notifications: it gets what its user missed, while live ones go on, and each of them once. Their
 * order is that of arrival.
 */
export class NotificationOutlet implements Subscriber {
  readonly id: string;
  readonly #outlet: Outlet;
  readonly #isolation: Isolation;
  /** What came live while the missed ones were read, then those: either may come the other way too. */
  readonly #seen = new Set<string>();
  #isCatchingUp = true;

  constructor(outlet: Outlet, isolation: Isolation) {
    this.id = outlet.id;
    this.#outlet = outlet;
    this.#isolation = isolation;
  }

  receive(shape: Shape, fanOut: FanOut): void {
    const items = fanOut.items.filter(({ event }) => this.#isNew(event));
    if (items.length === fanOut.items.length) this.#outlet.receive(shape, fanOut);
    else if (items.length > 0) this.#outlet.receive(shape, new FanOut(items));
  }

  /** Tells what was missed, no more than there is room for. */
  catchUp(shape: Shape, missed: readonly Notification[], room: number): void {
    const unseen = missed.filter(({ id }) => !this.#seen.has(id)).slice(0, Math.max(room, 0));
    const events = unseen.map((notification) => ({ type: 'notification', notification }) as const);
    const items = this.#isolation.render(shape, events);
    this.#isCatchingUp = false;
    this.#seen.clear();
    for (const { id } of unseen) this.#seen.add(id);
    if (items.length > 0) this.#outlet.deliver(new FanOut(items));
  }

  #isNew(event: CoreEvent): boolean {
    if (event.type !== 'notification') return true;
    const { id } = event.notification;
    if (this.#seen.has(id)) return false;
    if (this.#isCatchingUp) this.#seen.add(id);
    return true;
  }
}
