import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { MountPoint } from '../mount.ts';
import type { SockJsMountOptions } from '../options.ts';
import { framePolicy } from '../origin.ts';
import { refuseUpgrade, WebSocketUpgrader } from '../websocket-upgrade.ts';
import { EVENTSOURCE } from './eventsource.ts';
import { bodyLimit, Exchange } from './exchange.ts';
import { HTMLFILE } from './htmlfile.ts';
import {
  hasMethod,
  respond,
  respondNotFound,
  respondPreflight,
  setCorsHeaders,
  setStickyCookie,
  TEXT,
} from './http.ts';
import { IFRAME_PATH, IframePage } from './iframe.ts';
import { respondInfo } from './info.ts';
import { JSONP, JSONP_SEND } from './jsonp.ts';
import { SessionTable } from './session-table.ts';
import { SOCKJS_FRAMING } from './websocket.ts';
import { XHR, XHR_SEND, XHR_STREAMING } from './xhr.ts';

/** One of the URLs below a session's. */
export interface SessionEndpoint {
  readonly method: 'GET' | 'POST';
  handle(exchange: Exchange): void | Promise<void>;
}

const ENDPOINTS: ReadonlyMap<string, SessionEndpoint> = new Map([
  ['xhr', XHR],
  ['xhr_send', XHR_SEND],
  ['xhr_streaming', XHR_STREAMING],
  ['eventsource', EVENTSOURCE],
  ['htmlfile', HTMLFILE],
  ['jsonp', JSONP],
  ['jsonp_send', JSONP_SEND],
]);

/** `/{server}/{session}/{transport}`: the server part is for load balancers, and no part holds a dot. */
const SESSION_PATH = /^\/[^/.]+\/([^/.]+)\/([^/.]+)$/;

/** Plain WebSockets, for programs that find SockJS's framing too much. */
const RAW_WEBSOCKET_PATH = '/websocket';

/** All paths below one SockJS base URL. `rest` is what follows the base, and begins with a slash or is empty. */
export class SockJsRoutes {
  readonly #mount: MountPoint;
  readonly #websocket: boolean;
  readonly #cookies: boolean;
  readonly #iframe: IframePage;
  readonly #sessions: SessionTable;
  readonly #upgrader: WebSocketUpgrader;

  constructor(mount: MountPoint, { websocket = true, cookies = false, streamingLimit }: SockJsMountOptions) {
    const { settings } = mount.context;
    this.#mount = mount;
    this.#websocket = websocket;
    this.#cookies = cookies;
    this.#iframe = new IframePage(settings.sockJsClientUrl, framePolicy(mount.allowedOrigins));
    this.#sessions = new SessionTable(mount, streamingLimit ?? settings.sockJsStreamingLimit);
    this.#upgrader = new WebSocketUpgrader({
      ...settings,
      maxMessageBytes: bodyLimit(mount.maxMessageBytes),
      subprotocols: [],
    });
  }

  handle(request: IncomingMessage, response: ServerResponse, rest: string, query: string): void {
    if (rest === '' || rest === '/') greet(request, response);
    else if (IFRAME_PATH.test(rest)) this.#serveIframe(request, response);
    else if (this.#isWebSocketPath(rest)) refuseWithoutUpgrade(request, response);
    else if (rest === '/info') this.#serveInfo(request, response);
    else this.#serveSession(request, response, rest, query);
  }

  hasSessionAt(rest: string): boolean {
    const [, id] = SESSION_PATH.exec(rest) ?? [];
    return id !== undefined && this.#sessions.find(id) !== undefined;
  }

  /** Paths of WebSockets below the base URL; others are none of them. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, rest: string): void {
    if (!this.#isWebSocketPath(rest)) refuseUpgrade(socket, 404);
    else if (rest === RAW_WEBSOCKET_PATH) this.#mount.upgradeRaw(request, socket, head);
    else this.#mount.upgrade(this.#upgrader, SOCKJS_FRAMING, request, socket, head);
  }

  #serveIframe(request: IncomingMessage, response: ServerResponse): void {
    if (hasMethod(request, response, ['GET'])) this.#iframe.respond(request, response);
  }

  #serveInfo(request: IncomingMessage, response: ServerResponse): void {
    if (this.#admits(request, response, ['OPTIONS', 'GET'])) {
      respondInfo(response, this.#websocket, this.#cookies);
    }
  }

  #serveSession(request: IncomingMessage, response: ServerResponse, rest: string, query: string): void {
    const [, sessionId = '', transport = ''] = SESSION_PATH.exec(rest) ?? [];
    const endpoint = ENDPOINTS.get(transport);
    if (endpoint === undefined) {
      respondNotFound(response);
      return;
    }
    if (this.#cookies) setStickyCookie(request, response);
    if (this.#admits(request, response, ['OPTIONS', endpoint.method])) {
      void endpoint.handle(new Exchange(request, response, query, sessionId, this.#sessions));
    }
  }

  /** Whether a request to a path that pages of other origins use is to be served. If not, it is answered. */
  #admits(request: IncomingMessage, response: ServerResponse, methods: readonly string[]): boolean {
    if (!this.#mount.admits(request)) {
      respond(response, 403, TEXT, 'Origin not allowed.\n');
      return false;
    }
    setCorsHeaders(request, response);
    if (!hasMethod(request, response, methods)) return false;
    if (request.method !== 'OPTIONS') return true;
    respondPreflight(request, response, methods);
    return false;
  }

  #isWebSocketPath(rest: string): boolean {
    return this.#websocket && (rest === RAW_WEBSOCKET_PATH || SESSION_PATH.exec(rest)?.[2] === 'websocket');
  }
}

function greet(request: IncomingMessage, response: ServerResponse): void {
  if (hasMethod(request, response, ['GET'])) respond(response, 200, TEXT, 'Welcome to SockJS!\n');
}

/** sockjs-protocol 1.0, `WebsocketHttpErrors`. */
function refuseWithoutUpgrade(request: IncomingMessage, response: ServerResponse): void {
  if (!hasMethod(request, response, ['GET'])) return;
  const asksForWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket';
  const problem = asksForWebSocket ? '"Connection" must be "Upgrade".' : 'Can "Upgrade" only to "WebSocket".';
  respond(response, 400, TEXT, problem);
}
