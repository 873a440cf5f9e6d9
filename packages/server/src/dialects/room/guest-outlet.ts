import type { CoreEvent } from '../../core/events.ts';
import type { FanOut, Shape } from '../../hub/fan-out.ts';
import type { Outlet } from '../common/session-outlet.ts';

/**
 * A guest's way to what happens in a room. It gets all that is said from when it came, in order; what becomes of messages
 * that were said before is kept from it, as their text comes with it.
 */
export class GuestOutlet implements Outlet {
  readonly id: string;
  readonly #write: (fanOut: FanOut) => void;
  /** The first sequence it was told. */
  #first = Number.POSITIVE_INFINITY;

  constructor(id: string, write: (fanOut: FanOut) => void) {
    this.id = id;
    this.#write = write;
  }

  receive(_shape: Shape, fanOut: FanOut): void {
    const known = fanOut.only((event) => this.#isKnown(event));
    if (known) this.#write(known);
  }

  deliver(fanOut: FanOut): void {
    this.#write(fanOut);
  }

  #isKnown(event: CoreEvent): boolean {
    if (event.type === 'message.created') this.#first = Math.min(this.#first, event.message.seq);
    return event.type !== 'message.changed' || event.message.seq >= this.#first;
  }
}
