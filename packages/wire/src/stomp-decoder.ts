import { type StompFrame, StompProtocolError, type StompVersion } from './stomp-frame.ts';
import {
  bodyNotAllowed,
  GRAMMARS,
  malformed,
  parseHead,
  type StompGrammar,
  type StompHead,
  tooLarge,
  withReceipt,
} from './stomp-head.ts';

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;

export interface StompDecoderOptions {
  /** Whose frames are read: a server reads a client's. */
  readonly sender: 'client' | 'server';
  /** Longest frame, from its command's first byte to its body's last, in bytes. */
  readonly maxFrameBytes: number;
  /** Longest command line and header lines of one frame, in bytes. */
  readonly maxHeaderBytes: number;
  /** Most headers of one frame. Repetitions of a name do not count. */
  readonly maxHeaders: number;
}

export const DEFAULT_STOMP_DECODER_OPTIONS: StompDecoderOptions = Object.freeze({
  sender: 'client',
  maxFrameBytes: 64 * 1024,
  maxHeaderBytes: 16 * 1024,
  maxHeaders: 100,
});

/** A frame whose body is not complete yet. */
interface Head extends StompHead {
  /** Bytes of command, headers and blank line. */
  readonly byteLength: number;
}

const NOTHING = new Uint8Array(0);
const SMALLEST_BUFFER = 256;
const encoder = new TextEncoder();

/**
 * Cuts a stream of bytes into STOMP frames, wherever it was sliced.
 *
 * `push` takes a chunk, `next` hands out the frames one by one, so that the caller can change `version` and
 * `maxFrameBytes`, or stop, between two frames of one chunk. A frame that lies in one chunk is not copied: its body is
 * a view, so a pushed chunk must not be written to afterwards.
 *
 * Where the specification is strict and clients are not, it is lenient: CR LF ends a line in every version, NULs between
 * frames are skipped like line ends, a line end may stand where a frame has no body, and DISCONNECT needs no blank line.
 * Header names and values are trimmed in version 1.0 only.
 */
export class StompDecoder {
  /** Decides which header escapes are understood. Set it once the version is agreed on. */
  version: StompVersion = '1.2';
  /** Applies from the next call of `next` on. */
  maxFrameBytes: number;
  readonly #grammar: StompGrammar;
  readonly #maxHeaderBytes: number;
  readonly #maxHeaders: number;
  /** Bytes from `#position` to `#end` are still to be read; those before `#scanned` hold no end of head or body. */
  #buffer: Uint8Array = NOTHING;
  #position = 0;
  #scanned = 0;
  #end = 0;
  #head: Head | undefined;
  #failure: unknown;
  #heartbeats = 0;

  constructor(options: Partial<StompDecoderOptions> = {}) {
    const { sender, maxFrameBytes, maxHeaderBytes, maxHeaders } = {
      ...DEFAULT_STOMP_DECODER_OPTIONS,
      ...options,
    };
    this.maxFrameBytes = maxFrameBytes;
    this.#grammar = GRAMMARS[sender];
    this.#maxHeaderBytes = maxHeaderBytes;
    this.#maxHeaders = maxHeaders;
  }

  /** Line ends read between frames so far: heart-beats, and the padding some peers put after a frame. */
  get heartbeats(): number {
    return this.#heartbeats;
  }

  /** Bytes pushed and not yet read. */
  get pendingBytes(): number {
    return this.#end - this.#position;
  }

