import type { Socket } from 'node:net';
import { type Close, closeOf } from '@haina/wire';
import type { WebSocket } from 'ws';
import { BaseConnection, type ConnectionOrigin } from './base-connection.ts';
import type { CloseCause, TransportName } from './connection.ts';
import type { Batch, Payload } from './payload.ts';
import { WheelTimer } from './timer-wheel.ts';

/** Takes the messages found in one WebSocket message. `bytes` is the size of each. */
export type Deliver = (data: string | Buffer, binary: boolean, bytes: number) => void;

/** What is said over a WebSocket: the messages themselves, or SockJS frames around them. */
export interface WebSocketFraming {
  readonly transport: TransportName;
  readonly carriesBinary: boolean;
  /** A batch as consecutive RFC 6455 frames. */
  encode(batch: Batch): Buffer;
  /** The same as WebSocket messages, to be compressed for one connection. */
  split(batch: Batch): readonly Payload[];
  /** Finds the client's messages. Whatever it throws is a violation of the framing by the client. */
  decode(data: Buffer, binary: boolean, deliver: Deliver): void;
  /** Sent first, and as keep-alive. */
  readonly opening?: Payload;
  readonly heartbeat?: Payload;
  /** Sent before the WebSocket's own close frame. */
  closing?(close: Close): Payload;
}

export interface WebSocketParts {
  readonly webSocket: WebSocket;
  readonly socket: Socket;
  readonly framing: WebSocketFraming;
  readonly maxMessageBytes: number;
}

/**
 * A connection over RFC 6455. `ws` speaks the protocol; what is written goes to the socket past it, as frames that
 * many connections share, unless compression was agreed on, which makes every connection's bytes its own.
 */
export class WebSocketConnection extends BaseConnection {
  readonly transport: TransportName;
  readonly carriesBinary: boolean;
  override readonly subprotocol: string;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #framing: WebSocketFraming;
  readonly #maxMessageBytes: number;
  readonly #compresses: boolean;
  readonly #ping = new WheelTimer(() => this.#checkAlive());
  readonly #heartbeat: WheelTimer | undefined;
  readonly #deliver: Deliver = (data, binary, bytes) => this.#receive(data, binary, bytes);
  #bytesReadBefore = -1;
  #sentAt: number;

  constructor(origin: ConnectionOrigin, { webSocket, socket, framing, maxMessageBytes }: WebSocketParts) {
    super(origin);
    this.transport = framing.transport;
    this.carriesBinary = framing.carriesBinary;
    this.subprotocol = webSocket.protocol;
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#framing = framing;
    this.#maxMessageBytes = maxMessageBytes;
    this.#compresses = webSocket.extensions !== '';
    this.#sentAt = origin.context.timers.now;
    if (framing.heartbeat !== undefined) this.#heartbeat = new WheelTimer(() => this.#beat());
    this.#listen();
    this.#startTimers();
    if (framing.opening !== undefined) this.#send(framing.opening);
  }

