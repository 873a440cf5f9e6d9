import type { IncomingMessage, ServerResponse } from 'node:http';

export const TEXT = 'text/plain; charset=UTF-8';
export const JAVASCRIPT = 'application/javascript; charset=UTF-8';
export const HTML = 'text/html; charset=UTF-8';

const YEAR_SECONDS = 31_536_000;

/** Answers completely. An empty body goes without a content type. */
export function respond(response: ServerResponse, status: number, contentType = TEXT, body = ''): void {
  response.statusCode = status;
  if (body !== '') {
    response.setHeader('Content-Type', contentType);
    // Node tells the length by itself to HTTP/1.1 only.
    response.setHeader('Content-Length', Buffer.byteLength(body));
  }
  response.end(body);
}

/** A path that SockJS does not know. */
export function respondNotFound(response: ServerResponse): void {
  respond(response, 404, TEXT, 'Not found\n');
}

/**
 * Whether a request has one of a path's methods. If not, it is answered: sockjs-protocol 1.0, `verify405`, wants an
 * `Allow` header and nothing else.
 */
export function hasMethod(
  request: IncomingMessage,
  response: ServerResponse,
  methods: readonly string[],
): boolean {
  if (methods.includes(request.method ?? '')) return true;
  response.setHeader('Allow', methods.join(', '));
  respond(response, 405);
  return false;
}

/**
 * Lets the page that asks read the answer, with cookies. Origins that are not allowed do not come this far; `null`,
 * the origin of a file, is echoed like any other (sockjs-protocol 1.0, `verify_cors`).
 */
export function setCorsHeaders(request: IncomingMessage, response: ServerResponse): void {
  const { origin } = request.headers;
  response.setHeader('Access-Control-Allow-Origin', origin ?? '*');
  if (origin !== undefined) response.setHeader('Access-Control-Allow-Credentials', 'true');
  response.setHeader('Vary', 'Origin');
}

/** sockjs-protocol 1.0, `verify_not_cached`. */
export function setUncached(response: ServerResponse): void {
  response.setHeader('Cache-Control', 'no-store, no-cache, no-transform, must-revalidate, max-age=0');
}

/** For what does not change while this server runs. */
export function setCached(response: ServerResponse): void {
  response.setHeader('Cache-Control', `public, max-age=${YEAR_SECONDS}`);
  response.setHeader('Expires', new Date(Date.now() + YEAR_SECONDS * 1000).toUTCString());
}

/** Answers a CORS preflight (sockjs-protocol 1.0, `verify_options`). CORS headers are set already. */
export function respondPreflight(
  request: IncomingMessage,
  response: ServerResponse,
  methods: readonly string[],
): void {
  setCached(response);
  response.setHeader('Access-Control-Max-Age', String(YEAR_SECONDS));
  response.setHeader('Access-Control-Allow-Methods', methods.join(', '));
  const headers = request.headers['access-control-request-headers'];
  if (headers) response.setHeader('Access-Control-Allow-Headers', headers);
  respond(response, 204);
}

/**
 * Sets the cookie that makes some load balancers sticky; one that is there already is repeated, for load balancers
 * that put something into it (sockjs-protocol 1.0, "JSESSIONID cookie").
 */
export function setStickyCookie(request: IncomingMessage, response: ServerResponse): void {
  const value = /(?:^|;\s*)JSESSIONID=([\w!#$%&'()*+./:<=>?@[\]^`{|}~-]+)/.exec(request.headers.cookie ?? '');
  response.setHeader('Set-Cookie', `JSESSIONID=${value?.[1] ?? 'dummy'}; path=/`);
}
