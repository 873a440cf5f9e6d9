import { encodeSockJsString } from '@haina/wire';
import { encodeWebSocketFrame } from './websocket-frame.ts';

/**
 * One message for any number of connections, encoded at most once for each framing.
 *
 * Not to be changed after it was made: receivers share its buffers.
 */
export class Payload {
  readonly binary: boolean;
  #data: Buffer | undefined;
  #text: string | undefined;
  #webSocketFrame: Buffer | undefined;
  #sockJsString: string | undefined;

  /** A message given as text keeps it, so that SockJS carries even lone surrogates, which UTF-8 cannot. */
  constructor(content: Buffer | string, binary = false) {
    this.binary = binary;
    if (typeof content === 'string') this.#text = content;
    else this.#data = content;
  }

  static text(text: string): Payload {
    return new Payload(text);
  }

  /** The message's bytes. */
  get data(): Buffer {
    this.#data ??= Buffer.from(this.#text ?? '');
    return this.#data;
  }

  /** The message as one unmasked RFC 6455 frame. */
  get webSocketFrame(): Buffer {
    this.#webSocketFrame ??= encodeWebSocketFrame(this.data, this.binary);
    return this.#webSocketFrame;
  }

  /** The message as a JSON string, escaped as the SockJS protocol asks. */
  get sockJsString(): string {
    this.#sockJsString ??= encodeSockJsString(this.#text ?? this.data.toString());
    return this.#sockJsString;
  }
}

/** The messages of one write, joined at most once for each framing. */
export class Batch {
  readonly payloads: readonly Payload[];
  #byteLength: number | undefined;
  #webSocketFrames: Buffer | undefined;
  #sockJsStrings: string | undefined;
  #sockJsByteLength: number | undefined;
  #sockJsWebSocketFrame: Buffer | undefined;

  constructor(payloads: readonly Payload[]) {
    this.payloads = payloads;
  }

  static of(...payloads: Payload[]): Batch {
    return new Batch(payloads);
  }

  /** Bytes of the messages, without any framing. */
  get byteLength(): number {
    this.#byteLength ??= this.payloads.reduce((sum, { data }) => sum + data.byteLength, 0);
    return this.#byteLength;
  }

  /** All messages as consecutive RFC 6455 frames. */
  get webSocketFrames(): Buffer {
    this.#webSocketFrames ??=
      this.payloads.length === 1
        ? (this.payloads[0] as Payload).webSocketFrame
        : Buffer.concat(this.payloads.map((payload) => payload.webSocketFrame));
    return this.#webSocketFrames;
  }

  /** All messages as the inside of a SockJS array frame, `"…","…"`: batches are joined by a comma. */
  get sockJsStrings(): string {
    this.#sockJsStrings ??= this.payloads.map((payload) => payload.sockJsString).join(',');
    return this.#sockJsStrings;
  }

  /** Bytes of `sockJsStrings` in UTF-8. */
  get sockJsByteLength(): number {
    this.#sockJsByteLength ??= Buffer.byteLength(this.sockJsStrings);
    return this.#sockJsByteLength;
  }

  /** All messages as one SockJS array frame, `a["…","…"]`. */
  get sockJsFrame(): string {
    return `a[${this.sockJsStrings}]`;
  }

  /** The SockJS array frame as one RFC 6455 text frame. */
  get sockJsWebSocketFrame(): Buffer {
    this.#sockJsWebSocketFrame ??= encodeWebSocketFrame(Buffer.from(this.sockJsFrame), false);
    return this.#sockJsWebSocketFrame;
  }
}
