import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';

export interface UpgradeSettings {
  readonly maxMessageBytes: number;
  readonly closeTimeout: number;
  readonly perMessageDeflate: boolean;
  /** The preferred first. */
  readonly subprotocols: readonly string[];
}

/** A peer that sends ever smaller pieces must not make us hold an object a byte: this many bytes on average at least. */
const MIN_BYTES_PER_PIECE = 16;
const MIN_PIECES = 4096;

/** Turns HTTP requests into WebSockets (RFC 6455 section 4.2). */
export class WebSocketUpgrader {
  readonly #server: WebSocketServer;

  constructor({ maxMessageBytes, closeTimeout, perMessageDeflate, subprotocols }: UpgradeSettings) {
    const pieces = Math.max(MIN_PIECES, Math.ceil(maxMessageBytes / MIN_BYTES_PER_PIECE));
    // The published types lag behind: `closeTimeout` came with ws 8.19.
    const options: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      maxPayload: maxMessageBytes,
      maxFragments: pieces,
      maxBufferedChunks: pieces,
      closeTimeout,
      // Contexts kept between messages cost about 300 KB a connection.
      perMessageDeflate: perMessageDeflate && {
        serverNoContextTakeover: true,
        clientNoContextTakeover: true,
        threshold: 1024,
      },
      handleProtocols: (offered) => subprotocols.find((name) => offered.has(name)) ?? false,
    };
    this.#server = new WebSocketServer(options);
  }

  /** Completes the handshake, or answers with the error that the request deserves. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, opened: (ws: WebSocket) => void): void {
    // Two conditions of section 4.2.1 that `ws` leaves to others, and that Node checks in plain requests only. A request
    // of HTTP/1.0 comes from a proxy that may not know what an upgrade is (RFC 9110 section 7.8).
    if (request.httpVersion === '1.0' || request.headers.host === undefined)
      refuseUpgrade(socket, 400, {}, 'A WebSocket handshake is of HTTP/1.1 and has a Host header.\n');
    else this.#server.handleUpgrade(asKnownVersion(request), socket, head, opened);
  }
}

/**
 * Browsers of 2011 (Firefox 6) speak draft 7 of the protocol, and sockjs-protocol 1.0, `WebsocketHybi10`, wants it
 * served. It is on the wire what draft 8 is, the oldest that `ws` knows.
 */
function asKnownVersion(request: IncomingMessage): IncomingMessage {
  if (request.headers['sec-websocket-version'] === '7') request.headers['sec-websocket-version'] = '8';
  return request;
}

/** Refuses an upgrade request over the bare socket that is left of it. */
export function refuseUpgrade(
  socket: Socket,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  text = '',
): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...(text === '' ? [] : ['Content-Type: text/plain; charset=UTF-8']),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
}
