import type { Authenticated, Authenticator } from '../../auth/authenticator.ts';
import type { ConnectionRequest } from '../../transport/connection.ts';

/**
 * The user behind the tokens a client presents: in its request, in the CONNECT headers, or both, and then of the same
 * user. The session lasts as long as the token that expires first. EAUTH.
 *
 * @param tenant of which the user must be, or `ANY_TENANT`; the tokens of others make no users
 */
export function authenticateAll(
  authenticator: Authenticator,
  tokens: readonly (string | null | undefined)[],
  tenant: string,
): Promise<Authenticated> {
  const presented = tokens.filter((token) => typeof token === 'string' && token !== '') as string[];
  return authenticator.authenticate(presented, tenant);
}

/** What the protocols' clients call the token, in the query and in the headers of CONNECT. */
const TOKEN_NAMES = ['token', 'srect', 'userSig'] as const;

/**
 * The tokens that came with the connection's first request: in the query, or as `Authorization: Bearer` from clients that
 * are no browsers. Other schemes are for a proxy in front.
 */
export function requestTokens({ query, authorizations }: ConnectionRequest): (string | undefined)[] {
  const bearers = authorizations.filter((authorization) => /^Bearer\s/i.test(authorization));
  return [...TOKEN_NAMES.flatMap((name) => query.getAll(name)), ...bearers.map(bearerToken)];
}

/** The token of an `Authorization` value: with the `Bearer` scheme, or bare as some clients send it. */
export function bearerToken(authorization: string): string {
  return authorization.replace(/^Bearer\s+/i, '').trim();
}

/** The tokens of a frame's headers, whose names clients write in any case. */
export function headerTokens(headers: ReadonlyMap<string, string>): string[] {
  const named = TOKEN_NAMES.flatMap((name) => headersOf(headers, name));
  return [...headersOf(headers, 'authorization').map(bearerToken), ...named];
}

/** A header by its name in any case: clients differ in how they write them. */
export function headerOf(headers: ReadonlyMap<string, string>, name: string): string | undefined {
  return headers.get(name) ?? headersOf(headers, name)[0];
}

/** All headers of this name. */
export function headersOf(headers: ReadonlyMap<string, string>, name: string): string[] {
  const wanted = name.toLowerCase();
  return [...headers].flatMap(([key, value]) => (key.toLowerCase() === wanted ? [value] : []));
}
