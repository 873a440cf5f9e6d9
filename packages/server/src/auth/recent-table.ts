/** A map with a bound: beyond it, what was used longest ago is forgotten, unless it is in use. */
export class RecentTable<Value> {
  readonly #entries = new Map<string, Value>();
  readonly #maxEntries: number;
  readonly #isInUse: (value: Value) => boolean;

  constructor(maxEntries: number, isInUse: (value: Value) => boolean = () => false) {
    this.#maxEntries = maxEntries;
    this.#isInUse = isInUse;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Counts as a use. */
  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#maxEntries) this.#forgetOldest();
    this.#entries.set(key, value);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  #forgetOldest(): void {
    for (const [key, value] of this.#entries) {
      if (this.#isInUse(value)) continue;
      this.#entries.delete(key);
      return;
    }
  }
}
