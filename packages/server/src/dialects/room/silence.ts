import type { Cancel, Timers } from '../../core/ports/timers.ts';

/** A client is given up after so many intervals without a message. */
const PATIENCE = 1.5;
/** Looks within that time: it may be one look more, and is never less. */
const LOOKS = 20;

/**
 * Gives a client up that has said nothing for too long. It counts looks without a message rather than reads a clock: a
 * message costs a field write, and time that a stalled process missed is not held against the client.
 */
export class SilenceWatch {
  readonly #timers: Timers;
  readonly #period: number;
  readonly #silent: () => void;
  #looks = 0;
  #cancel: Cancel;

  /** @param interval how often a client says that it is alive, in ms */
  constructor(timers: Timers, interval: number, silent: () => void) {
    this.#timers = timers;
    this.#period = (interval * PATIENCE) / LOOKS;
    this.#silent = silent;
    this.#cancel = this.#wait();
  }

  /** The client said something. */
  heard(): void {
    // The next look comes sooner than a whole period from now.
    this.#looks = -1;
  }

  stop(): void {
    this.#cancel();
  }

  #wait(): Cancel {
    return this.#timers.after(this.#period, () => {
      this.#looks++;
      if (this.#looks >= LOOKS) this.#silent();
      else this.#cancel = this.#wait();
    });
  }
}
