import { usernameKey } from '../../core/names.ts';
import type { Credentials, LoginNote } from '../../core/ports/store.ts';
import { all, get, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';
import { toUser, USER_COLUMNS, type UserRow } from './user-row.ts';
import type { UserTable } from './users.ts';

/** Networks that are kept of a user's logins. */
const MAX_LOGIN_NETWORKS = 16;

/** SQL of who logs in, by which password, and from where. */
export class LoginTable {
  readonly #tenants: Tenants;
  readonly #users: UserTable;

  constructor(tenants: Tenants, users: UserTable) {
    this.#tenants = tenants;
    this.#users = users;
  }

  *findCredentials(tenant: string, username: string): Op<Credentials | undefined> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return undefined;
    const alike = yield* all<UserRow>(
      `SELECT ${USER_COLUMNS} FROM account INDEXED BY user_username_key
           WHERE tenant = ? AND username_key = ? AND NOT deleted`,
      key,
      usernameKey(username),
    );
    const row = namedBy(username, alike);
    return row && { user: toUser(tenant, row), passwordHash: row.password };
  }

  *note({ tenant, userId, network, at }: LoginNote): Op<void> {
    const key = yield* this.#tenants.ensure(tenant);
    if (!(yield* this.#users.exists(key, userId))) return;
    yield* run(
      'INSERT INTO login_network (tenant, user_id, network, at) VALUES (?, ?, ?, ?) ON CONFLICT (tenant, user_id, network) DO UPDATE SET at = excluded.at',
      key,
      userId,
      network,
      at,
    );
    yield* run(
      `DELETE FROM login_network WHERE tenant = ?1 AND user_id = ?2 AND network NOT IN
          (SELECT network FROM login_network WHERE tenant = ?1 AND user_id = ?2 ORDER BY at DESC LIMIT ?3)`,
      key,
      userId,
      MAX_LOGIN_NETWORKS,
    );
  }

  *hasLoggedIn(tenant: string, userId: string, network: string): Op<boolean> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return false;
    const row = yield* get(
      'SELECT 1 FROM login_network WHERE tenant = ? AND user_id = ? AND network = ?',
      key,
      userId,
      network,
    );
    return row !== undefined;
  }

  /** Who gets the id of a deleted user starts anew. */
  *forgetUser(tenant: string, userId: string): Op<void> {
    yield* run(
      'DELETE FROM login_network WHERE tenant = ? AND user_id = ?',
      yield* this.#tenants.ensure(tenant),
      userId,
    );
  }
}

/**
 * Whom a username that somebody typed means: the user of exactly this name, or else the only one who can log in among
 * those whose names look alike.
 */
function namedBy(username: string, alike: readonly UserRow[]): UserRow | undefined {
  const exact = alike.find((row) => row.username === username);
  if (exact && exact.password !== null) return exact;
  const [able, ...others] = alike.filter((row) => row.password !== null);
  return others.length === 0 ? (able ?? exact) : exact;
}
