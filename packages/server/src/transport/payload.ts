import { encodeSockJsString } from '@haina/wire';
import { encodeWebSocketFrame } from './websocket-frame.ts';

/**
 * One message for any number of connections, encoded at most once for each framing.
 *
 * Not to be changed after it was made: receivers share its buffers.
 */
export class Payload {
  readonly data: Buffer;
  readonly binary: boolean;
  #webSocketFrame: Buffer | undefined;
  #sockJsString: string | undefined;

  constructor(data: Buffer, binary = false) {
    this.data = data;
    this.binary = binary;
  }

  static text(text: string): Payload {
    return new Payload(Buffer.from(text));
  }

  /** The message as one unmasked RFC 6455 frame. */
  get webSocketFrame(): Buffer {
    this.#webSocketFrame ??= encodeWebSocketFrame(this.data, this.binary);
    return this.#webSocketFrame;
  }

  /** The message as a JSON string, escaped as the SockJS protocol asks. */
  get sockJsString(): string {
    this.#sockJsString ??= encodeSockJsString(this.data.toString());
    return this.#sockJsString;
  }
}

/** The messages of one write, joined at most once for each framing. */
export class Batch {
  readonly payloads: readonly Payload[];
  #webSocketFrames: Buffer | undefined;
  #sockJsFrame: string | undefined;

  constructor(payloads: readonly Payload[]) {
    this.payloads = payloads;
  }

  static of(...payloads: Payload[]): Batch {
    return new Batch(payloads);
  }

  /** All messages as consecutive RFC 6455 frames. */
  get webSocketFrames(): Buffer {
    this.#webSocketFrames ??=
      this.payloads.length === 1
        ? (this.payloads[0] as Payload).webSocketFrame
        : Buffer.concat(this.payloads.map((payload) => payload.webSocketFrame));
    return this.#webSocketFrames;
  }

  /** All messages as one SockJS array frame, `a["…","…"]`. */
  get sockJsFrame(): string {
    this.#sockJsFrame ??= `a[${this.payloads.map((payload) => payload.sockJsString).join(',')}]`;
    return this.#sockJsFrame;
  }
}
