/**
 * Keeps the order of what takes time: each turn ends after the earlier ones of the same keys, whatever each of them
 * waits for. Keys are remembered only while something of theirs is on its way.
 */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Whether nothing is on its way for any of the keys. */
  isFree(keys: readonly string[]): boolean {
    return this.#last.size === 0 || !keys.some((key) => this.#last.has(key));
  }

  /** Settles as the work does, though not before the earlier turns of the keys have settled. */
  take<T>(keys: readonly string[], work: Promise<T>): Promise<T> {
    const earlier = keys.flatMap((key) => this.#last.get(key) ?? []);
    const turn = earlier.length === 0 ? work : Promise.allSettled([...earlier, work]).then(() => work);
    for (const key of keys) this.#last.set(key, turn);
    const leave = (): void => {
      for (const key of keys) if (this.#last.get(key) === turn) this.#last.delete(key);
    };
    turn.then(leave, leave);
    return turn;
  }

  /** Resolves once everything that is on its way now has had its turn. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#last.values());
  }
}
