import { setTimeout as sleep } from 'node:timers/promises';

/** Waits of less are gathered: timers are no more exact than that. */
const MIN_WAIT = 5;

const never = new Int32Array(new SharedArrayBuffer(4));

/** Keeps what is copied below a rate, so that whoever else needs the disk gets to it. */
export class Pace {
  readonly #bytesPerMs: number;
  readonly #now: () => number;
  #done = 0;
  #since: number;

  /** @param rate in bytes a second; 0 for as fast as it goes */
  constructor(rate: number, now: () => number = () => performance.now()) {
    this.#bytesPerMs = rate === 0 ? Number.POSITIVE_INFINITY : rate / 1000;
    this.#now = now;
    this.#since = now();
  }

  /** How long to wait after so many bytes more, in ms. What was slower than the rate is not made up for. */
  waitAfter(bytes: number): number {
    const now = this.#now();
    const due = this.#since + (this.#done + bytes) / this.#bytesPerMs;
    if (due > now) {
      this.#done += bytes;
      return due - now >= MIN_WAIT ? due - now : 0;
    }
    this.#since = now;
    this.#done = 0;
    return 0;
  }

  async wait(bytes: number): Promise<void> {
    const ms = this.waitAfter(bytes);
    if (ms > 0) await sleep(ms);
  }

  /** Holds up the whole thread, for what can't wait for a promise. */
  block(bytes: number): void {
    const ms = this.waitAfter(bytes);
    if (ms > 0) Atomics.wait(never, 0, 0, ms);
  }
}
