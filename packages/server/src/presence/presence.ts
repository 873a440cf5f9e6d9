import type { Principal } from '../core/model.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Timers } from '../core/ports/timers.ts';
import type { Device, PresenceChange } from '../core/presence-news.ts';

/** A user of a tenant. */
export type PresentUser = Pick<Principal, 'tenant' | 'userId'>;

/**
 * Who is connected. Promises of every adapter:
 *
 * - a user is online from its first `entered` on, and offline once nobody entered it again for the grace after `left`;
 * - `changed` is told of each change once, in order, and of nothing else: a reconnect within the grace is none.
 */
export interface Presence {
  /** This node has a first session of the user. */
  entered(user: PresentUser, device?: Device): void;
  /** This node's last session of the user ended. */
  left(user: PresentUser, device?: Device): void;
  /** Whether this node counts the user as online. */
  isOnline(user: PresentUser): boolean;
  /** Stops, without telling that anybody went. */
  close(): void;
}

export interface PresenceOptions {
  /** How long a user may be without a session and still count as online, in ms. */
  readonly grace: number;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Gets what changes. May not throw. */
  changed(change: PresenceChange): void;
}
