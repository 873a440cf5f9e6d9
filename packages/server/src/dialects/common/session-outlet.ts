import type { Deliveries, Recipient } from '../../hub/deliveries.ts';
import type { FanOut, Shape } from '../../hub/fan-out.ts';
import type { Subscriber } from '../../hub/hub.ts';
import type { Replay } from '../../hub/replay.ts';
import type { Connection } from '../../transport/connection.ts';
import type { Confirmations } from './confirmations.ts';

/**
 * What proves that a message was delivered: that it was written, that the client acknowledged its frame, or that the
 * client confirmed the message by a command of its dialect.
 */
export type DeliveryProof = 'written' | 'acknowledged' | 'confirmed';

/** One subscription's way to the client. */
export interface Outlet extends Subscriber {
  /** Delivers at once, past a replay. */
  deliver(fanOut: FanOut): void;
}

/** What all outlets of a session share. */
export interface OutletSession extends Recipient {
  readonly connection: Connection;
  readonly deliveries: Pick<Deliveries, 'sent'>;
  readonly confirmations: Confirmations;
  /** The sync under way, for which live messages wait. */
  replay: Replay | undefined;
}

/**
 * A way to the client that keeps account of what went over it.
 *
 * A fan-out passes one of these for each subscription, and what that costs is memory that no cache holds: few objects
 * on the way, and no closures, count more than few instructions.
 */
export abstract class SessionOutlet implements Outlet {
  readonly #session: OutletSession;
  /** The session's, by itself, as each delivery needs it first. */
  readonly #connection: Connection;
  readonly #proof: DeliveryProof;

  constructor(session: OutletSession, proof: DeliveryProof) {
    this.#session = session;
    this.#connection = session.connection;
    this.#proof = proof;
  }

  get id(): string {
    return this.#session.connection.id;
  }

  get userId(): string {
    return this.#session.userId;
  }

  /** Hands it to the protocol; returns whether it was taken: not where the subscription has ended. */
  protected abstract write(fanOut: FanOut): boolean;

  receive(_shape: Shape, fanOut: FanOut): void {
    const { replay } = this.#session;
    if (replay === undefined || isReceipts(fanOut)) this.deliver(fanOut);
    else replay.hold(fanOut, (held) => this.deliver(held));
  }

  deliver(fanOut: FanOut): void {
    const session = this.#session;
    // Nothing is written to a closed connection. Asked here, it also comes from memory while the way to it is still looked up.
    if (!this.#connection.isOpen || !this.write(fanOut) || !this.#connection.isOpen) return;
    if (this.#proof === 'written') session.deliveries.sent(session, fanOut);
    else if (this.#proof === 'confirmed') session.confirmations.told(fanOut.items);
  }
}

function isReceipts({ items }: FanOut): boolean {
  return items.every(({ event }) => event.type === 'receipt');
}
