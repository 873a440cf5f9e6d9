import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { DomainError } from '../core/errors.ts';
import type { AddressOf } from './client.ts';

const NO_CONTENT = 204;
const PREFLIGHT_SECONDS = 600;
const EXPOSED = 'retry-after, www-authenticate, etag, content-range, content-disposition';
/** A client may write anything there. */
const MAX_SHOWN_ORIGIN = 200;

/** Headers for every reply: nothing of ours is to be sniffed, framed, cached or run. Pages set their own policy. */
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
} as const;

export const secureHeaders: onRequestHookHandler = (_request, reply, done) => {
  reply.headers(HEADERS);
  done();
};

/** RFC 9112 section 3.2: a proxy that looks at the other one sees another request than we do. */
export const requireOneHost: onRequestHookHandler = ({ raw }, _reply, done) => {
  const { host = [] } = raw.headersDistinct;
  done(host.length > 1 ? new DomainError('EINVAL', 'the request has several Host headers') : undefined);
};

/**
 * Lets pages of the allowed origins use the API (CORS), and answers their preflights. Tokens travel in a header that a
 * page sets itself and never in cookies, so that credentials stay off.
 */
export function shareWithOrigins(allowed: readonly string[], addressOf: AddressOf): onRequestHookHandler {
  return (request, reply, done) => {
    reply.header('vary', 'origin');
    const { origin } = request.headers;
    if (origin === undefined) return done();
    if (!(allowed.includes('*') || allowed.includes(origin.toLowerCase()))) {
      return done(isPreflight(request) ? refusedPage(request, origin, addressOf) : undefined);
    }
    reply.header('access-control-allow-origin', allowed.includes('*') ? '*' : origin);
    reply.header('access-control-expose-headers', EXPOSED);
    if (!isPreflight(request)) return done();
    answerPreflight(reply);
    return undefined;
  };
}

/** Browsers show their page nothing of it, but whoever looks for the cause finds it in their tools and in the log. */
function refusedPage({ raw, log }: FastifyRequest, origin: string, addressOf: AddressOf): DomainError {
  const shown = origin.slice(0, MAX_SHOWN_ORIGIN);
  const [path] = (raw.url ?? '').split('?');
  const page = { origin: shown, address: addressOf(raw), path };
  log.warn(page, 'a page was refused: allowedOrigins does not list its origin');
  return new DomainError('EPERM', `the setting allowedOrigins does not list the origin ${shown}`, {
    field: 'origin',
  });
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

function answerPreflight(reply: FastifyReply): void {
  reply
    .headers({
      'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'authorization, content-type, range, if-range, if-none-match',
      'access-control-max-age': PREFLIGHT_SECONDS,
    })
    .code(NO_CONTENT)
    .send();
}
