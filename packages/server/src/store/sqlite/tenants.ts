import type { Statements } from './database.ts';

/** Finds tenants' keys, which never change. Bounded: tokens decide which tenants there are. */
export class Tenants {
  static readonly #MAX_CACHED = 10_000;
  readonly #sql: Statements;
  readonly #keys = new Map<string, number>();

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  /** The tenant's key, or undefined while nothing of it is stored. */
  find(id: string): number | undefined {
    const cached = this.#keys.get(id);
    if (cached !== undefined) return cached;
    const row = this.#sql.get('SELECT pk FROM tenant WHERE id = ?').get(id) as { pk: number } | undefined;
    if (row) this.#remember(id, row.pk);
    return row?.pk;
  }

  /** The tenant's key, made where it is missing. */
  ensure(id: string): number {
    const known = this.find(id);
    if (known !== undefined) return known;
    const { lastInsertRowid } = this.#sql.get('INSERT INTO tenant (id) VALUES (?)').run(id);
    return Number(lastInsertRowid);
  }

  /** Forgets what a rolled back transaction may have made. */
  reset(): void {
    this.#keys.clear();
  }

  #remember(id: string, pk: number): void {
    if (this.#keys.size >= Tenants.#MAX_CACHED) this.#keys.clear();
    this.#keys.set(id, pk);
  }
}
