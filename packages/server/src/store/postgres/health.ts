import type { Connection } from './connect.ts';
import type { Failure } from './errors.ts';

/** A connection is tried again so soon after one could not be made, in ms. */
const RECONNECT_PAUSE = 250;
/** So long nothing must fail before it is believed to be over, in ms. */
const FIRST_SETTLE = 1000;
const MAX_SETTLE = 60_000;

/** What is told of one kind of work, such as writing. */
export interface HealthTroubles {
  /** Why it can't be done; undefined once it can again. */
  unavailable(reason: string | undefined): void;
}

/**
 * Whether one kind of work can be done, told when that changes. Where some connections work and others don't, it is not told at
 * each of them: it is over once nothing failed for a while, which grows with each time that it was over too early.
 */
export class Health {
  readonly #troubles: HealthTroubles;
  #reason: string | undefined;
  /** Until then no connection is tried, in ms of `performance.now`. */
  #notBefore = 0;
  #settle = FIRST_SETTLE;
  #overSince = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(troubles: HealthTroubles) {
    this.#troubles = troubles;
  }

  /** Opens a connection. A server that is away is not asked by every call. */
  async connect(open: () => Promise<Connection>): Promise<Connection> {
    if (performance.now() < this.#notBefore) throw noConnection(this.#reason);
    try {
      return await open();
    } catch (error) {
      this.#notBefore = performance.now() + RECONNECT_PAUSE;
      throw error;
    }
  }

  failed({ kind, reason }: Failure): void {
    if (kind === 'call') return;
    this.#stopTimer();
    if (this.#reason === undefined) this.#begin(reason);
    this.#reason = reason;
  }

  succeeded(): void {
    if (this.#reason === undefined || this.#timer) return;
    this.#timer = setTimeout(() => this.#end(), this.#settle).unref();
  }

  close(): void {
    this.#stopTimer();
  }

  #begin(reason: string): void {
    const isSoon = performance.now() - this.#overSince < MAX_SETTLE;
    this.#settle = isSoon ? Math.min(2 * this.#settle, MAX_SETTLE) : FIRST_SETTLE;
    this.#troubles.unavailable(reason);
  }

  #end(): void {
    this.#timer = undefined;
    this.#reason = undefined;
    this.#overSince = performance.now();
    this.#troubles.unavailable(undefined);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** As the system says it of a server that is not there: no call is to blame. */
function noConnection(reason = 'no connection could be made just now'): Error {
  return Object.assign(new Error(reason), { code: 'ECONNREFUSED' });
}
