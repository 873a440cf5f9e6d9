import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { Authenticator } from '../auth/authenticator.ts';
import { DomainError } from '../core/errors.ts';

/** Refuses (EAUTH) whoever brings no valid token in the Authorization header. */
export function requireToken(authenticator: Authenticator): onRequestAsyncHookHandler {
  return async (request) => {
    const token = bearerOf(request);
    if (token === undefined) {
      throw new DomainError('EAUTH', 'a token is needed: send the header "Authorization: Bearer <token>"');
    }
    request.principal = (await authenticator.authenticate(token)).principal;
  };
}

/**
 * The same for what pages show: their pictures and links carry a token in the query, as they can send no header. Where
 * there are both, both must be valid and of the same user.
 */
export function requireTokenAnywhere(authenticator: Authenticator): onRequestAsyncHookHandler {
  return async (request) => {
    const { token } = request.query as { readonly token?: unknown };
    const tokens = [bearerOf(request), ...[token].flat()].filter((given) => given !== undefined);
    const found = await Promise.all(
      tokens.map(async (given) => (await authenticator.authenticate(String(given))).principal),
    );
    const [principal, ...others] = found;
    if (!principal) {
      throw new DomainError('EAUTH', 'a token is needed: in the Authorization header, or as ?token=');
    }
    if (others.some(({ tenant, userId }) => tenant !== principal.tenant || userId !== principal.userId)) {
      throw new DomainError('EAUTH', 'the tokens of header and query are of different users');
    }
    request.principal = principal;
  };
}

function bearerOf({ headers }: FastifyRequest): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}
