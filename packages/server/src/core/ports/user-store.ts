import type { Role, Timestamp, User } from '../model.ts';
import type { AdminAct } from './admin-store.ts';
import type { Picture } from './file-store.ts';
import type { Page } from './page.ts';
import type { Swept } from './remains-store.ts';

export interface NewUser {
  readonly tenant: string;
  readonly id: string;
  /** The next free one of the tenant where absent. */
  readonly uid?: number;
  readonly username: string;
  /** Whether the username may look like another's, as that of a user made by a token may; none is given twice. */
  readonly mayLookAlike?: boolean;
  readonly nickname: string;
  /** None where absent. ENOENT (field `avatar`) for a file that whoever chose it may not see. */
  readonly picture?: Picture;
  readonly role: Role;
  /** As `auth/passwords` made it; null for a user who can't log in here. */
  readonly passwordHash: string | null;
  readonly createdAt: Timestamp;
}

export interface UserPatch {
  readonly username?: string;
  readonly nickname?: string;
  /** As in `NewUser`; one that it has already is not looked at again. */
  readonly picture?: Picture;
  readonly role?: Role;
  readonly passwordHash?: string;
  readonly isDisabled?: boolean;
  /** Tokens issued until then are refused from now on. */
  readonly tokensAfter?: Timestamp;
  readonly given?: UserGiven;
}

/** What was looked at before a change, and must still be so when it is written. */
export interface UserGiven {
  /** EAUTH where the user was deleted, or somebody else has the id. */
  readonly generation?: number;
  /** EPERM (field `oldPassword`) where the user has another password, or one at all. */
  readonly passwordHash?: string | null;
}

/** What a token of this id opens. */
export interface Account {
  /** Absent where the user was deleted. */
  readonly user?: User;
  /** Counts the users who had the id one after the other. */
  readonly generation: number;
  /** Only tokens issued after this open it; null where all do. */
  readonly tokensAfter: Timestamp | null;
}

/** Users, what lets them log in, and since when their tokens count. */
export interface UserStore {
  /**
   * ECONFLICT where the id or uid is taken, or a username that looks the same (`usernameKey`). The id of a deleted user may be
   * used again, for somebody else: what the former one left is put under a marked id (`persons.ts`) or away, and its single
   * chats are not the new one's.
   */
  createUser(user: NewUser): Promise<User>;
  findUser(tenant: string, id: string): Promise<User | undefined>;
  /** Those of these ids that are users, by id. */
  listUsersByIds(tenant: string, ids: readonly string[]): Promise<User[]>;
  /** Undefined for an id that no user ever had. */
  findAccount(tenant: string, id: string): Promise<Account | undefined>;
  /** Of the user of exactly this name, or else of the only one with a password whose name looks the same. */
  findCredentials(tenant: string, username: string): Promise<Credentials | undefined>;
  /** Remembers where a user logged in from, the newest few; nothing for one who is no user. */
  noteLogin(login: LoginNote): Promise<void>;
  /** Whether a login from there is remembered. A deletion forgets them all. */
  hasLoggedIn(tenant: string, userId: string, network: string): Promise<boolean>;
  /** By id. */
  listUsers(tenant: string, page: Page): Promise<User[]>;
  /**
   * ENOENT; ECONFLICT where another user has a username that looks the same. Of a manager's act, a change of what the user may
   * do is audited with it.
   */
  updateUser(tenant: string, id: string, patch: UserPatch, act?: AdminAct): Promise<User>;
  /**
   * Ends its memberships too, as `removeMember`; messages stay. It is a member of nothing at once, whatever of its rows is left
   * as its remains. Returns the first of the groups it was in. No token issued until now opens what is made under the id later. ENOENT.
   */
  deleteUser(tenant: string, id: string, at: Timestamp, actorId?: string): Promise<Swept>;
}

export interface LoginNote {
  readonly tenant: string;
  readonly userId: string;
  readonly network: string;
  readonly at: Timestamp;
}

export interface Credentials {
  readonly user: User;
  readonly passwordHash: string | null;
}
