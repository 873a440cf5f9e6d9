import type { IncomingHttpHeaders } from 'node:http';

/** `'*'`: any page; `'same-origin'`: none of another host; else the origins listed (`https://chat.example`) as well. */
export type AllowedOrigins = 'same-origin' | '*' | readonly string[];

export type Scheme = 'http' | 'https';

/**
 * Whether the page that a request comes from may use this server (RFC 6455 section 10.2). A request without any
 * trace of a page, such as a program's, may.
 *
 * @param host the host that the client addressed, in the form of a Host header
 * @param scheme by which it did, where that is known: a page that came without TLS is another one than that with it
 */
export function isOriginAllowed(
  headers: IncomingHttpHeaders,
  host: string | undefined,
  allowed: AllowedOrigins,
  scheme?: Scheme,
): boolean {
  if (allowed === '*') return true;
  const origin = originOf(headers)?.toLowerCase();
  if (origin === undefined || isOwn(origin, host, scheme)) return true;
  return allowed !== 'same-origin' && allowed.some((candidate) => candidate.toLowerCase() === origin);
}

/** Who may put our pages into a frame, as a `Content-Security-Policy`; undefined where everyone may. */
export function framePolicy(allowed: AllowedOrigins): string | undefined {
  if (allowed === '*') return undefined;
  return ['frame-ancestors', "'self'", ...(allowed === 'same-origin' ? [] : allowed)].join(' ');
}

/**
 * The origin a request claims; browsers of the drafts before RFC 6455 call it `Sec-WebSocket-Origin`. Script tags and frames of foreign pages (JSONP, htmlfile) send none, but browsers mark
 * them by `Sec-Fetch-Site`; for those the referring page counts, and one that hides itself is nobody's.
 */
export function originOf(headers: IncomingHttpHeaders): string | undefined {
  const origin = headers.origin ?? headers['sec-websocket-origin'];
  if (origin !== undefined) return String(origin);
  const site = headers['sec-fetch-site'];
  if (site !== 'cross-site' && site !== 'same-site') return undefined;
  return headers.referer !== undefined && URL.canParse(headers.referer)
    ? new URL(headers.referer).origin
    : 'null';
}

/** Whether the origin is the server's own, in host, port and scheme. Without a known scheme, that of the page counts. */
function isOwn(origin: string, host: string | undefined, scheme?: Scheme): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  const own = `${scheme ?? page.protocol.slice(0, -1)}://${host}`;
  return /^https?:$/.test(page.protocol) && URL.canParse(own) && new URL(own).origin === page.origin;
}
