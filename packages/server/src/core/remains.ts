import type { RemainsKind, RemainsOf, RemainsStore, Swept } from './ports/remains-store.ts';

/** Rows removed by one write: others wait for no more than these. */
const BATCH = 300;

export interface RemainsDeps {
  /** Tells whoever is concerned of what it removes. */
  readonly store: RemainsStore;
}

/**
 * What is left of groups, rooms, users and webhooks that were deleted: their rows are removed bit by bit, so that everybody
 * else's writes go between, and whoever is concerned is told as it goes on.
 */
export class Remains {
  readonly #deps: RemainsDeps;
  /** Of what is known to be unfinished. */
  readonly #unfinished = new Set<string>();
  /** Whether there is nothing else: what an earlier run of the server left is found by and by. */
  #isKnown = false;
  #onLeft = (): void => {};

  constructor(deps: RemainsDeps) {
    this.#deps = deps;
  }

  /** @param onLeft called whenever something was deleted and more is to be removed */
  whenLeft(onLeft: () => void): void {
    this.#onLeft = onLeft;
  }

  /** Sees to the rest of what was just deleted, whose first share is told of. */
  leave(swept: Swept): void {
    if (swept.isDone) return;
    this.#unfinished.add(keyOf(swept));
    this.left();
  }

  /** Something was deleted that nobody is told of. */
  left(): void {
    this.#onLeft();
  }

  /** Removes the next of what is left; whether there may be more. */
  async removeBatch(): Promise<boolean> {
    const swept = await this.#deps.store.sweepRemains(BATCH);
    if (swept) this.#note(swept);
    else this.#isKnown = true;
    return swept !== undefined;
  }

  /**
   * Resolves once nothing is left of those who had this id, so that whoever gets it now is taken for none of them. Where others
   * made them disappear and are still at it, the store sees to it.
   */
  async finish(tenant: string, id: string, ...kinds: readonly RemainsKind[]): Promise<void> {
    for (const kind of kinds) await this.#finish({ kind, tenant, id });
  }

  async #finish(what: RemainsOf): Promise<void> {
    if (this.#isKnown && !this.#unfinished.has(keyOf(what))) return;
    let swept: Swept | undefined;
    do {
      swept = await this.#deps.store.sweepRemains(BATCH, what);
    } while (swept);
    this.#unfinished.delete(keyOf(what));
  }

  #note(swept: Swept): void {
    if (swept.isDone) this.#unfinished.delete(keyOf(swept));
  }
}

function keyOf({ kind, tenant, id }: RemainsOf): string {
  return JSON.stringify([kind, tenant, id]);
}
