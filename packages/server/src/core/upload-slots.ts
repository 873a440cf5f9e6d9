import { DomainError } from './errors.ts';

/** When to try again, as far as anybody can say, in ms. */
const RETRY_AFTER = 1000;

/** Counts what each user has under way. Holds entries only for those who have something. */
export class UploadSlots {
  readonly #limit: number;
  readonly #taken = new Map<string, number>();
  #total = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Over all users. */
  get taken(): number {
    return this.#total;
  }

  /** Takes one of the user's; returns what gives it back. ERATE where all are taken. */
  take(user: string): () => void {
    const count = this.#taken.get(user) ?? 0;
    if (count >= this.#limit) {
      throw new DomainError('ERATE', `more than ${this.#limit} uploads at once; wait for one to end`, {
        field: 'file',
        limit: this.#limit,
        retryAfter: RETRY_AFTER,
      });
    }
    this.#taken.set(user, count + 1);
    this.#total++;
    return () => this.#giveBack(user);
  }

  #giveBack(user: string): void {
    const count = (this.#taken.get(user) ?? 0) - 1;
    if (count > 0) this.#taken.set(user, count);
    else this.#taken.delete(user);
    this.#total--;
  }
}
