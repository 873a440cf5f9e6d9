import { DomainError } from '../core/errors.ts';
import { ANY_TENANT, type Role } from '../core/model.ts';
import type { Users } from '../core/users.ts';
import type { TokenVerifier, VerifiedToken } from './tokens.ts';

export interface AuthenticatorDeps {
  readonly verifier: TokenVerifier;
  readonly users: Users;
  /** Whether a valid token of an unknown user makes that user. */
  readonly autoProvision: boolean;
  /** What says which role the users of tokens have that login did not issue. */
  readonly roleAuthority: 'token' | 'record';
}

/** Who acts, by which tokens. */
export interface Authenticated extends VerifiedToken {
  /** Present where the role is that of the user's record, and ends with it. */
  readonly recordRole?: Role;
}

/** From tokens to somebody who may act: valid ones, of a user who exists. */
export class Authenticator {
  readonly #deps: AuthenticatorDeps;

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps;
  }

  /**
   * The user behind all the tokens that a request brings, which must be of one user. What it opens lasts as long as the
   * token that expires first. EAUTH, also for none; EINTERNAL while keys or store are out of reach.
   *
   * @param tenant of which the user must be, or `ANY_TENANT`; the tokens of others make no users
   */
  async authenticate(tokens: readonly string[], tenant = ANY_TENANT): Promise<Authenticated> {
    const { verifier } = this.#deps;
    const presented = [...new Set(tokens)];
    const [first, ...others] = await Promise.all(presented.map((token) => verifier.verify(token)));
    if (!first) throw new DomainError('EAUTH', 'a token is needed', { reason: 'token-missing' });
    for (const other of others) {
      if (!isSameUser(first, other)) throw refused('the tokens are of different users', first);
    }
    requireTenant(first, tenant);
    const admitted = await this.#admit(first);
    for (const other of others) await this.#admit(other);
    return { ...admitted, expiresAt: Math.min(first.expiresAt, ...others.map(({ expiresAt }) => expiresAt)) };
  }

  /** Throws EAUTH where what was authenticated before would be refused now. */
  confirm({ principal, issuedAt, recordRole }: Authenticated): Promise<void> {
    return this.#deps.users.confirm(principal, issuedAt, recordRole);
  }

  async #admit(verified: VerifiedToken): Promise<Authenticated> {
    const { users, autoProvision, roleAuthority } = this.#deps;
    const { issuedAt, isFromLogin } = verified;
    const account = await users.admit(verified.principal, issuedAt, autoProvision);
    if (!account?.user) return verified;
    const { role, nickname } = account.user;
    const principal = { ...verified.principal, generation: account.generation };
    if (!isFromLogin && roleAuthority === 'token') return { ...verified, principal };
    return { ...verified, principal: { ...principal, role, name: nickname }, recordRole: role };
  }
}

function requireTenant(verified: VerifiedToken, tenant: string): void {
  if (tenant === ANY_TENANT || verified.principal.tenant === tenant) return;
  throw refused('the token is of another application', verified);
}

function refused(message: string, { principal }: VerifiedToken): DomainError {
  return new DomainError('EAUTH', message, { reason: 'token-refused', whom: principal.userId });
}

function isSameUser({ principal: a }: VerifiedToken, { principal: b }: VerifiedToken): boolean {
  return a.tenant === b.tenant && a.userId === b.userId;
}
