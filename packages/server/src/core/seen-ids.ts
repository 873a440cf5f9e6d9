/** What an id takes beside its characters, in bytes. */
const ID_BYTES = 64;

/** Remembers the newest ids that it was told of. */
export class SeenIds {
  readonly #limit: number;
  readonly #ids = new Set<string>();
  #bytes = 0;

  /** @param limit bytes of ids to remember */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False where the id was known already. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    this.#bytes += sizeOf(id);
    while (this.#bytes > this.#limit && this.#ids.size > 1) this.#forgetOldest();
    return true;
  }

  delete(id: string): void {
    if (this.#ids.delete(id)) this.#bytes -= sizeOf(id);
  }

  #forgetOldest(): void {
    for (const oldest of this.#ids) {
      this.delete(oldest);
      return;
    }
  }
}

function sizeOf(id: string): number {
  return ID_BYTES + id.length * 2;
}
