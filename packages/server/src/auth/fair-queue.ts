import { DomainError } from '../core/errors.ts';

/** Who has work done. */
export interface Owner {
  readonly address: string;
  readonly user: string;
  /** Aborted once nobody waits for the result: work that has not begun is dropped. */
  readonly signal?: AbortSignal;
}

export interface FairQueueOptions {
  /** Tasks that run at a time. */
  readonly slots: number;
  /** Tasks that wait at most, of all owners and of one user. */
  readonly maxWaiting: number;
  readonly maxWaitingPerUser: number;
}

/** When to come back to a full queue, in ms. */
const RETRY_AFTER = 5000;

interface Ticket {
  readonly owner: Owner;
  readonly start: () => void;
  readonly refuse: (error: DomainError) => void;
}

/** By user; a map keeps the order in which its keys were set, so that its first key is whose turn it is. */
type Lanes = Map<string, Set<Ticket>>;

/**
 * Runs a few tasks at a time, taking turns between addresses and between the users of an address: who sends a thousand
 * delays the others by one each. What is full drops the newest task of the address that has most.
 */
export class FairQueue {
  readonly #options: FairQueueOptions;
  readonly #addresses = new Map<string, Lanes>();
  #running = 0;
  #waiting = 0;

  constructor(options: FairQueueOptions) {
    this.#options = options;
  }

  /** Tasks that wait for a slot. */
  get waiting(): number {
    return this.#waiting;
  }

  /** What the task gives. ERATE where too many wait, or the owner went away before its turn came. */
  async run<Result>(owner: Owner, task: () => Promise<Result>): Promise<Result> {
    if (owner.signal?.aborted) throw hungUp();
    if (this.#running < this.#options.slots) this.#running++;
    else await this.#turn(owner);
    try {
      return await task();
    } finally {
      this.#running--;
      this.#startNext();
    }
  }

  #turn(owner: Owner): Promise<void> {
    this.#makeRoom(owner);
    return new Promise((resolve, reject) => {
      const leave = () => ticket.refuse(hungUp());
      const settle = () => {
        owner.signal?.removeEventListener('abort', leave);
        this.#remove(ticket);
      };
      const ticket: Ticket = {
        owner,
        start: () => {
          settle();
          this.#running++;
          resolve();
        },
        refuse: (error) => {
          settle();
          reject(error);
        },
      };
      owner.signal?.addEventListener('abort', leave);
      this.#add(ticket);
    });
  }

  #add(ticket: Ticket): void {
    const { address, user } = ticket.owner;
    const lanes = this.#addresses.get(address) ?? new Map<string, Set<Ticket>>();
    const lane = lanes.get(user) ?? new Set();
    this.#addresses.set(address, lanes.set(user, lane.add(ticket)));
    this.#waiting++;
  }

  #remove(ticket: Ticket): void {
    const { address, user } = ticket.owner;
    const lanes = this.#addresses.get(address);
    const lane = lanes?.get(user);
    if (!lanes || !lane?.delete(ticket)) return;
    this.#waiting--;
    if (lane.size === 0) lanes.delete(user);
    if (lanes.size === 0) this.#addresses.delete(address);
  }

  /** Whoever had a turn goes to the end of its row, address and user. */
  #startNext(): void {
    const [address, lanes] = first(this.#addresses);
    const [user, lane] = first(lanes);
    const [ticket] = lane ?? [];
    if (!ticket || address === undefined || user === undefined || !lanes || !lane) return;
    toEnd(this.#addresses, address, lanes);
    toEnd(lanes, user, lane);
    ticket.start();
  }

  #makeRoom({ address, user }: Owner): void {
    const { maxWaiting, maxWaitingPerUser } = this.#options;
    const lanes = this.#addresses.get(address);
    if ((lanes?.get(user)?.size ?? 0) >= maxWaitingPerUser) throw tooMany();
    if (this.#waiting < maxWaiting) return;
    const longest = largest(this.#addresses.values(), sizeOf);
    if (!longest || sizeOf(longest) <= (lanes ? sizeOf(lanes) : 0) + 1) throw tooMany();
    [...(largest(longest.values(), ({ size }) => size) ?? [])].at(-1)?.refuse(tooMany());
  }
}

function first<Key, Value>(map: Map<Key, Value> | undefined): [Key, Value] | [undefined, undefined] {
  const [entry] = map ?? [];
  return entry ?? [undefined, undefined];
}

function toEnd<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  map.delete(key);
  map.set(key, value);
}

function sizeOf(lanes: Lanes): number {
  let size = 0;
  for (const lane of lanes.values()) size += lane.size;
  return size;
}

function largest<Value>(values: Iterable<Value>, size: (value: Value) => number): Value | undefined {
  let found: Value | undefined;
  for (const value of values) if (found === undefined || size(value) > size(found)) found = value;
  return found;
}

function tooMany(): DomainError {
  return new DomainError('ERATE', 'too many passwords wait to be checked; try again later', {
    retryAfter: RETRY_AFTER,
  });
}

function hungUp(): DomainError {
  return new DomainError('ERATE', 'the client hung up before its turn came');
}
