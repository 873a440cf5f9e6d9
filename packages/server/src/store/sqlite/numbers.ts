import type { Statements } from './database.ts';

/**
 * Counts each tenant's messages on. The counts of a transaction are loaded when first asked for and written back once,
 * by `flush`.
 */
export class Numbers {
  readonly #sql: Statements;
  readonly #last = new Map<number, number>();

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  /** @param tenant its key */
  next(tenant: number): number {
    const number = (this.#last.get(tenant) ?? this.#load(tenant)) + 1;
    this.#last.set(tenant, number);
    return number;
  }

  /** Writes back what moved. To be called before the transaction ends. */
  flush(): void {
    const update = this.#sql.get('UPDATE tenant SET last_number = ? WHERE pk = ?');
    for (const [tenant, number] of this.#last) update.run(number, tenant);
    this.#last.clear();
  }

  /** Forgets everything, as after a rollback. */
  reset(): void {
    this.#last.clear();
  }

  #load(tenant: number): number {
    const row = this.#sql.get('SELECT last_number FROM tenant WHERE pk = ?').get(tenant);
    return (row as { last_number: number }).last_number;
  }
}
