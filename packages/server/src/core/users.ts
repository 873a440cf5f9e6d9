import { isManager, requireManager } from './access.ts';
import { mayServe } from './desk/access.ts';
import type { Dispatch } from './desk/dispatch.ts';
import { DomainError } from './errors.ts';
import type { EventSink } from './events.ts';
import { type Limits, MAX_ADMIN_REASON_LENGTH, MAX_PASSWORD_LENGTH } from './limits.ts';
import type { Principal, Role, Timestamp, User } from './model.ts';
import { MAX_NICKNAME_LENGTH, requireName, requireUsername, usernameKey } from './names.ts';
import { listPeers } from './peers.ts';
import { requirePicture } from './pictures.ts';
import type { AdminAct } from './ports/admin-store.ts';
import type { Clock, IdSource } from './ports/clock.ts';
import type { ConversationStore } from './ports/conversation-store.ts';
import type { Page } from './ports/page.ts';
import { type Client, type HashRequester, NO_CLIENT, type PasswordHasher } from './ports/passwords.ts';
import type { Account, NewUser, UserGiven, UserPatch, UserStore } from './ports/user-store.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { Remains } from './remains.ts';
import { requireUser } from './rules/users.ts';
import { userTopic } from './topics.ts';
import { requireId, requireLength } from './validate.ts';

/** Highest uid that may be asked for. The server counts on from the highest there is, and must not run out of numbers. */
export const MAX_UID = 2 ** 52;
/** Changes of one's own password: so many at once, and so many a second in the long run (one in 12 s). */
const PASSWORD_BURST = 5;
const PASSWORD_RATE = 1 / 12;

export interface UserInput {
  /** Made by the server where absent. */
  readonly id?: string;
  /** Numeric id, the tenant's next free one where absent. */
  readonly uid?: number;
  readonly username: string;
  readonly nickname?: string;
  readonly avatar?: string;
  readonly role?: Role;
  /** A user without one can't log in here, only come with a token made elsewhere. */
  readonly password?: string;
}

export interface UserChange extends Partial<Omit<UserInput, 'id' | 'uid'>> {
  /** What the password was: who has one and changes it must know it. */
  readonly oldPassword?: string;
  /** Whether the user is kept from logging in and connecting. */
  readonly disabled?: boolean;
}

/** The same for all spellings of a username. */
export interface LoginAccount {
  readonly tenant: string;
  /** Empty where nobody has the name. */
  readonly id: string;
  /** When its user was made: who gets a deleted user's id has another account. */
  readonly since?: Timestamp;
  readonly name?: string;
}

export interface LoginInput {
  readonly tenant: string;
  readonly username: string;
  readonly password: string;
}

export interface UsersDeps {
  readonly store: Omit<UserStore, 'listUsersByIds'> & Pick<ConversationStore, 'listPeers'>;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly passwords: PasswordHasher;
  readonly limits: Limits;
  readonly desk: Pick<Dispatch, 'forget' | 'retire'>;
  readonly remains: Remains;
}

/** The users of every tenant. */
export class Users {
  readonly #deps: UsersDeps;
  readonly #passwordRate: RateLimiter;

  constructor(deps: UsersDeps) {
    this.#deps = deps;
    this.#passwordRate = new RateLimiter(PASSWORD_RATE, deps.clock, PASSWORD_BURST);
  }

  /** Of new passwords, in characters. */
  get minPasswordLength(): number {
    return this.#deps.limits.minPasswordLength;
  }

