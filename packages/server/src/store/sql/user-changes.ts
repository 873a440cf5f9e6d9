import type { Timestamp, User } from '../../core/model.ts';
import { usernameKey } from '../../core/names.ts';
import { markedId, personKey } from '../../core/persons.ts';
import type { NewUser, UserPatch } from '../../core/ports/store.ts';
import { requireFree } from '../../core/rules/ids.ts';
import { decideNewUser, requireGiven, requireUser } from '../../core/rules/users.ts';
import type { FileTable } from './files.ts';
import { handOver } from './former.ts';
import type { RemainsTable } from './remains.ts';
import { get, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';
import { ACCOUNT_COLUMNS, type AccountRow, factsOf, toUser, USER_COLUMNS, type UserRow } from './user-row.ts';
import type { UserTable } from './users.ts';

export interface UserChangesDeps {
  readonly tenants: Tenants;
  readonly users: UserTable;
  readonly files: FileTable;
  readonly remains: RemainsTable;
}

/** SQL that makes, changes and deletes users. */
export class UserChanges {
  readonly #deps: UserChangesDeps;

  constructor(deps: UserChangesDeps) {
    this.#deps = deps;
  }

  *create(user: NewUser): Op<User> {
    const { tenants, users, files, remains } = this.#deps;
    // Users are made one after the other, as each takes the next uid.
    const tenant = yield* tenants.lock(user.tenant);
    const file = yield* files.requirePicture(tenant, user.picture);
    const former = yield* users.account(tenant, user.id);
    const { uid, generation } = decideNewUser(user, {
      account: former && factsOf(former),
      isUsernameTaken: yield* this.#isUsernameTaken(tenant, user),
      uidHolder: user.uid === undefined ? undefined : yield* users.idOf(tenant, user.uid),
      lastUid: yield* this.#lastUid(tenant),
    });
    if (former) {
      yield* remains.finishUser(tenant, user.id);
      yield* this.#setAside(tenant, former, uid);
    }
    const row = yield* get<UserRow>(
      `INSERT INTO account (tenant, ${ACCOUNT_COLUMNS}, username_key)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, FALSE, ?, ?, FALSE, ?, ?) RETURNING ${USER_COLUMNS}`,
      tenant,
      user.id,
      uid,
      user.username,
      user.nickname,
      user.picture?.address ?? '',
      user.role,
      user.passwordHash,
      user.createdAt,
      former?.tokens_after ?? null,
      personKey(user.id, generation),
      generation,
      usernameKey(user.username),
    );
    yield* run('UPDATE tenant SET last_uid = greatest(last_uid, ?) WHERE pk = ?', uid, tenant);
    if (file !== null) yield* files.showUser(tenant, user.id, file, user.createdAt);
    return toUser(user.tenant, row as UserRow);
  }

  *update(tenant: string, id: string, patch: UserPatch): Op<{ before: User; after: User }> {
    const { tenants, users, files } = this.#deps;
    const row = yield* users.lock(tenant, id);
    requireUser(row, id);
    const key = yield* tenants.ensure(tenant);
    const picture = patch.picture?.address === row.avatar ? undefined : patch.picture;
    const file = yield* files.requirePicture(key, picture);
    requireGiven(factsOf(row), patch.given ?? {});
    const username = patch.username ?? row.username;
    if (username !== row.username) {
      // One after the other, as no index knows which names look alike.
      yield* tenants.lock(tenant);
      requireFree(yield* this.#isUsernameTaken(key, { id, username }), 'username', username);
    }
    const changed = yield* get<UserRow>(
      `UPDATE account SET username = ?1, username_key = ?10, nickname = ?2, avatar = ?3, role = ?4, password = ?5, disabled = ?6,
           tokens_after = CASE WHEN CAST(?7 AS BIGINT) IS NULL THEN tokens_after ELSE greatest(?7, coalesce(tokens_after + 1, 0)) END
           WHERE tenant = ?8 AND id = ?9 RETURNING ${USER_COLUMNS}`,
      username,
      patch.nickname ?? row.nickname,
      patch.picture?.address ?? row.avatar,
      patch.role ?? row.role,
      patch.passwordHash ?? row.password,
      patch.isDisabled === undefined ? row.disabled : Number(patch.isDisabled),
      patch.tokensAfter ?? null,
      key,
      id,
      usernameKey(username),
    );
    if (picture) yield* files.showUser(key, id, file, picture.at);
    return { before: toUser(tenant, row), after: toUser(tenant, changed as UserRow) };
  }

  /** Keeps the row as a mark that the id was deleted: a token from before must not open what is made under it later. */
  *delete(tenant: string, id: string, at: Timestamp): Op<void> {
    requireUser(yield* this.#deps.users.lock(tenant, id), id);
    yield* run(
      `UPDATE account SET deleted = TRUE, password = NULL, nickname = '', avatar = '', tokens_after = greatest(?, coalesce(tokens_after + 1, 0))
           WHERE tenant = ? AND id = ?`,
      at,
      yield* this.#deps.tenants.ensure(tenant),
      id,
    );
  }

  /** Gives a deleted user an id that nobody else can have, and another uid where its own is given on. */
  *#setAside(tenant: number, { id, uid, generation }: AccountRow, givenUid: number): Op<void> {
    const formerId = markedId(id, generation);
    yield* handOver(tenant, id, formerId);
    const kept =
      uid === givenUid
        ? ((yield* get<{ uid: number }>(
            'UPDATE tenant SET last_uid = last_uid + 1 WHERE pk = ? RETURNING last_uid AS uid',
            tenant,
          )) as { uid: number })
        : { uid };
    yield* run(
      'UPDATE account SET id = ?, uid = ? WHERE tenant = ? AND id = ?',
      formerId,
      kept.uid,
      tenant,
      id,
    );
  }

  *#isUsernameTaken(
    tenant: number,
    { id, username, mayLookAlike = false }: Pick<NewUser, 'id' | 'username' | 'mayLookAlike'>,
  ): Op<boolean> {
    const row = mayLookAlike
      ? yield* get(
          'SELECT 1 FROM account WHERE tenant = ? AND username = ? AND NOT deleted',
          tenant,
          username,
        )
      : yield* get(
          `SELECT 1 FROM account INDEXED BY user_username_key
             WHERE tenant = ? AND username_key = ? AND id <> ? AND NOT deleted`,
          tenant,
          usernameKey(username),
          id,
        );
    return row !== undefined;
  }

  *#lastUid(tenant: number): Op<number> {
    const row = yield* get<{ last_uid: number }>('SELECT last_uid FROM tenant WHERE pk = ?', tenant);
    return (row as { last_uid: number }).last_uid;
  }
}
