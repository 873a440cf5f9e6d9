import type { FastifyRequest, onRequestAsyncHookHandler, preHandlerAsyncHookHandler } from 'fastify';
import type { Authenticated, Authenticator } from '../auth/authenticator.ts';
import { DomainError } from '../core/errors.ts';

/** By request, until its answer is on the way. */
const AUTHENTICATED = new WeakMap<FastifyRequest, Authenticated>();

/** Refuses (EAUTH) whoever brings no valid token in the Authorization header. All that are brought must be of one user. */
export function requireToken(authenticator: Authenticator): onRequestAsyncHookHandler {
  return async (request) => {
    const bearers = bearersOf(request);
    if (bearers.length === 0) {
      throw new DomainError('EAUTH', 'a token is needed: send the header "Authorization: Bearer <token>"', {
        reason: 'token-missing',
      });
    }
    await authenticate(authenticator, request, [...bearers, ...queryTokens(request)]);
  };
}

/**
 * The same for what pages show: their pictures and links carry a token in the query, as they can send no header. Where
 * there are several tokens, all must be valid and of the same user.
 */
export function requireTokenAnywhere(authenticator: Authenticator): onRequestAsyncHookHandler {
  return async (request) => {
    const tokens = [...bearersOf(request), ...queryTokens(request)];
    if (tokens.length === 0) {
      throw new DomainError('EAUTH', 'a token is needed: in the Authorization header, or as ?token=', {
        reason: 'token-missing',
      });
    }
    await authenticate(authenticator, request, tokens);
  };
}

/** A body may take long to come. Refuses (EAUTH) one whose sender was deleted, or lost its tokens, meanwhile. */
export function requireTokenStill(authenticator: Authenticator): preHandlerAsyncHookHandler {
  return async (request) => {
    const authenticated = AUTHENTICATED.get(request);
    if (authenticated && request.body !== undefined) await authenticator.confirm(authenticated);
  };
}

async function authenticate(
  authenticator: Authenticator,
  request: FastifyRequest,
  tokens: readonly string[],
): Promise<void> {
  const authenticated = await authenticator.authenticate(tokens);
  AUTHENTICATED.set(request, authenticated);
  request.principal = authenticated.principal;
}

function bearersOf({ raw }: FastifyRequest): string[] {
  const { authorization = [] } = raw.headersDistinct;
  return authorization.flatMap((value) => /^Bearer +(\S+) *$/i.exec(value)?.[1] ?? []);
}

function queryTokens(request: FastifyRequest): string[] {
  const { token } = request.query as { readonly token?: unknown };
  return [token].flat().flatMap((given) => (given === undefined ? [] : [String(given)]));
}