  /**
   * EPERM, EINVAL, ETOOLONG; ECONFLICT where the id, uid or username is taken; ENOENT (field `avatar`) for a picture's file
   * that the actor may not see.
   */
  async create(actor: Principal, input: UserInput, client = NO_CLIENT): Promise<User> {
    requireManager(actor);
    const { clock, ids, passwords } = this.#deps;
    const createdAt = clock.now();
    const password = input.password === undefined ? undefined : this.#requirePassword(input.password);
    return this.#make({
      tenant: actor.tenant,
      id: requireId(input.id ?? ids.next(), 'id'),
      ...(input.uid === undefined ? {} : { uid: requireUid(input.uid) }),
      username: requireUsername(input.username),
      nickname: requireNickname(input.nickname ?? input.username),
      picture: requirePicture(actor, input.avatar ?? '', createdAt),
      role: input.role ?? 'user',
      passwordHash:
        password === undefined ? null : await passwords.hash(password, requesterOf(actor, client)),
      createdAt,
    });
  }

  /** Any user of the tenant may look up another. ENOENT. */
  async get(actor: Principal, id: string): Promise<User> {
    const user = await this.#deps.store.findUser(actor.tenant, id);
    requireUser(user, id);
    return user;
  }

  async list(actor: Principal, page: Page): Promise<User[]> {
    requireManager(actor);
    return this.#deps.store.listUsers(actor.tenant, page);
  }

  /**
   * Users may change their own nickname, avatar and password, managers everything. A new password ends the user's sessions
   * and tokens, `disabled` ends its sessions, and another role those that have it from the record.
   *
   * EPERM, also (field `oldPassword`) for a wrong one; EINVAL, ETOOLONG; ENOENT, as in `create`; ECONFLICT; ERATE for passwords, see
   * `PASSWORD_BURST`.
   */
  async update(actor: Principal, id: string, change: UserChange, client = NO_CLIENT): Promise<User> {
    const { password, username, nickname, avatar, role, disabled } = change;
    const isForManagers = [role, username, disabled].some((value) => value !== undefined);
    if (id !== actor.userId || isForManagers) requireManager(actor);
    const { generation } = actor;
    const patch: UserPatch = {
      ...(id === actor.userId && generation !== undefined ? { given: { generation } } : {}),
      ...(username === undefined ? {} : { username: requireUsername(username) }),
      ...(nickname === undefined ? {} : { nickname: requireNickname(nickname) }),
      ...(avatar === undefined ? {} : { picture: requirePicture(actor, avatar, this.#deps.clock.now()) }),
      ...(role === undefined ? {} : { role }),
      ...(disabled === undefined ? {} : { isDisabled: disabled }),
      ...(password === undefined ? {} : await this.#newPassword(actor, id, change, client)),
    };
    const { store, desk } = this.#deps;
    const act = isManager(actor) ? this.#act(actor, '') : undefined;
    const user = await store.updateUser(actor.tenant, id, patch, act);
    const mayNotServe = disabled === true || (role !== undefined && !mayServe(role));
    if (mayNotServe) await desk.retire({ tenant: actor.tenant, userId: id });
    if (username !== undefined || nickname !== undefined || avatar !== undefined) {
      await this.#tellChanged(user, actor.userId);
    }
    return user;
  }

  /** Ends the sessions of a user, and the tokens issued until now. EPERM, ENOENT, ETOOLONG. */
  async endSessions(actor: Principal, id: string, reason = ''): Promise<void> {
    requireManager(actor);
    const act = this.#act(actor, requireLength(reason, 'reason', 0, MAX_ADMIN_REASON_LENGTH));
    await this.#deps.store.updateUser(actor.tenant, id, { tokensAfter: act.at }, act);
  }

  /** Ends the user's memberships, sessions and tokens; the messages stay. ENOENT. */
  async delete(actor: Principal, id: string): Promise<void> {
    requireManager(actor);
    const { tenant } = actor;
    const { store, desk, clock, remains } = this.#deps;
    await desk.forget({ tenant, userId: id });
    remains.leave(await store.deleteUser(tenant, id, clock.now(), actor.userId));
  }

  /** What somebody tries to log in to, whether there is such a user or not. */
  async accountOf(tenant: string, username: string): Promise<LoginAccount> {
    const found = await this.#deps.store.findCredentials(tenant, username);
    if (found) return { tenant, id: found.user.id, since: found.user.createdAt };
    return { tenant, id: '', name: usernameKey(username) };
  }

  /** Whether the user of the account has logged in from there. */
  hasLoggedIn({ tenant, id }: LoginAccount, network: string): Promise<boolean> {
    return this.#deps.store.hasLoggedIn(tenant, id, network);
  }

  noteLogin({ tenant, id: userId }: LoginAccount, network: string): Promise<void> {
    const { store, clock } = this.#deps;
    return store.noteLogin({ tenant, userId, network, at: clock.now() });
  }

  /** The user with this name and password. EAUTH; ERATE where too many passwords wait to be checked. */
  async authenticate(
    { tenant, username, password }: LoginInput,
    requester: HashRequester = { ...NO_CLIENT, user: '' },
  ): Promise<User> {
    const { store, passwords } = this.#deps;
    const found = await store.findCredentials(tenant, username);
    const matches = await passwords.verify(password, found?.passwordHash ?? null, requester);
    if (!found || !matches) throw new DomainError('EAUTH', 'wrong username or password', { whom: username });
    requireEnabled(found.user);
    return found.user;
  }

  /**
   * The account that a token opens. An id that is not known yet is made a user, where the token's issuer may vouch for it;
   * a service needs none. EAUTH where the user's tokens of that time are refused, or its id is unknown.
   */
  async admit(
    claimed: Principal,
    issuedAt: Timestamp | null,
    mayProvision = true,
  ): Promise<Account | undefined> {
    const { store } = this.#deps;
    const { tenant, userId, role } = claimed;
    const account = await store.findAccount(tenant, userId);
    if (account) requireFresh(account, issuedAt, userId);
    if (account?.user) return account;
    // A service is another program: nobody chats with it.
    if (role === 'service') return undefined;
    if (!mayProvision) throw gone('the token names an unknown user', userId);
    return this.#provision(claimed);
  }

  /** Throws EAUTH where a token that was admitted before would not open the same account any more. */
  async confirm(
    { tenant, userId, generation }: Principal,
    issuedAt: Timestamp | null,
    recordRole?: Role,
  ): Promise<void> {
    if (generation === undefined) return;
    const account = await this.#deps.store.findAccount(tenant, userId);
    if (account?.generation !== generation || !account.user) {
      throw gone('the user was deleted', userId);
    }
    requireFresh(account, issuedAt, userId);
    if (recordRole !== undefined && account.user.role !== recordRole) {
      throw new DomainError('EAUTH', 'the user has another role now', {
        reason: 'role-changed',
        whom: userId,
      });
    }
  }

  async #provision({ tenant, userId, name, role }: Principal): Promise<Account | undefined> {
    const { store, clock } = this.#deps;
    const user = {
      tenant,
      id: requireId(userId, 'sub'),
      mayLookAlike: true,
      nickname: name,
      role,
      passwordHash: null,
      createdAt: clock.now(),
    };
    try {
      await this.#createNamed(user, userId);
    } catch (error) {
      // Two sessions of a new user may come at once; the other one has made it then.
      if (!(await store.findUser(tenant, userId))) throw error;
    }
    return store.findAccount(tenant, userId);
  }

  /** What a change of a password stores. Managers set those of others as fast as their turns come. */
  async #newPassword(
    actor: Principal,
    id: string,
    { password = '', oldPassword }: UserChange,
    client: Client,
  ): Promise<Pick<UserPatch, 'passwordHash' | 'tokensAfter' | 'given'>> {
    const { passwords, clock } = this.#deps;
    this.#requirePassword(password);
    const requester = requesterOf(actor, client);
    const { userId, role, generation } = actor;
    let given: UserGiven | undefined;
    // A service is another program, whatever it calls itself.
    if (id === userId && role !== 'service') {
      this.#requirePasswordRate(requester);
      const former = await this.#requireOldPassword(actor, oldPassword, requester);
      given = { passwordHash: former, ...(generation === undefined ? {} : { generation }) };
    }
    const passwordHash = await passwords.hash(password, requester);
    return { passwordHash, tokensAfter: clock.now(), ...(given ? { given } : {}) };
  }

  /** Returns what the old password was checked against; null for a user who has none. */
  async #requireOldPassword(
    { tenant, userId }: Principal,
    oldPassword: string | undefined,
    requester: HashRequester,
  ): Promise<string | null> {
    const { store, passwords } = this.#deps;
    const user = await store.findUser(tenant, userId);
    const found = user && (await store.findCredentials(tenant, user.username));
    if (!found || found.user.id !== userId || found.passwordHash === null) return null;
    const field = 'oldPassword';
    if (oldPassword === undefined) throw new DomainError('EINVAL', 'oldPassword is missing', { field });
    if (await passwords.verify(oldPassword, found.passwordHash, requester)) return found.passwordHash;
    throw new DomainError('EPERM', 'oldPassword is wrong', { field });
  }

  #requirePasswordRate(requester: HashRequester): void {
    const retryAfter = this.#passwordRate.take(requester.user);
    if (retryAfter === 0) return;
    throw new DomainError('ERATE', `a password may be changed ${PASSWORD_BURST} times in a minute`, {
      field: 'password',
      limit: PASSWORD_BURST,
      retryAfter,
    });
  }

  /** Returns the password if it can be one. EINVAL, ETOOLONG. */
  #requirePassword(password: string): string {
    return requireLength(password, 'password', this.#deps.limits.minPasswordLength, MAX_PASSWORD_LENGTH);
  }

  /** What an audit says of a manager's change. */
  #act({ tenant, userId: actorId }: Principal, reason: string): AdminAct {
    const { clock, ids } = this.#deps;
    return { tenant, id: ids.next(), actorId, reason, at: clock.now() };
  }

  async #make(user: NewUser): Promise<User> {
    const { store, remains } = this.#deps;
    await remains.finish(user.tenant, user.id, 'user');
    return store.createUser(user);
  }

  /** Makes a user of this username or, where somebody else has it, of one that begins with it. */
  async #createNamed(user: Omit<NewUser, 'username'>, username: string): Promise<User> {
    const { ids } = this.#deps;
    try {
      return await this.#make({ ...user, username });
    } catch (error) {
      if (!(error instanceof DomainError && error.field === 'username')) throw error;
      return this.#make({ ...user, username: `${username}~${ids.next()}` });
    }
  }

  /** Tells whoever shares a conversation with the user, as far as presence is told to them. */
  async #tellChanged(user: User, actorId: string): Promise<void> {
    const peers = await listPeers(this.#deps, user.tenant, user.id);
    const topics = peers.map((id) => userTopic(user.tenant, id));
    this.#deps.sink.publish(topics, { type: 'user.changed', user, actorId });
  }
}

