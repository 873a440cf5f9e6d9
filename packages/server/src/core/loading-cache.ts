/**
 * Values that are loaded when first asked for and kept until they are dropped. Bounded: the oldest make room. What was
 * dropped while it was loading is not kept, so that nobody who asks after the drop gets a value from before it.
 */
export class LoadingCache<T> {
  readonly #limit: number;
  readonly #entries = new Map<string, Entry<T>>();

  /** @param limit entries to keep */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The value where it is here, else the promise of it; a load that fails is tried anew by who asks next. */
  get(key: string, load: () => Promise<T>): T | Promise<T> {
    const known = this.#entries.get(key);
    if (known) return known.value ?? known.loading;
    this.#makeRoom();
    const entry: Entry<T> = { value: undefined, loading: load() };
    entry.loading = entry.loading.then(
      (value) => {
        entry.value = value;
        return value;
      },
      (error: unknown) => {
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
        throw error;
      },
    );
    this.#entries.set(key, entry);
    return entry.loading;
  }

  drop(key: string): void {
    this.#entries.delete(key);
  }

  /** Drops everything. */
  clear(): void {
    this.#entries.clear();
  }

  get size(): number {
    return this.#entries.size;
  }

  #makeRoom(): void {
    if (this.#entries.size < this.#limit) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}

interface Entry<T> {
  value: T | undefined;
  loading: Promise<T>;
}
