import type { ServerResponse } from 'node:http';
import type { TransportName } from '../connection.ts';
import { setUncached } from './http.ts';

/** How one HTTP transport puts SockJS frames into a response. */
export interface ReceiverFormat {
  readonly transport: TransportName;
  readonly contentType: string;
  /** Sent before the first frame, to get browsers to look at what comes. */
  readonly prelude: string;
  /** Whether one response carries many frames, or ends after the first. */
  readonly streams: boolean;
  wrap(frame: string): string;
}

/** TCP keep-alive finds peers that vanished, also where the layer above has turned heart-beats off. Milliseconds. */
const KEEP_ALIVE_DELAY = 60_000;

export interface ReceiverLimits {
  /** Bytes of frames after which a streaming response ends. */
  readonly streamingLimit: number;
  /** Milliseconds that a client may take to read more of a finished response. */
  readonly closeTimeout: number;
}

/** Taking frames, then until the operating system has taken all of it, then done: or broken off before. */
type ReceiverState = 'open' | 'draining' | 'done' | 'broken';

/** Who broke a response off: the client, or we since it did not read. */
export type BreakCause = 'client' | 'timeout';

/** One HTTP response that a client holds open to receive frames. */
export class Receiver {
  readonly format: ReceiverFormat;
  readonly #response: ServerResponse;
  readonly #limit: number;
  readonly #closeTimeout: number;
  #state: ReceiverState = 'open';
  #breakCause: BreakCause = 'client';
  #sent = 0;

  constructor(
    response: ServerResponse,
    format: ReceiverFormat,
    { streamingLimit, closeTimeout }: ReceiverLimits,
  ) {
    this.format = format;
    this.#response = response;
    this.#limit = format.streams ? streamingLimit : 0;
    this.#closeTimeout = closeTimeout;
    response.socket?.setKeepAlive(true, KEEP_ALIVE_DELAY);
    response.statusCode = 200;
    response.setHeader('Content-Type', format.contentType);
    setUncached(response);
    // nginx would otherwise hold back a stream until its buffer is full.
    if (format.streams) response.setHeader('X-Accel-Buffering', 'no');
    if (format.prelude !== '') this.#write(format.prelude);
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Whether it takes no more frames, but the operating system has not taken all of them yet. */
  get isDraining(): boolean {
    return this.#state === 'draining';
  }

  /** Bytes that the operating system has not taken yet. */
  get backlog(): number {
    return this.#response.writableLength;
  }

  /** Whether `backlog` can be trusted: a broken socket forgets what it did not write, and tells of it only later. */
  get isIntact(): boolean {
    return this.#state === 'done' || !this.#response.req.socket.destroyed;
  }

  /** Calls back once if the response breaks off, before its end or before all of it was written. */
  onBreak(callback: (cause: BreakCause) => void): void {
    this.#response.once('finish', () => {
      // Node says so of a response too whose socket was destroyed under it.
      if (this.isIntact) this.#state = 'done';
    });
    this.#response.once('close', () => {
      if (this.#state === 'done') return;
      this.#state = 'broken';
      callback(this.#breakCause);
    });
  }

  /** Sends a frame, and finishes the response if it is full. */
  send(frame: string): void {
    const text = this.format.wrap(frame);
    this.#sent += Buffer.byteLength(text);
    if (this.#sent >= this.#limit) this.#end(text);
    else this.#write(text);
  }

  /** Sends a last frame. */
  finish(frame: string): void {
    this.#end(this.format.wrap(frame));
  }

  #end(text: string): void {
    this.#state = 'draining';
    if (this.format.streams) {
      this.#write(text);
      this.#response.end();
    } else {
      // Node tells the length by itself to HTTP/1.1 only.
      this.#response.setHeader('Content-Length', Buffer.byteLength(text));
      this.#response.end(text);
    }
    this.#expectReader();
  }

  /** Nothing else finds out about a client that does not read the rest of its response. */
  #expectReader(): void {
    if (this.#response.writableFinished) return;
    this.#response.setTimeout(this.#closeTimeout, () => {
      this.#breakCause = 'timeout';
      this.#response.destroy();
    });
  }

  /**
   * Writes one chunk. Node would join the writes of a tick into one, unless the socket is corked already, but every
   * frame is to be a chunk of its own (sockjs-protocol 1.0, `Http11.test_streaming`).
   */
  #write(text: string): void {
    const { socket } = this.#response;
    socket?.cork();
    this.#response.write(text);
    socket?.uncork();
  }
}
