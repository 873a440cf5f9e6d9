/** Remembers the newest ids that it was told of. */
export class SeenIds {
  readonly #limit: number;
  readonly #ids = new Set<string>();

  /** @param limit ids to remember */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False where the id was known already. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > this.#limit) this.#forgetOldest();
    return true;
  }

  delete(id: string): void {
    this.#ids.delete(id);
  }

  #forgetOldest(): void {
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }
}
