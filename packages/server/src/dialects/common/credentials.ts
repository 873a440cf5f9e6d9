import type { Authenticator } from '../../auth/authenticator.ts';
import type { VerifiedToken } from '../../auth/tokens.ts';
import { DomainError } from '../../core/errors.ts';

/**
 * The user behind the tokens a client presents: in the query, in the CONNECT headers, or both, and then of the same
 * user. The session lasts as long as the token that expires first. EAUTH.
 */
export async function authenticateAll(
  authenticator: Authenticator,
  tokens: readonly (string | null | undefined)[],
): Promise<VerifiedToken> {
  const presented = [
    ...new Set(tokens.filter((token) => typeof token === 'string' && token !== '')),
  ] as string[];
  const [first, ...others] = await Promise.all(presented.map((token) => authenticator.authenticate(token)));
  if (!first) throw new DomainError('EAUTH', 'a token is needed');
  for (const other of others) {
    if (!isSameUser(first, other)) throw new DomainError('EAUTH', 'the tokens are of different users');
  }
  return { ...first, expiresAt: Math.min(first.expiresAt, ...others.map(({ expiresAt }) => expiresAt)) };
}

/** The token of an `Authorization` value: with the `Bearer` scheme, or bare as some clients send it. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return authorization?.replace(/^Bearer\s+/i, '').trim();
}

/** A header by its name in any case: clients differ in how they write `Authorization`. */
export function headerOf(headers: ReadonlyMap<string, string>, name: string): string | undefined {
  const exact = headers.get(name);
  if (exact !== undefined) return exact;
  for (const [key, value] of headers) if (key.toLowerCase() === name.toLowerCase()) return value;
  return undefined;
}

function isSameUser({ principal: a }: VerifiedToken, { principal: b }: VerifiedToken): boolean {
  return a.tenant === b.tenant && a.userId === b.userId;
}
