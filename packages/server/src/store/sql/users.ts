import type { User } from '../../core/model.ts';
import { isMarked } from '../../core/persons.ts';
import type { Account, Page } from '../../core/ports/store.ts';
import { requireSamePerson } from '../../core/rules/users.ts';
import { all, get, type Op } from './statement.ts';
import type { Tenants } from './tenants.ts';
import { ACCOUNT_COLUMNS, type AccountRow, factsOf, toUser, USER_COLUMNS, type UserRow } from './user-row.ts';

export type ShownUser = Pick<User, 'id' | 'uid' | 'nickname' | 'avatar'>;

const findWith = (lock: string) => ({
  one: `SELECT 1 FROM account WHERE tenant = ? AND id = ? AND NOT deleted${lock}`,
  several: `SELECT id FROM account WHERE tenant = ? AND id IN TEXTS(?) AND NOT deleted ORDER BY id${lock}`,
});
const FIND = { read: findWith(''), write: findWith(' FOR SHARE') };

/** SQL that finds users. Runs inside the worker thread, writes inside its transaction. */
export class UserTable {
  readonly #tenants: Tenants;
  readonly #find: (typeof FIND)['read'];

  /** @param use a write that asks whether users exist keeps them from being deleted until its end */
  constructor(tenants: Tenants, use: 'read' | 'write') {
    this.#tenants = tenants;
    this.#find = FIND[use];
  }

  /** The id of a user that is named by it or by its person. */
  *addressOf(tenantKey: number, name: string): Op<string> {
    if (!isMarked(name)) return name;
    const row = yield* get('SELECT id FROM account WHERE tenant = ? AND person = ?', tenantKey, name);
    return (row as { id: string } | undefined)?.id ?? name;
  }

  /** EAUTH where the id was given up since a command of its user of that generation was taken. */
  *requireSame(tenantKey: number, id: string, generation: number | undefined): Op<void> {
    if (generation === undefined) return;
    const row = yield* this.account(tenantKey, id);
    requireSamePerson(row && factsOf(row), generation);
  }

  /** The key of the person who has this id. */
  *personOf(tenantKey: number, id: string): Op<string> {
    return (yield* this.account(tenantKey, id))?.person ?? id;
  }

  *find(tenant: string, id: string): Op<User | undefined> {
    const row = yield* this.#row(tenant, id);
    return row && toUser(tenant, row);
  }

  /** The id of the user with this uid, also of one who was deleted. */
  *idOf(tenantKey: number, uid: number): Op<string | undefined> {
    const row = yield* get('SELECT id FROM account WHERE tenant = ? AND uid = ?', tenantKey, uid);
    return (row as { id: string } | undefined)?.id;
  }

  *exists(tenantKey: number, id: string): Op<boolean> {
    return (yield* get(this.#find.one, tenantKey, id)) !== undefined;
  }

  /** Those of these ids that are users. To be asked before conversations are locked, as a deletion begins with the user. */
  *existing(tenantKey: number, ids: readonly string[]): Op<ReadonlySet<string>> {
    const rows = yield* all<{ id: string }>(this.#find.several, tenantKey, ids);
    return new Set(rows.map(({ id }) => id));
  }

  /** A user whom nobody else changes until the transaction ends. */
  *lock(tenant: string, id: string): Op<AccountRow | undefined> {
    const row = yield* get<AccountRow>(
      `SELECT ${ACCOUNT_COLUMNS} FROM account WHERE tenant = ? AND id = ? FOR UPDATE`,
      (yield* this.#tenants.find(tenant)) ?? null,
      id,
    );
    return row?.deleted ? undefined : row;
  }

  /** What others see of a user. */
  *shown(tenantKey: number, id: string): Op<ShownUser | undefined> {
    return yield* get<ShownUser>(
      'SELECT id, uid, nickname, avatar FROM account WHERE tenant = ? AND id = ? AND NOT deleted',
      tenantKey,
      id,
    );
  }

  *listByIds(tenant: string, ids: readonly string[]): Op<User[]> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return [];
    const rows = yield* all<UserRow>(
      `SELECT ${USER_COLUMNS} FROM account WHERE tenant = ? AND id IN TEXTS(?) AND NOT deleted ORDER BY id`,
      key,
      ids,
    );
    return rows.map((row) => toUser(tenant, row));
  }

  *findAccount(tenant: string, id: string): Op<Account | undefined> {
    const key = yield* this.#tenants.find(tenant);
    const row = key === undefined ? undefined : yield* this.account(key, id);
    if (!row) return undefined;
    const { generation, tokens_after: tokensAfter } = row;
    return { generation, tokensAfter, ...(row.deleted ? {} : { user: toUser(tenant, row) }) };
  }

  *list(tenant: string, { after = '', limit }: Page): Op<User[]> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return [];
    const rows = yield* all<UserRow>(
      `SELECT ${USER_COLUMNS} FROM account WHERE tenant = ? AND id > ? AND NOT deleted ORDER BY id LIMIT ?`,
      key,
      after,
      limit,
    );
    return rows.map((row) => toUser(tenant, row));
  }

  *account(tenantKey: number, id: string): Op<AccountRow | undefined> {
    return yield* get<AccountRow>(
      `SELECT ${ACCOUNT_COLUMNS} FROM account WHERE tenant = ? AND id = ?`,
      tenantKey,
      id,
    );
  }

  *#row(tenant: string, id: string): Op<AccountRow | undefined> {
    const key = yield* this.#tenants.find(tenant);
    const row = key === undefined ? undefined : yield* this.account(key, id);
    return row?.deleted ? undefined : row;
  }
}
