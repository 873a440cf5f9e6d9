import { DomainError } from '../core/errors.ts';
import type { Principal } from '../core/model.ts';
import type { Users } from '../core/users.ts';
import type { TokenVerifier, VerifiedToken } from './tokens.ts';

export interface AuthenticatorDeps {
  readonly verifier: TokenVerifier;
  readonly users: Users;
  /** Whether a valid token of an unknown user makes that user. */
  readonly autoProvision: boolean;
}

/** From a token to somebody who may act: one that is valid, of a user who exists. */
export class Authenticator {
  readonly #deps: AuthenticatorDeps;

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps;
  }

  /** EAUTH; EINTERNAL while keys or store are out of reach. */
  async authenticate(token: string): Promise<VerifiedToken> {
    const verified = await this.verify(token);
    await this.requireUser(verified.principal);
    return verified;
  }

  /** What a valid token says; nothing is known of its user yet. EAUTH; EINTERNAL while keys are out of reach. */
  verify(token: string): Promise<VerifiedToken> {
    return this.#deps.verifier.verify(token);
  }

  /** Sees that the user exists, or makes it. EAUTH for an unknown one; EINTERNAL while the store is out of reach. */
  async requireUser(principal: Principal): Promise<void> {
    // A service is another program: nobody chats with it, so it needs no user.
    if (principal.role === 'service') return;
    const { users, autoProvision } = this.#deps;
    if (autoProvision) {
      await users.admit(principal);
      return;
    }
    try {
      await users.get(principal, principal.userId);
    } catch (error) {
      const unknown = error instanceof DomainError && error.code === 'ENOENT';
      throw unknown ? new DomainError('EAUTH', 'the token names an unknown user', { cause: error }) : error;
    }
  }
}
