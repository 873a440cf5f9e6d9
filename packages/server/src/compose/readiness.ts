import type { StoreHealth } from '../core/ports/store-health.ts';

/** Whether the server is to get clients: not while its store can't write, nor once it stops. */
export class Readiness {
  readonly #store: Pick<StoreHealth, 'probe'>;
  #isOver = false;

  constructor(store: Pick<StoreHealth, 'probe'>) {
    this.#store = store;
  }

  /** Rejects where it is not ready, with the reason. */
  async check(): Promise<void> {
    if (this.#isOver) throw new Error('the server is stopping');
    await this.#store.probe();
  }

  /** Whether the server stops. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** It is ready no more. */
  end(): void {
    this.#isOver = true;
  }
}