function requesterOf({ tenant, userId }: Principal, client: Client): HashRequester {
  return { ...client, user: JSON.stringify({ tenant, id: userId }) };
}

/** EAUTH for a token that was issued, or may have been, before its user's tokens were refused, and for a disabled user. */
function requireFresh({ tokensAfter, user }: Account, issuedAt: Timestamp | null, whom: string): void {
  if (tokensAfter !== null && (issuedAt === null || issuedAt <= tokensAfter)) {
    if (!user) throw gone('the user was deleted', whom);
    throw new DomainError('EAUTH', 'the token was taken back', { reason: 'token-refused', whom });
  }
  if (user) requireEnabled(user);
}

function gone(message: string, whom: string): DomainError {
  return new DomainError('EAUTH', message, { reason: 'user-gone', whom });
}

function requireEnabled({ id, isDisabled }: User): void {
  if (isDisabled)
    throw new DomainError('EAUTH', 'the user is disabled', { reason: 'user-disabled', whom: id });
}

/** Who has an empty one is shown by its id. */
function requireNickname(nickname: string): string {
  return requireName(nickname, 'nickname', { max: MAX_NICKNAME_LENGTH, mayBeEmpty: true });
}

function requireUid(uid: number): number {
  if (Number.isInteger(uid) && uid > 0 && uid <= MAX_UID) return uid;
  throw new DomainError('EINVAL', `uid must be an integer from 1 to ${MAX_UID}`, {
    field: 'uid',
    limit: MAX_UID,
  });
}
