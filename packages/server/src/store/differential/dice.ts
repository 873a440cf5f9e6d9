/** Choices that follow from a seed alone (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to `below`. */
  int(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  /** True in one of so many cases. */
  oneIn(cases: number): boolean {
    return this.int(cases) === 0;
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item;
  pick<Item>(items: readonly Item[]): Item | undefined;
  pick<Item>(items: readonly Item[]): Item | undefined {
    return items[this.int(Math.max(1, items.length))];
  }

  /** One of the items, or else, and now and then, one of the others. */
  likely<Item>(items: readonly Item[], others: readonly [Item, ...Item[]]): Item {
    return items.length === 0 || this.oneIn(20) ? this.pick(others) : (this.pick(items) as Item);
  }

  /** Up to `most` of the items, in any order and perhaps twice. */
  some<Item>(items: readonly Item[], most: number): Item[] {
    const count = items.length === 0 ? 0 : this.int(most + 1);
    return Array.from({ length: count }, () => this.pick(items) as Item);
  }

  /** A part of an object, in half of the cases. */
  maybe<Part extends object>(part: () => Part): Part | Record<never, never> {
    return this.oneIn(2) ? part() : {};
  }
}
