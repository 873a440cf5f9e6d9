import { StartError } from '../config/start-error.ts';
import type { Cancel, Timers } from '../core/ports/timers.ts';
import type { BusEvents } from './bus.ts';

/** Waits between attempts to connect, in ms: the first, doubled up to the longest, and each a part of that by chance. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5000;

/** A connection with the server that carries the bus. */
export interface Session {
  /** Resolves with the reason once it is over; never rejects. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

export interface LinkDeps<S extends Session> {
  readonly timers: Timers;
  readonly events: Pick<BusEvents, 'connected' | 'disconnected'>;
  /** Opens the next session. */
  open(): Promise<S>;
  /** Has it take all channels. What is published and listened to meanwhile goes to it already. */
  adopt(session: S): Promise<void>;
}

/** Keeps one session after the other: whatever goes wrong ends it, and the next one begins with connecting. */
export class Link<S extends Session> {
  readonly #deps: LinkDeps<S>;
  #session: S | undefined;
  #pause = FIRST_PAUSE;
  /** Why there is no session, as it was told last. */
  #told: string | undefined;
  #isClosed = false;
  #endPause: Cancel = () => {};

  /** @param first the session that the start has opened */
  constructor(first: S, deps: LinkDeps<S>) {
    this.#deps = deps;
    this.#session = first;
    void this.#keep(first);
  }

  /** Undefined while there is none. */
  get session(): S | undefined {
    return this.#session;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endPause();
    await this.#session?.close();
  }

  async #keep(first: S): Promise<void> {
    let session: S | undefined = first;
    while (session) {
      const begun = performance.now();
      const reason = await session.ended;
      this.#session = undefined;
      if (this.#isClosed) return;
      // One that lasts no longer than a pause would be opened without end.
      if (performance.now() - begun > LONGEST_PAUSE) this.#pause = FIRST_PAUSE;
      this.#tellDown(reason);
      session = await this.#reopen();
      if (session) await this.#take(session);
    }
  }

  async #take(session: S): Promise<void> {
    this.#session = session;
    let isOver = false;
    void session.ended.then(() => {
      isOver = true;
    });
    await this.#deps.adopt(session);
    if (isOver || this.#isClosed) return;
    this.#told = undefined;
    this.#deps.events.connected();
  }

  /** The next session; undefined once the link is closed. */
  async #reopen(): Promise<S | undefined> {
    for (;;) {
      await this.#wait();
      if (this.#isClosed) return undefined;
      try {
        const session = await this.#deps.open();
        if (!this.#isClosed) return session;
        await session.close();
        return undefined;
      } catch (error) {
        if (error instanceof StartError && error.message !== this.#told) this.#tell(error.message);
      }
    }
  }

  /** Once an outage, however often a session began and ended in it. */
  #tellDown(reason: string): void {
    if (this.#told === undefined) this.#tell(reason);
  }

  #tell(reason: string): void {
    this.#told = reason;
    this.#deps.events.disconnected(reason);
  }

  #wait(): Promise<void> {
    const longest = this.#pause;
    this.#pause = Math.min(2 * longest, LONGEST_PAUSE);
    return new Promise((resolve) => {
      const cancel = this.#deps.timers.after(longest * (0.5 + Math.random() / 2), resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }
}
