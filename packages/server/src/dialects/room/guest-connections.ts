import { DomainError } from '../../core/errors.ts';

/** The open connections of guests, by address: nothing else tells one guest from another. */
export class GuestConnections {
  readonly #max: number;
  readonly #byAddress = new Map<string, number>();

  /** @param max of one address; 0 for any number */
  constructor(max: number) {
    this.#max = max;
  }

  /** Counts a connection; the function that it returns ends it. EPERM where its address has as many as it may. */
  enter(address: string): () => void {
    const count = this.#byAddress.get(address) ?? 0;
    if (this.#max > 0 && count >= this.#max) {
      throw new DomainError('EPERM', `more than ${this.#max} guests from one address`, { limit: this.#max });
    }
    this.#byAddress.set(address, count + 1);
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      this.#leave(address);
    };
  }

  #leave(address: string): void {
    const count = (this.#byAddress.get(address) ?? 1) - 1;
    if (count > 0) this.#byAddress.set(address, count);
    else this.#byAddress.delete(address);
  }
}
