import type { Authenticator } from '../../auth/authenticator.ts';
import type { VerifiedToken } from '../../auth/tokens.ts';
import { DomainError } from '../../core/errors.ts';
import { ANY_TENANT, type Principal } from '../../core/model.ts';
import type { ConnectionRequest } from '../../transport/connection.ts';

/**
 * The user behind the tokens a client presents: in its request, in the CONNECT headers, or both, and then of the same
 * user. The session lasts as long as the token that expires first. EAUTH.
 *
 * @param tenant of which the user must be, or `ANY_TENANT`; the tokens of others make no users
 */
export async function authenticateAll(
  authenticator: Authenticator,
  tokens: readonly (string | null | undefined)[],
  tenant: string,
): Promise<VerifiedToken> {
  const presented = [
    ...new Set(tokens.filter((token) => typeof token === 'string' && token !== '')),
  ] as string[];
  const [first, ...others] = await Promise.all(presented.map((token) => authenticator.verify(token)));
  if (!first) throw new DomainError('EAUTH', 'a token is needed');
  for (const other of others) {
    if (!isSameUser(first, other)) throw new DomainError('EAUTH', 'the tokens are of different users');
  }
  requireTenant(first.principal, tenant);
  await authenticator.requireUser(first.principal);
  return { ...first, expiresAt: Math.min(first.expiresAt, ...others.map(({ expiresAt }) => expiresAt)) };
}

/**
 * The tokens that came with the connection's first request: in the query, or as `Authorization: Bearer` from clients that
 * are no browsers. Other schemes are for a proxy in front.
 */
export function requestTokens({ query, headers }: ConnectionRequest): (string | null | undefined)[] {
  const { authorization } = headers;
  const isBearer = authorization !== undefined && /^Bearer\s/i.test(authorization);
  return [query.get('token'), isBearer ? bearerToken(authorization) : undefined];
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

function requireTenant(principal: Principal, tenant: string): void {
  if (tenant === ANY_TENANT || principal.tenant === tenant) return;
  throw new DomainError('EAUTH', 'the token is of another application');
}

function isSameUser({ principal: a }: VerifiedToken, { principal: b }: VerifiedToken): boolean {
  return a.tenant === b.tenant && a.userId === b.userId;
}
