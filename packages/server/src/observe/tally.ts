/** One figure that hot code adds to without looking anything up. */
export interface Cell {
  value: number;
}

const OTHER = 'other';

/**
 * Plain numbers by up to two labels, for code that runs once a frame: the metrics library reads them when it is asked.
 * Labels may come from clients, so there are only so many of them; what is beyond counts as `other`.
 */
export class Tally {
  readonly #cells = new Map<string, Map<string, Cell>>();
  readonly #maxCells: number;
  #count = 0;

  constructor(maxCells = 256) {
    this.#maxCells = maxCells;
  }

  /** The figure of these labels. It may be kept. */
  of(first: string, second = ''): Cell {
    const known = this.#cells.get(first)?.get(second);
    if (known) return known;
    if (this.#count >= this.#maxCells && first !== OTHER) return this.of(OTHER, second === '' ? '' : OTHER);
    return this.#add(first, second);
  }

  add(amount: number, first: string, second = ''): void {
    this.of(first, second).value += amount;
  }

  /** Every figure with its labels. */
  *[Symbol.iterator](): IterableIterator<readonly [first: string, second: string, value: number]> {
    for (const [first, cells] of this.#cells) {
      for (const [second, { value }] of cells) yield [first, second, value];
    }
  }

  #add(first: string, second: string): Cell {
    const cells = this.#cells.get(first) ?? new Map<string, Cell>();
    const cell = { value: 0 };
    this.#cells.set(first, cells.set(second, cell));
    this.#count++;
    return cell;
  }
}
