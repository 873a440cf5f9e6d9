import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { ConnectionRequest } from './connection.ts';
import type { Scheme } from './origin.ts';

/** A request's target, split. */
export interface Target {
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
}

/** Splits a request target in origin form or, as proxies send it, in absolute form (RFC 9112 section 3.2). */
export function parseTarget(url = '/'): Target {
  const relative = url.startsWith('/') ? url : url.replace(/^[a-z]+:\/\/[^/?]*/i, '');
  const mark = relative.indexOf('?');
  const path = mark === -1 ? relative : relative.slice(0, mark);
  return { path: path === '' ? '/' : path, query: mark === -1 ? '' : relative.slice(mark + 1) };
}

/** RFC 9112 section 3.2: whoever looks at the other one than we do sees another request. */
export function hasSeveralHosts({ headersDistinct }: IncomingMessage): boolean {
  return (headersDistinct.host?.length ?? 0) > 1;
}

/** The Host that the client addressed; a trusted proxy may have put it aside. */
export function addressedHost(headers: IncomingHttpHeaders, trustedProxies: number): string | undefined {
  const forwarded = trustedProxies > 0 ? headers['x-forwarded-host'] : undefined;
  return typeof forwarded === 'string' ? forwarded : headers.host;
}

/** How the client addressed the server, where a trusted proxy says it: whether there is TLS in front is unknown otherwise. */
export function addressedScheme(headers: IncomingHttpHeaders, trustedProxies: number): Scheme | undefined {
  const forwarded = trustedProxies > 0 ? headers['x-forwarded-proto'] : undefined;
  if (forwarded === undefined) return undefined;
  const hops = String(forwarded).split(',');
  const scheme = hops[Math.max(0, hops.length - trustedProxies)]?.trim().toLowerCase();
  // Some proxies say by what the client speaks, not by what it reads.
  if (scheme === 'https' || scheme === 'wss') return 'https';
  return scheme === 'http' || scheme === 'ws' ? 'http' : undefined;
}

/** The client's address: the socket's peer or, behind trusted proxies, what the outermost of them saw. */
export function clientAddress(request: IncomingMessage, trustedProxies: number): string {
  const peer = request.socket.remoteAddress ?? '';
  const forwarded = request.headers['x-forwarded-for'];
  if (trustedProxies === 0 || forwarded === undefined) return bareAddress(peer);
  const hops = [...String(forwarded).split(','), peer].map((hop) => hop.trim());
  return bareAddress(hops[Math.max(0, hops.length - 1 - trustedProxies)] ?? peer);
}

/**
 * An address without the port that some proxies append, and without the brackets around IPv6. A dual-stack socket
 * reports IPv4 peers as IPv4-mapped IPv6 addresses (RFC 4291 section 2.5.5.2).
 */
function bareAddress(hop: string): string {
  const [, bracketed, dotted] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d*)?$/.exec(hop) ?? [];
  const address = bracketed ?? dotted ?? hop;
  return /^::ffff:(?=[\d.]+$)/i.test(address) ? address.slice('::ffff:'.length) : address;
}

/** Keeps what a connection's first request said, without the request itself. */
export class HttpConnectionRequest implements ConnectionRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly authorizations: readonly string[];
  readonly remoteAddress: string;
  readonly #query: string;

  constructor(path: string, query: string, request: IncomingMessage, trustedProxies: number) {
    this.path = path;
    this.#query = query;
    this.headers = request.headers;
    this.authorizations = request.headersDistinct.authorization ?? [];
    this.remoteAddress = clientAddress(request, trustedProxies);
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.#query);
  }
}
