/** What a renewal of the lease found. */
export interface Renewal {
  /**
   * `kept`: all is as this node left it. `expired`: the lease had run out, so that others may have removed what it covered. `emptied`: the
   * register holds nothing of this node, as it is new or lost its contents.
   */
  readonly status: 'kept' | 'expired' | 'emptied';
  /** How long, in ms, other nodes may still need to enter again what they had before the register lost its contents. */
  readonly settlesIn: number;
  /** Incarnations whose leases have run out, some of them at a time; at the first renewal also those of earlier starts of this node. */
  readonly dead: readonly string[];
  /** Whether no other node has a lease that lives. */
  readonly isAlone: boolean;
}

/** What became of somebody's entry among the entries of all nodes. */
export interface EntryChange {
  /** Whether this call made the change; false where things were so already. */
  readonly isNew: boolean;
  /** Entered: nobody else has it. Left: nobody has it any more. Entries of dead nodes count until they are swept. */
  readonly isOnly: boolean;
}

/** A batch of what a dead node had; it comes again until it was said to be done. */
export interface SweptUsers {
  readonly users: readonly string[];
  /** Those of them that no node has any more. */
  readonly gone: readonly string[];
}

/** The register can't be asked now, or lost its contents. */
export class RegisterUnavailable extends Error {
  override readonly name = 'RegisterUnavailable';
}

/**
 * Which users are at which nodes. Users are named by `tenant/id`. All calls reject with `RegisterUnavailable`, having changed nothing or
 * everything, where the register can't be asked now or has lost its contents; a renewal says when all is well again.
 */
export interface UserRegister {
  /** Enters users as being at this node. */
  enterUsers(users: readonly string[]): Promise<EntryChange[]>;
  /** Takes the entries of this node out. */
  leaveUsers(users: readonly string[]): Promise<EntryChange[]>;
  /** Those of the users who are at a node whose lease lives. */
  onlineUsers(users: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Takes out entries of a dead node, of whom the caller has told `done` since the call before. Undefined where there are none left, or
   * another node sweeps them.
   */
  sweepUsers(dead: string, done: readonly string[]): Promise<SweptUsers | undefined>;
}

/** A place in a set, such as a person's in a room. Neither name holds a line break. */
export interface TakenPlace {
  readonly set: string;
  readonly member: string;
}

export interface HeldPlace extends TakenPlace {
  /** Through which session; without white space. */
  readonly holder: string;
}

/** A batch of the places of a dead node; it comes again until it was said to be done. */
export interface SweptPlaces {
  readonly places: readonly TakenPlace[];
  /** Those that are free once the batch is done. */
  readonly freed: readonly TakenPlace[];
}

/** Places with a bound. They reject as calls about users do. */
export interface PlaceRegister {
  /** Takes a place; `taken` where a node has it, `full` where the set has `max` members. Places of dead nodes count until they are swept. */
  takePlace(place: HeldPlace, max: number): Promise<'entered' | 'taken' | 'full'>;
  /** Does nothing where this holder does not have the place. */
  leavePlace(place: HeldPlace): Promise<void>;
  /** Members of a set. */
  countPlaces(set: string): Promise<number>;
  /** Takes places that this node had, whatever the bound, where nobody else has them. */
  retakePlaces(places: readonly HeldPlace[]): Promise<void>;
  /** As `sweepUsers` does. What an earlier start of this node had is swept at once. */
  sweepPlaces(dead: string, done: readonly TakenPlace[]): Promise<SweptPlaces | undefined>;
}

/**
 * What all nodes of a cluster share, as one node sees it. A node holds a lease under a name of its own for each start, its *incarnation*;
 * what it enters counts as long as the lease lives, and no longer. The time is the register's own.
 */
export interface Register extends UserRegister, PlaceRegister {
  /** Takes the lease, or renews it. */
  renew(): Promise<Renewal>;
  /** Lets the lease run out after so many ms: this node renews it no more. */
  resign(after: number): Promise<void>;
  /** Forgets a dead node of which nothing is left. */
  forget(dead: string): Promise<void>;
}

/** The lengths of a lease, in ms. */
export interface LeaseTimes {
  /** From a renewal to the end of the lease. */
  readonly lasts: number;
  /** From one renewal to the next. */
  readonly renewal: number;
  /** How long nodes may take to notice that the register lost its contents, and to enter again what they had. */
  readonly settling: number;
}

export const LEASE_TIMES: LeaseTimes = { lasts: 10_000, renewal: 3000, settling: 6000 };

/** Entries, or places, of one step of a sweep. */
export const SWEPT_AT_ONCE = 200;
/** How long who sweeps may take for one step, in ms. */
export const SWEEP_CLAIM = 10_000;

/** What the incarnations of a node begin with, whenever it started. */
export function ownNameOf(incarnation: string): string {
  return incarnation.slice(0, incarnation.lastIndexOf('/') + 1) || incarnation;
}
