/** Chance that repeats itself: the same seed gives the same choices. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  happens(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** So many things, at most. */
  some<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make);
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** The input in pieces. */
  slices(input: Buffer, most: number): Buffer[] {
    const cuts = this.some(most - 1, () => this.below(input.length + 1)).sort((a, b) => a - b);
    return [...cuts, input.length].map((end, n) => input.subarray(cuts[n - 1] ?? 0, end));
  }
}

/** Bytes that mean something to one of the readers on the way. */
const TELLING = [
  '\0',
  '\n',
  '\r',
  '\r\n',
  ':',
  '\\',
  '"',
  '{',
  '[',
  ']',
  '}',
  ',',
  '%00',
  '\xff',
  '\xed\xa0\x80',
  ' ',
];

/** The input with up to so many small things changed. */
export function mutate(input: Buffer, random: Random, most = 4): Buffer {
  let mutated = input;
  for (let left = 1 + random.below(most); left > 0; left--) mutated = mutateOnce(mutated, random);
  return mutated;
}

function mutateOnce(input: Buffer, random: Random): Buffer {
  const at = random.below(input.length + 1);
  const end = Math.min(input.length, at + 1 + random.below(8));
  const [before, piece, after] = [input.subarray(0, at), input.subarray(at, end), input.subarray(end)];
  switch (random.below(7)) {
    case 0: // changed
      return Buffer.concat([before, Buffer.from(piece.map((byte) => byte ^ (1 << random.below(8)))), after]);
    case 1: // left out
      return Buffer.concat([before, after]);
    case 2: // twice
      return Buffer.concat([before, piece, piece, after]);
    case 3: // many times
      return Buffer.concat([before, ...Array.from({ length: random.below(500) }, () => piece), after]);
    case 4: // put in
      return Buffer.concat([before, Buffer.from(random.pick(TELLING), 'latin1'), input.subarray(at)]);
    case 5: // put in, of no sense
      return Buffer.concat([before, random.bytes(random.below(8)), input.subarray(at)]);
    default: // cut off
      return before;
  }
}
