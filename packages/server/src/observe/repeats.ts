/** Failures told apart at a time; the others share a line. */
const MAX_KINDS = 256;
const OTHERS = 'others';

interface Kind {
  /** When a line was written last, in ms. */
  at: number;
  leftOut: number;
}

/** Lets the same failure be logged once an interval, however often it happens. */
export class Repeats {
  readonly #now: () => number;
  readonly #interval: number;
  readonly #kinds = new Map<string, Kind>();

  /** @param now in ms @param interval from one line of a kind to its next, in ms */
  constructor(now: () => number, interval: number) {
    this.#now = now;
    this.#interval = interval;
  }

  /** How many of this kind were left out since its last line; undefined where this one is to be left out, too. */
  admit(kind: string): number | undefined {
    const now = this.#now();
    const known = this.#kinds.get(kind);
    if (!known) return this.#begin(kind, now);
    if (now - known.at < this.#interval) {
      known.leftOut++;
      return undefined;
    }
    const { leftOut } = known;
    // As the youngest, so that the oldest are found first.
    this.#kinds.delete(kind);
    this.#kinds.set(kind, { at: now, leftOut: 0 });
    return leftOut;
  }

  #begin(kind: string, now: number): number | undefined {
    if (this.#kinds.size >= MAX_KINDS) this.#forgetOld(now);
    if (this.#kinds.size >= MAX_KINDS && kind !== OTHERS) return this.admit(OTHERS);
    this.#kinds.set(kind, { at: now, leftOut: 0 });
    return 0;
  }

  /** Forgets which are not held back any more; what they had left out is in no line. */
  #forgetOld(now: number): void {
    for (const [kind, { at }] of this.#kinds) {
      if (now - at < this.#interval) return;
      this.#kinds.delete(kind);
    }
  }
}
