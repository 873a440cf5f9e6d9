import { get, type Op, run } from './statement.ts';

/**
 * Counts each tenant's messages on. The counts of a transaction are loaded when first asked for and written back once,
 * by `flush`.
 */
export class Numbers {
  readonly #last = new Map<number, number>();

  /** @param tenant its key */
  *next(tenant: number): Op<number> {
    const number = (this.#last.get(tenant) ?? (yield* this.#load(tenant))) + 1;
    this.#last.set(tenant, number);
    return number;
  }

  /** Writes back what moved. To be called before the transaction ends. */
  *flush(): Op<void> {
    const update = 'UPDATE tenant SET last_number = ? WHERE pk = ?';
    for (const [tenant, number] of this.#last) yield* run(update, number, tenant);
    this.#last.clear();
  }

  /** Forgets everything, as after a rollback. */
  reset(): void {
    this.#last.clear();
  }

  *#load(tenant: number): Op<number> {
    const row = yield* get('SELECT last_number FROM tenant WHERE pk = ?', tenant);
    return (row as { last_number: number }).last_number;
  }
}
