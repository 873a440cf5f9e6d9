import type { Role, Timestamp, User } from '../../core/model.ts';
import { usernameKey } from '../../core/names.ts';
import { isMarked, markedId, personKey } from '../../core/persons.ts';
import type { Account, Credentials, LoginNote, NewUser, Page, UserPatch } from '../../core/ports/store.ts';
import { requireFree } from '../../core/rules/ids.ts';
import {
  type AccountFacts,
  decideNewUser,
  requireGiven,
  requireSamePerson,
  requireUser,
} from '../../core/rules/users.ts';
import { handOver } from './former.ts';
import { all, get, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';

interface UserRow {
  id: string;
  uid: number;
  username: string;
  nickname: string;
  avatar: string;
  role: string;
  password: string | null;
  created_at: number;
  disabled: 0 | 1;
  tokens_after: number | null;
}

/** A user, or what is left of one who was deleted. */
interface AccountRow extends UserRow {
  person: string;
  deleted: 0 | 1;
  generation: number;
}

export type ShownUser = Pick<User, 'id' | 'uid' | 'nickname' | 'avatar'>;

/** Networks that are kept of a user's logins. */
const MAX_LOGIN_NETWORKS = 16;

const COLUMNS = 'id, uid, username, nickname, avatar, role, password, created_at, disabled, tokens_after';
const ACCOUNT_COLUMNS = `${COLUMNS}, person, deleted, generation`;

/** SQL of the user store. Runs inside the worker thread, writes inside its transaction. */
export class UserTable {
  readonly #tenants: Tenants;
  readonly #hold: string;

  /** @param use a write that asks whether users exist keeps them from being deleted until its end */
  constructor(tenants: Tenants, use: 'read' | 'write') {
    this.#tenants = tenants;
    this.#hold = use === 'write' ? ' FOR SHARE' : '';
  }

  /**
   * @param tenant which is locked: users are made one after the other, as each takes the next uid
   * @param finish removes what is left of whoever had the id, which is about to be somebody else's
   */
  *create(tenant: number, user: NewUser, finish: (tenant: number, id: string) => Op<void>): Op<User> {
    const former = yield* this.#account(tenant, user.id);
    const { uid, generation } = decideNewUser(user, {
      account: former && factsOf(former),
      isUsernameTaken: yield* this.#isUsernameTaken(tenant, user),
      uidHolder: user.uid === undefined ? undefined : yield* this.idOf(tenant, user.uid),
      lastUid: yield* this.#lastUid(tenant),
    });
    if (former) {
      yield* finish(tenant, user.id);
      yield* this.#setAside(tenant, former, uid);
    }
    yield* run(
      `INSERT INTO account (tenant, ${ACCOUNT_COLUMNS}, username_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, FALSE, ?, ?, FALSE, ?, ?)`,
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
    return yield* this.#require(user.tenant, user.id);
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
    const row = yield* this.#account(tenantKey, id);
    requireSamePerson(row && factsOf(row), generation);
  }

  /** The key of the person who has this id. */
  *personOf(tenantKey: number, id: string): Op<string> {
    return (yield* this.#account(tenantKey, id))?.person ?? id;
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
    return (
      (yield* get(
        `SELECT 1 FROM account WHERE tenant = ? AND id = ? AND NOT deleted${this.#hold}`,
        tenantKey,
        id,
      )) !== undefined
    );
  }

  /** Those of these ids that are users. To be asked before conversations are locked, as a deletion begins with the user. */
  *existing(tenantKey: number, ids: readonly string[]): Op<ReadonlySet<string>> {
    const rows = yield* all<{ id: string }>(
      `SELECT id FROM account WHERE tenant = ? AND id IN TEXTS(?) AND NOT deleted ORDER BY id${this.#hold}`,
      tenantKey,
      ids,
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** A user whom nobody else changes until the transaction ends. */
  *lock(tenant: string, id: string): Op<User | undefined> {
    const row = yield* this.#locked(tenant, id);
    return row && toUser(tenant, row);
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
      `SELECT ${COLUMNS} FROM account WHERE tenant = ? AND id IN TEXTS(?) AND NOT deleted ORDER BY id`,
      key,
      ids,
    );
    return rows.map((row) => toUser(tenant, row));
  }

  *findAccount(tenant: string, id: string): Op<Account | undefined> {
    const key = yield* this.#tenants.find(tenant);
    const row = key === undefined ? undefined : yield* this.#account(key, id);
    if (!row) return undefined;
    const { generation, tokens_after: tokensAfter } = row;
    return { generation, tokensAfter, ...(row.deleted ? {} : { user: toUser(tenant, row) }) };
  }

  *findCredentials(tenant: string, username: string): Op<Credentials | undefined> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return undefined;
    const alike = yield* all<UserRow>(
      `SELECT ${COLUMNS} FROM account INDEXED BY user_username_key
           WHERE tenant = ? AND username_key = ? AND NOT deleted`,
      key,
      usernameKey(username),
    );
    const row = namedBy(username, alike);
    return row && { user: toUser(tenant, row), passwordHash: row.password };
  }

  *noteLogin({ tenant, userId, network, at }: LoginNote): Op<void> {
    const key = yield* this.#tenants.ensure(tenant);
    if (!(yield* this.exists(key, userId))) return;
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

  *list(tenant: string, { after = '', limit }: Page): Op<User[]> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return [];
    const rows = yield* all<UserRow>(
      `SELECT ${COLUMNS} FROM account WHERE tenant = ? AND id > ? AND NOT deleted ORDER BY id LIMIT ?`,
      key,
      after,
      limit,
    );
    return rows.map((row) => toUser(tenant, row));
  }

  *update(tenant: string, id: string, patch: UserPatch): Op<User> {
    const row = yield* this.#locked(tenant, id);
    requireUser(row, id);
    requireGiven(factsOf(row), patch.given ?? {});
    const key = yield* this.#tenants.ensure(tenant);
    const username = patch.username ?? row.username;
    if (username !== row.username) {
      // One after the other, as no index knows which names look alike.
      yield* this.#tenants.lock(tenant);
      requireFree(yield* this.#isUsernameTaken(key, { id, username }), 'username', username);
    }
    yield* run(
      `UPDATE account SET username = ?1, username_key = ?10, nickname = ?2, avatar = ?3, role = ?4, password = ?5,
           disabled = ?6, tokens_after = CASE WHEN CAST(?7 AS BIGINT) IS NULL THEN tokens_after ELSE greatest(?7, coalesce(tokens_after + 1, 0)) END WHERE tenant = ?8 AND id = ?9`,
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
    return yield* this.#require(tenant, id);
  }

  /** Keeps the row as a mark that the id was deleted: a token from before must not open what is made under it later. */
  *delete(tenant: string, id: string, at: Timestamp): Op<void> {
    requireUser(yield* this.#locked(tenant, id), id);
    yield* run(
      `UPDATE account SET deleted = TRUE, password = NULL, nickname = '', avatar = '', tokens_after = greatest(?, coalesce(tokens_after + 1, 0))
           WHERE tenant = ? AND id = ?`,
      at,
      yield* this.#tenants.ensure(tenant),
      id,
    );
    yield* run(
      'DELETE FROM login_network WHERE tenant = ? AND user_id = ?',
      yield* this.#tenants.ensure(tenant),
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

  *#account(tenantKey: number, id: string): Op<AccountRow | undefined> {
    return yield* get<AccountRow>(
      `SELECT ${ACCOUNT_COLUMNS} FROM account WHERE tenant = ? AND id = ?`,
      tenantKey,
      id,
    );
  }

  *#row(tenant: string, id: string): Op<AccountRow | undefined> {
    const key = yield* this.#tenants.find(tenant);
    const row = key === undefined ? undefined : yield* this.#account(key, id);
    return row?.deleted ? undefined : row;
  }

  *#locked(tenant: string, id: string): Op<AccountRow | undefined> {
    const row = yield* get<AccountRow>(
      `SELECT ${ACCOUNT_COLUMNS} FROM account WHERE tenant = ? AND id = ? FOR UPDATE`,
      (yield* this.#tenants.find(tenant)) ?? null,
      id,
    );
    return row?.deleted ? undefined : row;
  }

  *#require(tenant: string, id: string): Op<User> {
    const row = yield* this.#row(tenant, id);
    requireUser(row, id);
    return toUser(tenant, row);
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
    const { last_uid } = (yield* get<{
      last_uid: number;
    }>('SELECT last_uid FROM tenant WHERE pk = ?', tenant)) as {
      last_uid: number;
    };
    return last_uid;
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

function toUser(tenant: string, row: UserRow): User {
  return {
    tenant,
    id: row.id,
    uid: row.uid,
    username: row.username,
    nickname: row.nickname,
    avatar: row.avatar,
    role: row.role as Role,
    isDisabled: row.disabled === 1,
    tokensAfter: row.tokens_after,
    createdAt: row.created_at,
  };
}

function factsOf({ deleted, generation, password }: AccountRow): AccountFacts {
  return { isDeleted: Boolean(deleted), generation, passwordHash: password };
}
