import { StompDecoder, type StompFrame, type StompVersion } from '@haina/wire';
import type { Connection } from '../transport/connection.ts';
import { overload } from './errors.ts';
import type { StompSettings } from './options.ts';

/** Bytes that may wait unread, in frames of the longest size. */
const MAX_WAITING_FRAMES = 4;

/** Who takes the frames. */
export interface FrameReceiver {
  /** Whether it can take one now. */
  isReady(): boolean;
  /** Must not throw. */
  receive(frame: StompFrame): void;
}

/**
 * What a client sent and its session has not taken yet.
 *
 * It waits as bytes, not as frames: the version may still be agreed on, and bytes are what their limit counts. While
 * some wait, the connection is paused.
 */
export class Inbox {
  readonly #connection: Connection;
  readonly #receiver: FrameReceiver;
  readonly #decoder: StompDecoder;
  readonly #maxFrameBytes: number;
  #phase: 'flowing' | 'paused' | 'closed' = 'flowing';

  constructor(connection: Connection, receiver: FrameReceiver, settings: StompSettings) {
    this.#connection = connection;
    this.#receiver = receiver;
    this.#maxFrameBytes = settings.maxFrameBytes;
    this.#decoder = new StompDecoder({
      sender: 'client',
      maxFrameBytes: settings.preAuthMaxFrameBytes,
      maxHeaderBytes: settings.maxHeaderBytes,
      maxHeaders: settings.maxHeaders,
    });
  }

  get isPaused(): boolean {
    return this.#phase === 'paused';
  }

  set version(version: StompVersion) {
    this.#decoder.version = version;
  }

  /** Allows frames as large as an authenticated client may send. */
  raiseLimit(): void {
    this.#decoder.maxFrameBytes = this.#maxFrameBytes;
  }

  /** @throws {StompProtocolError} as `read` does */
  push(data: string | Buffer): void {
    if (this.#phase === 'closed') return;
    this.#decoder.push(data);
    this.read();
  }

  /**
   * Hands frames to the receiver until there are none left, or it is not ready.
   *
   * @throws {StompProtocolError} where the client's bytes are no STOMP, or too many wait
   */
  read(): void {
    while (this.#phase !== 'closed' && this.#receiver.isReady()) {
      const frame = this.#decoder.next();
      if (frame === undefined) break;
      this.#receiver.receive(frame);
    }
    if (this.#phase !== 'closed') this.#applyBackPressure();
  }

  /** Takes nothing any more. A paused connection goes on, or it would not see the client's answer to a close. */
  close(): void {
    const wasPaused = this.isPaused;
    this.#phase = 'closed';
    if (wasPaused) this.#connection.resume();
  }

  #applyBackPressure(): void {
    const { pendingBytes, maxFrameBytes } = this.#decoder;
    if (this.#receiver.isReady() || pendingBytes === 0) {
      this.#resume();
    } else if (pendingBytes > MAX_WAITING_FRAMES * maxFrameBytes) {
      throw overload('Too much was sent while earlier frames were still being worked on.');
    } else {
      this.#pause();
    }
  }

  #resume(): void {
    if (this.#phase !== 'paused') return;
    this.#phase = 'flowing';
    this.#connection.resume();
  }

  #pause(): void {
    if (this.#phase !== 'flowing') return;
    this.#phase = 'paused';
    this.#connection.pause();
  }
}