  /** Messages that were already read may still be delivered after `pause`. */
  pause(): void {
    if (this.isOpen) this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  /** Stops SockJS's `h`. Pings go on: no protocol above sees them, and they find dead peers. */
  disableHeartbeat(): void {
    if (this.#heartbeat !== undefined) this.context.timers.cancel(this.#heartbeat);
  }

  protected sizeOf(batch: Batch): number {
    return this.#framing.encode(batch).byteLength;
  }

  protected get backlog(): number {
    return this.#compresses ? this.#webSocket.bufferedAmount : this.#socket.writableLength;
  }

  protected get isIntact(): boolean {
    return !this.#socket.destroyed;
  }

  /** Nothing may follow a close frame (RFC 6455 section 5.5.1), which `ws` also sends of its own accord. */
  protected get canTransmit(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN && this.isIntact;
  }

  protected transmit(batches: readonly Batch[]): void {
    this.#sentAt = this.context.timers.now;
    if (this.#compresses) {
      for (const batch of batches) for (const payload of this.#framing.split(batch)) this.#compress(payload);
      return;
    }
    if (batches.length === 1) {
      this.#socket.write(this.#framing.encode(batches[0] as Batch));
      return;
    }
    this.#socket.cork();
    for (const batch of batches) this.#socket.write(this.#framing.encode(batch));
    this.#socket.uncork();
  }

  /** `ws` destroys the socket if the handshake, or a slow reader's queue before it, takes longer than `closeTimeout`. */
  protected sayGoodbye(close: Close): void {
    const last = this.#framing.closing?.(close);
    if (last !== undefined && this.canTransmit) this.#send(last);
    this.#webSocket.close(close.code, truncate(close.reason));
    // A paused socket would never see the client's close frame.
    this.#webSocket.resume();
  }

  hurry(): void {}

  cut(): void {
    this.#webSocket.terminate();
  }

  #listen(): void {
    this.#webSocket.on('message', (data, binary) => this.#decode(data as Buffer, binary));
    this.#webSocket.on('error', (error) => this.finish(causeOf(error)));
    this.#webSocket.on('close', () => this.#closed());
  }

  #closed(): void {
    this.context.timers.cancel(this.#ping);
    this.disableHeartbeat();
    this.finish('client');
    this.gone();
  }

  #decode(data: Buffer, binary: boolean): void {
    if (!this.isOpen) return;
    try {
      this.#framing.decode(data, binary, this.#deliver);
    } catch {
      // sockjs-protocol 1.0, `Websocket.test_broken_json`: no close frame for who breaks the framing.
      this.finish('protocol');
      this.#webSocket.terminate();
    }
  }

  #receive(data: string | Buffer, binary: boolean, bytes: number): void {
    if (bytes > this.#maxMessageBytes) this.end('oversized', closeOf('oversized'));
    else this.deliver(data, binary, bytes);
  }

  #send(payload: Payload): void {
    if (this.#compresses) this.#compress(payload);
    else this.#socket.write(payload.webSocketFrame);
  }

  #compress(payload: Payload): void {
    this.#webSocket.send(payload.data, { binary: payload.binary });
  }

  #startTimers(): void {
    const { pingInterval, sockJsHeartbeat } = this.context.settings;
    if (pingInterval > 0) this.context.timers.start(this.#ping, pingInterval);
    if (this.#heartbeat !== undefined && sockJsHeartbeat > 0) {
      this.context.timers.start(this.#heartbeat, sockJsHeartbeat);
    }
  }

  /** Any byte since the last ping, its pong among them, proves the client alive; while paused none can be read. */
  #checkAlive(): void {
    const { bytesRead } = this.#socket;
    if (bytesRead === this.#bytesReadBefore && !this.#webSocket.isPaused) {
      this.finish('timeout');
      this.#webSocket.terminate();
      return;
    }
    this.#bytesReadBefore = bytesRead;
    this.#webSocket.ping();
    this.context.timers.start(this.#ping, this.context.settings.pingInterval);
  }

  #beat(): void {
    const { timers, settings } = this.context;
    const idle = timers.now - this.#sentAt;
    if (idle >= settings.sockJsHeartbeat && this.canTransmit) {
      this.#sentAt = timers.now;
      this.#send(this.#framing.heartbeat as Payload);
    }
    const rest = idle >= settings.sockJsHeartbeat ? 0 : idle;
    timers.start(this.#heartbeat as WheelTimer, settings.sockJsHeartbeat - rest);
  }
}

/** Plain WebSockets: one message is one message. */
export const PLAIN_FRAMING: WebSocketFraming = {
  transport: 'websocket',
  carriesBinary: true,
  encode: (batch) => batch.webSocketFrames,
  split: (batch) => batch.payloads,
  decode: (data, binary, deliver) => deliver(data, binary, data.byteLength),
};

/** A `ws` error in the receiver is a violation by the client; socket errors do not come this way. */
function causeOf(error: Error & { code?: string }): CloseCause {
  switch (error.code) {
    case 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH':
    case 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH':
    case 'WS_ERR_TOO_MANY_BUFFERED_PARTS':
      return 'oversized';
    default:
      return 'protocol';
  }
}

/** Control frames carry at most 125 bytes, two of them the code (RFC 6455 section 5.5). */
const MAX_REASON_BYTES = 123;

function truncate(reason: string): Buffer {
  const bytes = Buffer.from(reason);
  if (bytes.byteLength <= MAX_REASON_BYTES) return bytes;
  let end = MAX_REASON_BYTES;
  while (((bytes[end] as number) & 0xc0) === 0x80) end--; // not inside a character
  return bytes.subarray(0, end);
}