  push(chunk: Uint8Array | string): void {
    const bytes = typeof chunk === 'string' ? encoder.encode(chunk) : chunk;
    if (bytes.length === 0 || this.#failure !== undefined) return;
    if (this.pendingBytes === 0) {
      this.#use(bytes, bytes.length);
    } else {
      this.#append(bytes);
    }
  }

  /**
   * The next complete frame, or `undefined` until more bytes are pushed.
   *
   * @throws {StompProtocolError} where the stream stops making sense; every later call throws the same error
   */
  next(): StompFrame | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      this.#head ??= this.#readHead();
      return this.#head === undefined ? undefined : this.#readBody(this.#head);
    } catch (error) {
      this.#failure = error;
      this.#use(NOTHING, 0);
      throw error;
    }
  }

  #use(buffer: Uint8Array, end: number): void {
    this.#buffer = buffer;
    this.#position = 0;
    this.#scanned = 0;
    this.#end = end;
  }

  /** Never writes into a chunk, nor over bytes a body may be a view of: a chunk has no room behind its end. */
  #append(bytes: Uint8Array): void {
    const pending = this.pendingBytes;
    if (this.#end + bytes.length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(2 * (pending + bytes.length), SMALLEST_BUFFER));
      grown.set(this.#buffer.subarray(this.#position, this.#end));
      const scanned = Math.max(this.#scanned - this.#position, 0);
      this.#use(grown, pending);
      this.#scanned = scanned;
    }
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Skips what may stand between two frames. Returns whether a frame begins at the position now. */
  #skipGap(): boolean {
    const buffer = this.#buffer;
    for (; this.#position < this.#end; this.#position += 1) {
      const byte = buffer[this.#position];
      if (byte === LF) {
        this.#heartbeats += 1;
      } else if (byte === CR) {
        if (this.#position + 1 === this.#end) return false;
        if (buffer[this.#position + 1] !== LF) throw malformed('A carriage return stands between frames.');
      } else if (byte !== NUL) {
        return true;
      }
    }
    this.#use(NOTHING, 0);
    return false;
  }

  #readHead(): Head | undefined {
    if (!this.#skipGap()) return undefined;
    const start = this.#position;
    const stop = this.#findHeadEnd(start);
    if (stop === undefined) return undefined;
    this.#position = stop;
    this.#scanned = stop;
    return this.#parseHead(start, stop);
  }

  /** Finds the byte after the blank line that ends the headers. */
  #findHeadEnd(start: number): number | undefined {
    const buffer = this.#buffer;
    const limit = start + Math.min(this.#maxHeaderBytes, this.maxFrameBytes);
    const stop = Math.min(this.#end, limit);
    for (let at = Math.max(this.#scanned, start); at < stop; at += 1) {
      const byte = buffer[at];
      if (byte === LF) {
        const previous = buffer[at - 1];
        if (previous === LF || (previous === CR && buffer[at - 2] === LF)) return at + 1;
      } else if (byte === NUL) {
        if (isDisconnect(buffer.subarray(start, at))) return at;
        throw malformed('A NUL stands in the headers; a blank line must end them first.');
      }
    }
    if (stop === limit) {
      throw tooLarge('Headers too large', `Command and headers are limited to ${limit - start} bytes.`);
    }
    this.#scanned = stop;
    return undefined;
  }

  #parseHead(start: number, stop: number): Head {
    const bytes = this.#buffer.subarray(start, stop);
    const head = parseHead(isDisconnect(bytes) ? withBlankLine(bytes) : bytes, {
      grammar: this.#grammar,
      version: this.version,
      maxHeaders: this.#maxHeaders,
    });
    const byteLength = stop - start;
    if (byteLength + (head.bodyLength ?? 0) > this.maxFrameBytes) {
      throw withReceipt(this.#frameTooLarge(), head.headers);
    }
    return { ...head, byteLength };
  }

  #readBody(head: Head): StompFrame | undefined {
    try {
      const start = this.#position;
      const stop =
        head.bodyLength === undefined ? this.#findBodyEnd(head) : this.#checkBodyEnd(head, head.bodyLength);
      if (stop === undefined) return undefined;
      const body = this.#buffer.subarray(
        head.bodyLength === undefined ? start : stop - head.bodyLength,
        stop,
      );
      this.#head = undefined;
      this.#position = stop + 1;
      this.#scanned = this.#position;
      if (this.#position === this.#end) this.#use(NOTHING, 0);
      return { command: head.command, headers: head.headers, body };
    } catch (error) {
      throw withReceipt(error, head.headers);
    }
  }

  /** Where the length is known: the position of the final NUL. */
  #checkBodyEnd(head: Head, bodyLength: number): number | undefined {
    const mayHaveBody = this.#grammar.commandsWithBody.has(head.command);
    if (!mayHaveBody && !this.#skipStrayLineEnds()) return undefined;
    const stop = this.#position + bodyLength;
    if (stop >= this.#end) return undefined;
    if (this.#buffer[stop] === NUL) return stop;
    if (!mayHaveBody) throw bodyNotAllowed(head.command);
    throw new StompProtocolError(
      'Frame must end with NUL',
      `The byte after the ${bodyLength} that content-length announces is not NUL.`,
      { code: 'malformed' },
    );
  }

  /** Some clients end a line where a frame has no body. Returns whether all that belongs to it has come. */
  #skipStrayLineEnds(): boolean {
    for (; this.#position < this.#end; this.#position += 1) {
      const byte = this.#buffer[this.#position];
      const isLast = this.#position + 1 === this.#end;
      if (byte === CR && isLast) return false;
      if (byte !== LF && !(byte === CR && this.#buffer[this.#position + 1] === LF)) return true;
    }
    return false;
  }

  /** Where it is not: that of the first NUL. */
  #findBodyEnd(head: Head): number | undefined {
    const found = this.#buffer.indexOf(NUL, Math.max(this.#scanned, this.#position));
    // The buffer may have zeros behind its end.
    const complete = found !== -1 && found < this.#end;
    const stop = complete ? found : this.#end;
    if (head.byteLength + stop - this.#position > this.maxFrameBytes) throw this.#frameTooLarge();
    if (complete) return stop;
    this.#scanned = stop;
    return undefined;
  }

  #frameTooLarge(): StompProtocolError {
    return tooLarge('Frame too large', `A frame is limited to ${this.maxFrameBytes} bytes here.`);
  }
}

const DISCONNECT = encoder.encode('DISCONNECT');
const BLANK_LINE = encoder.encode('\n\n');

/** Whether a head, or what has come of one, is that of DISCONNECT. */
function isDisconnect(head: Uint8Array): boolean {
  const next = head[DISCONNECT.length];
  return (
    DISCONNECT.every((byte, at) => head[at] === byte) && (next === undefined || next === LF || next === CR)
  );
}

/** A blank line too many says nothing: headers end at the first. */
function withBlankLine(head: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + BLANK_LINE.length);
  whole.set(head);
  whole.set(BLANK_LINE, head.length);
  return whole;
}
