import { get, type Op } from './statement.ts';

/** Finds tenants' keys, which never change. Bounded: tokens decide which tenants there are. */
export class Tenants {
  static readonly #MAX_CACHED = 10_000;
  readonly #keys = new Map<string, number>();

  /** The tenant's key, or undefined while nothing of it is stored. */
  *find(id: string): Op<number | undefined> {
    const cached = this.#keys.get(id);
    if (cached !== undefined) return cached;
    const row = yield* get<{ pk: number }>('SELECT pk FROM tenant WHERE id = ?', id);
    if (row) this.#remember(id, row.pk);
    return row?.pk;
  }

  /** The tenant's key, made where it is missing. */
  *ensure(id: string): Op<number> {
    const known = yield* this.find(id);
    if (known !== undefined) return known;
    const made = yield* get<{ pk: number }>('INSERT INTO tenant (id) VALUES (?) RETURNING pk', id);
    return (made as { pk: number }).pk;
  }

  /** The tenant's key, made where it is missing; writes of others that begin so wait until this one has ended. */
  *lock(id: string): Op<number> {
    const pk = yield* this.ensure(id);
    yield* get('SELECT pk FROM tenant WHERE pk = ? FOR UPDATE', pk);
    return pk;
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
