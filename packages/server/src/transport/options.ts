import type { CloseCause, Connection } from './connection.ts';
import type { AllowedOrigins } from './origin.ts';

/** Why a request did not become a connection. */
export type RefusalReason =
  | 'origin' // its page is not on the list
  | 'sessions' // too many SockJS sessions
  | 'shutdown'; // the server is stopping

/** The page of another origin that was refused, and who asked for it. */
export interface RefusedPage {
  readonly origin: string;
  readonly address: string;
  readonly path: string;
}

/** What the transports tell a metrics or log adapter. No call may throw. */
export interface TransportEvents {
  opened(connection: Connection): void;
  closed(connection: Connection, cause: CloseCause): void;
  /** Message bytes received, without framing. */
  bytesIn(count: number): void;
  /** Framed bytes given to the sockets, told together for all connections of a tick. */
  bytesOut(count: number): void;
  /** @param page where the reason is its origin */
  refused(reason: RefusalReason, page?: RefusedPage): void;
  /** A handler broke its contract and threw; its connection is closed with 1011. */
  failed(connection: Connection, error: unknown): void;
}

export interface TransportSettings {
  /** Longest message of a client, in bytes. A longer one closes the connection with 1009. */
  readonly maxMessageBytes: number;
  /** Bytes that may wait for one slow reader: more memory against more patience. */
  readonly maxQueuedBytes: number;
  /** Milliseconds between WebSocket pings; a client silent for a whole interval after one is gone. 0: no pings. */
  readonly pingInterval: number;
  /** Milliseconds that a closing handshake, or the last bytes to a slow reader, may take. */
  readonly closeTimeout: number;
  /** Compresses per connection where the client offers it: saves bandwidth, gives up shared buffers and much CPU. */
  readonly perMessageDeflate: boolean;
  /** Pages that may connect, by their `Origin`. A page of the same host always may, and so may what is no page. */
  readonly allowedOrigins: AllowedOrigins;
  /** Reverse proxies in front that append to `X-Forwarded-For`; 0: clients connect directly and the header is a lie. */
  readonly trustedProxies: number;
  /** Milliseconds without a frame after which SockJS sends `h`. 0: never. */
  readonly sockJsHeartbeat: number;
  /** Milliseconds that a SockJS session outlives its last receiver, and that a closed one repeats its close frame. */
  readonly sockJsSessionTimeout: number;
  /** Bytes after which a streaming response ends and the client asks again: browsers keep all of it in memory. */
  readonly sockJsStreamingLimit: number;
  /** SockJS sessions over HTTP at one mount point; a new one beyond is answered 503. */
  readonly maxSockJsSessions: number;
  /** Where the iframe page of old browsers loads sockjs-client from: an absolute path or URL. */
  readonly sockJsClientUrl: string;
}

export type TransportOptions = Partial<TransportSettings> & { readonly events?: Partial<TransportEvents> };

export const DEFAULT_SETTINGS: TransportSettings = Object.freeze({
  maxMessageBytes: 64 * 1024,
  maxQueuedBytes: 1024 * 1024,
  pingInterval: 25_000,
  closeTimeout: 5_000,
  perMessageDeflate: false,
  allowedOrigins: 'same-origin',
  trustedProxies: 0,
  sockJsHeartbeat: 25_000,
  sockJsSessionTimeout: 5_000,
  sockJsStreamingLimit: 128 * 1024,
  maxSockJsSessions: 50_000,
  sockJsClientUrl: 'https://cdn.jsdelivr.net/npm/sockjs-client@1/dist/sockjs.min.js',
});

/** What one mount point serves, and where it differs from the server's settings. */
export interface MountOptions {
  /** Whether the path itself takes plain WebSockets. Default: yes. */
  readonly rawWebSocket?: boolean;
  /** Subprotocols of plain WebSockets, the preferred first. A client that offers none of them is still served. */
  readonly subprotocols?: readonly string[];
  /** Whether the paths below speak SockJS. Default: no. */
  readonly sockJs?: boolean | SockJsMountOptions;
  /** Overrides of the server's settings. */
  readonly maxMessageBytes?: number;
  readonly maxQueuedBytes?: number;
  readonly allowedOrigins?: AllowedOrigins;
  /** A pattern of what may stand before the path, such as `/*` or `/**`; what belongs to another mount point stays there. */
  readonly contextPath?: string;
}

export interface SockJsMountOptions {
  /** Whether SockJS may use WebSockets. Default: yes. */
  readonly websocket?: boolean;
  /** Sets the JSESSIONID cookie that some load balancers need to be sticky. Default: no. */
  readonly cookies?: boolean;
  /** Overrides `sockJsStreamingLimit`. */
  readonly streamingLimit?: number;
}

/** Says which option makes no sense rather than let it surface as odd behaviour. */
export function checkSettings(settings: TransportSettings): void {
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value === 'number' && !(Number.isFinite(value) && value >= 0)) {
      throw new RangeError(`${name} must be a number of at least 0, not ${value}`);
    }
  }
}
