import type { Principal, UserStatus } from '../core/model.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Timers } from '../core/ports/timers.ts';
import type { Device, PresenceChange } from '../core/presence-news.ts';

/** A user of a tenant. */
export type PresentUser = Pick<Principal, 'tenant' | 'userId'>;

/**
 * Who is connected, over all nodes. Promises of every adapter:
 *
 * - a user is online from its first `entered` on, and offline once nobody entered it again for the grace after `left`, on any node;
 * - `changed` is told of each change on one node only, of a user's in their order, and of nothing else: a reconnect within the grace
 *   is none, nor is a session on another node;
 * - users of a node that died are told to be offline once by another node, unless they are back by then.
 */
export interface Presence {
  /** This node has a first session of the user. */
  entered(user: PresentUser, device?: Device): void;
  /** This node's last session of the user ended. */
  left(user: PresentUser, device?: Device): void;
  /** Whether the user is at this node, or its grace is not over. */
  isHere(user: PresentUser): boolean;
  /** How things are with each of the users, in their order; `unknown` while nobody can tell. */
  statusOf(users: readonly PresentUser[]): Promise<(UserStatus | 'unknown')[]>;
  /** Resolves once what was told so far counts, or can't for now. */
  settled(): Promise<void>;
  /** Stops, without telling that anybody went. */
  close(): Promise<void>;
}

export interface PresenceOptions {
  /** How long a user may be without a session and still count as online, in ms. */
  readonly grace: number;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Gets what changes, to be told by this node; resolves once that is done. May neither throw nor reject. */
  changed(change: PresenceChange): Promise<void> | void;
  /** The user came to this node, or went from it after the grace, whatever is at others. May not throw. */
  changedHere(user: PresentUser): void;
}

/** What names a user among those of all tenants. */
export function keyOf({ tenant, userId }: PresentUser): string {
  return `${tenant}/${userId}`;
}

/** The user of a key; ids hold no slash. */
export function userOf(key: string): PresentUser {
  const at = key.indexOf('/');
  return { tenant: key.slice(0, at), userId: key.slice(at + 1) };
}
