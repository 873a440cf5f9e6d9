import { randomBytes } from 'node:crypto';

/** All that is not quite gone yet, so that a stopping server knows what to wait for. */
export class Registry<Member> {
  readonly #members = new Set<Member>();
  // Two servers in one process must not give the same id.
  readonly #prefix = randomBytes(4).toString('hex');
  #count = 0;
  #whenEmpty: (() => void)[] = [];

  nextId(): string {
    return `${this.#prefix}-${(++this.#count).toString(36)}`;
  }

  add(member: Member): void {
    this.#members.add(member);
  }

  delete(member: Member): void {
    if (!this.#members.delete(member) || this.#members.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  get size(): number {
    return this.#members.size;
  }

  /** A copy: members may leave while the caller goes through them. */
  members(): Member[] {
    return [...this.#members];
  }

  empty(): Promise<void> {
    if (this.#members.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenEmpty.push(resolve);
    });
  }
}
