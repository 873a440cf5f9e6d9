import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionOrigin } from './base-connection.ts';
import type { ConnectionAcceptor } from './connection.ts';
import type { TransportContext } from './context.ts';
import { ContextPath } from './context-path.ts';
import type { MountOptions } from './options.ts';
import { type AllowedOrigins, isOriginAllowed, originOf } from './origin.ts';
import {
  addressedHost,
  addressedScheme,
  clientAddress,
  HttpConnectionRequest,
  parseTarget,
  type Target,
} from './request.ts';
import { SockJsRoutes } from './sockjs/routes.ts';
import { PLAIN_FRAMING, WebSocketConnection, type WebSocketFraming } from './websocket-connection.ts';
import { refuseUpgrade, WebSocketUpgrader } from './websocket-upgrade.ts';

/** One path that clients connect to, and the paths below it that SockJS needs. */
export class MountPoint {
  /** Without a slash at its end; empty for the root. */
  readonly path: string;
  readonly context: TransportContext;
  readonly accept: ConnectionAcceptor;
  readonly maxMessageBytes: number;
  readonly allowedOrigins: AllowedOrigins;
  readonly #maxQueuedBytes: number;
  readonly #servesRaw: boolean;
  readonly #upgrader: WebSocketUpgrader;
  readonly #sockJs: SockJsRoutes | undefined;
  readonly #contextPath: ContextPath | undefined;

  constructor(context: TransportContext, path: string, accept: ConnectionAcceptor, options: MountOptions) {
    const { settings } = context;
    const { rawWebSocket = true, subprotocols = [], sockJs = false } = options;
    this.path = path.replace(/\/+$/, '');
    this.context = context;
    this.accept = accept;
    this.maxMessageBytes = options.maxMessageBytes ?? settings.maxMessageBytes;
    this.allowedOrigins = options.allowedOrigins ?? settings.allowedOrigins;
    this.#maxQueuedBytes = options.maxQueuedBytes ?? settings.maxQueuedBytes;
    this.#servesRaw = rawWebSocket;
    this.#upgrader = new WebSocketUpgrader({
      ...settings,
      maxMessageBytes: this.maxMessageBytes,
      subprotocols,
    });
    if (options.contextPath !== undefined)
      this.#contextPath = new ContextPath(options.contextPath, this.path);
    if (sockJs !== false) this.#sockJs = new SockJsRoutes(this, sockJs === true ? {} : sockJs);
  }

  /** Whether a request's path is this mount point's. */
  owns(path: string): boolean {
    if (path === this.path || (this.path === '' && path === '/')) return true;
    return this.#sockJs !== undefined && path.startsWith(`${this.path}/`);
  }

  /** A path with something before this mount point's, without that; undefined where it is none. */
  below(path: string): string | undefined {
    return this.#contextPath?.without(path);
  }

  /** Whether a request is about a SockJS session that there is. */
  hasSessionAt({ path }: Target): boolean {
    return this.#sockJs?.hasSessionAt(path.slice(this.path.length)) ?? false;
  }

  handle(request: IncomingMessage, response: ServerResponse, { path, query }: Target): void {
    if (this.#sockJs !== undefined) {
      this.#sockJs.handle(request, response, path.slice(this.path.length), query);
      return;
    }
    // RFC 9110 section 15.5.22.
    response.writeHead(426, { Connection: 'Upgrade', Upgrade: 'websocket' }).end();
  }

  handleUpgrade(request: IncomingMessage, socket: Socket, head: Buffer, { path }: Target): void {
    const rest = path.slice(this.path.length);
    if (request.method !== 'GET') refuseUpgrade(socket, 405, { Allow: 'GET' });
    else if (this.#servesRaw && (rest === '' || path === '/')) this.upgradeRaw(request, socket, head);
    else if (this.#sockJs !== undefined) this.#sockJs.upgrade(request, socket, head, rest);
    else refuseUpgrade(socket, 404);
  }

  upgradeRaw(request: IncomingMessage, socket: Socket, head: Buffer): void {
    this.upgrade(this.#upgrader, PLAIN_FRAMING, request, socket, head);
  }

  upgrade(
    upgrader: WebSocketUpgrader,
    framing: WebSocketFraming,
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
  ): void {
    if (!this.admits(request)) {
      refuseUpgrade(socket, 403, {}, 'Origin not allowed.\n');
      return;
    }
    upgrader.upgrade(request, socket, head, (webSocket) => {
      const parts = { webSocket, socket, framing, maxMessageBytes: this.maxMessageBytes };
      new WebSocketConnection(this.originOf(request), parts).start(this.accept);
    });
  }

  /** Whether the page that the request comes from may connect. */
  admits(request: IncomingMessage): boolean {
    const { settings, events } = this.context;
    const host = addressedHost(request.headers, settings.trustedProxies);
    const scheme = addressedScheme(request.headers, settings.trustedProxies);
    if (isOriginAllowed(request.headers, host, this.allowedOrigins, scheme)) return true;
    const { path } = parseTarget(request.url);
    const address = clientAddress(request, settings.trustedProxies);
    events.refused('origin', { origin: originOf(request.headers) ?? '', address, path });
    return false;
  }

  /** What a connection begun by this request is made from. */
  originOf(request: IncomingMessage): ConnectionOrigin {
    const { query } = parseTarget(request.url);
    const { trustedProxies } = this.context.settings;
    return {
      context: this.context,
      request: new HttpConnectionRequest(this.path === '' ? '/' : this.path, query, request, trustedProxies),
      maxQueuedBytes: this.#maxQueuedBytes,
    };
  }
}
