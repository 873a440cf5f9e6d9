import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';

const NO_CONTENT = 204;
const PREFLIGHT_SECONDS = 600;

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

/**
 * Lets pages of the allowed origins use the API (CORS), and answers their preflights. Tokens travel in a header that a
 * page sets itself and never in cookies, so that credentials stay off.
 */
export function shareWithOrigins(allowed: readonly string[]): onRequestHookHandler {
  return (request, reply, done) => {
    reply.header('vary', 'origin');
    const { origin } = request.headers;
    if (origin === undefined || !(allowed.includes('*') || allowed.includes(origin.toLowerCase())))
      return done();
    reply.header('access-control-allow-origin', allowed.includes('*') ? '*' : origin);
    reply.header('access-control-expose-headers', 'retry-after, etag, content-range, content-disposition');
    if (!isPreflight(request)) return done();
    answerPreflight(reply);
    return undefined;
  };
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
