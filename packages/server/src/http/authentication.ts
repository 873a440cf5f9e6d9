import type { onRequestAsyncHookHandler } from 'fastify';
import type { Authenticator } from '../auth/authenticator.ts';
import { DomainError } from '../core/errors.ts';

/** Refuses (EAUTH) whoever brings no valid token in the Authorization header. */
export function requireToken(authenticator: Authenticator): onRequestAsyncHookHandler {
  return async (request) => {
    const [, token] = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '') ?? [];
    if (token === undefined) {
      throw new DomainError('EAUTH', 'a token is needed: send the header "Authorization: Bearer <token>"');
    }
    request.principal = (await authenticator.authenticate(token)).principal;
  };
}
