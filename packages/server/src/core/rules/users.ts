import { DomainError } from '../errors.ts';
import type { NewUser, UserGiven } from '../ports/user-store.ts';
import { requireFree } from './ids.ts';

/** A user, or what is left of one who was deleted. */
export interface AccountFacts {
  readonly isDeleted: boolean;
  /** Counts the users who had the id one after the other. */
  readonly generation: number;
  /** Null for a user without one. */
  readonly passwordHash: string | null;
}

/** What is known about the id and the names that somebody wants to have. */
export interface NewUserFacts {
  /** Who has the id, or had it last. */
  readonly account: Pick<AccountFacts, 'isDeleted' | 'generation'> | undefined;
  readonly isUsernameTaken: boolean;
  /** The id of whoever has the wanted uid, or had it. */
  readonly uidHolder: string | undefined;
  /** The highest uid of the tenant so far. */
  readonly lastUid: number;
}

/**
 * The uid and the generation of a new user. Throws ECONFLICT (`id`, `username` or `uid`) where another user has it; a uid
 * also stays with the id of a user who was deleted.
 */
export function decideNewUser(
  { id, username, uid }: Pick<NewUser, 'id' | 'username' | 'uid'>,
  { account, isUsernameTaken, uidHolder, lastUid }: NewUserFacts,
): { uid: number; generation: number } {
  requireFree(account?.isDeleted === false, 'id', id);
  requireFree(isUsernameTaken, 'username', username);
  if (uid !== undefined) requireFree(uidHolder !== undefined && uidHolder !== id, 'uid', String(uid));
  return { uid: uid ?? lastUid + 1, generation: (account?.generation ?? 0) + 1 };
}

/**
 * Throws ENOENT unless a user was found.
 *
 * @param found the user, or whether there is one
 * @param field the argument that names it
 */
export function requireUser(found: unknown, id: string, field = 'id'): asserts found {
  if (!found) throw new DomainError('ENOENT', `no user ${id}`, { field });
}

/** Throws ENOENT for the first of several users who is not among the existing ones. */
export function requireUsers(existing: ReadonlySet<string>, ids: readonly string[], field: string): void {
  for (const id of ids) requireUser(existing.has(id), id, field);
}

/** Throws EAUTH where the person whom a command was taken from has lost the id since: by deletion, or to another. */
export function requireSamePerson(
  account: Pick<AccountFacts, 'isDeleted' | 'generation'> | undefined,
  generation: number | undefined,
): void {
  if (generation === undefined) return;
  if (account?.generation === generation && !account.isDeleted) return;
  throw new DomainError('EAUTH', 'the user was deleted');
}

/** Throws what a change needs to be true still: EAUTH for another person, EPERM for another password. */
export function requireGiven(account: AccountFacts, { generation, passwordHash }: UserGiven): void {
  requireSamePerson(account, generation);
  if (passwordHash === undefined || passwordHash === account.passwordHash) return;
  throw new DomainError('EPERM', 'oldPassword is wrong', { field: 'oldPassword' });
}
