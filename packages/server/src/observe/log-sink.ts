import { write, writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

/** What may wait to be written, in bytes. */
const MAX_WAITING = 1_048_576;
/** Largest write, in bytes: a reader takes it in one go. */
const MAX_WRITE = 16_384;
/** Until the next try of what could not be written, in ms. */
const RETRY = 250;
/** The same where the reader only has to make room, in ms. */
const RETRY_FULL = 20;
/** How long the end of the process may be held up for what is left, in ms. */
const LAST_WRITES = 300;

type State =
  | { readonly name: 'idle' }
  /** A thread of the runtime writes the bytes. */
  | { readonly name: 'writing'; readonly bytes: Buffer }
  /** They could not be written, and are tried again. */
  | { readonly name: 'stuck'; readonly bytes: Buffer; readonly retry: NodeJS.Timeout };

export interface LogSinkOptions {
  /** Bytes that may wait. */
  readonly maxWaiting?: number;
}

/**
 * Writes log lines to a file descriptor without ever making the caller wait or fail: they wait here, as many as there is
 * room for, while the disk is full or the reader of a pipe stalls. Lines beyond that are dropped and counted.
 */
export class LogSink implements DestinationStream {
  /** Told how many lines were dropped, once writing works again. */
  onRecovered: (dropped: number) => void = () => {};
  readonly #fd: number;
  readonly #maxWaiting: number;
  readonly #lines: Buffer[] = [];
  /** Of all that is not written yet. */
  #bytes = 0;
  #state: State = { name: 'idle' };
  #dropped = 0;
  #untold = 0;

  constructor(fd: number, { maxWaiting = MAX_WAITING }: LogSinkOptions = {}) {
    this.#fd = fd;
    this.#maxWaiting = maxWaiting;
  }

  /** Lines dropped since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#bytes + bytes.length > this.#maxWaiting) {
      this.#dropped++;
      this.#untold++;
      return;
    }
    this.#lines.push(bytes);
    this.#bytes += bytes.length;
    if (this.#state.name === 'idle') this.#write(this.#take());
  }

  /**
   * Writes what is left, as far as it works within a moment: for the end of the process, when nothing asynchronous runs any
   * more. A write that a thread is at goes on to its end by itself.
   */
  writeLast(): void {
    const left = this.#state.name === 'stuck' ? [this.#state.bytes, ...this.#lines] : [...this.#lines];
    if (this.#state.name === 'stuck') clearTimeout(this.#state.retry);
    this.#lines.length = 0;
    try {
      writeAll(this.#fd, Buffer.concat(left));
    } catch {
      // Where the log itself can't be written, there is nobody left to be told.
    }
  }

  #take(): Buffer {
    let length = 0;
    let count = 0;
    while (count < this.#lines.length && (count === 0 || length < MAX_WRITE)) {
      length += (this.#lines[count++] as Buffer).length;
    }
    return Buffer.concat(this.#lines.splice(0, count), length);
  }

  #write(bytes: Buffer): void {
    this.#state = { name: 'writing', bytes };
    write(this.#fd, bytes, 0, bytes.length, null, (error, written) => this.#wrote(bytes, error, written));
  }

  #wrote(bytes: Buffer, error: NodeJS.ErrnoException | null, written: number): void {
    if (error) {
      const pause = error.code === 'EAGAIN' ? RETRY_FULL : RETRY;
      // The log alone keeps no process alive.
      const retry = setTimeout(() => this.#write(bytes), pause).unref();
      this.#state = { name: 'stuck', bytes, retry };
      return;
    }
    this.#bytes -= written;
    if (written < bytes.length) this.#write(bytes.subarray(written));
    else if (this.#lines.length > 0) this.#write(this.#take());
    else this.#idle();
  }

  #idle(): void {
    this.#state = { name: 'idle' };
    const dropped = this.#untold;
    this.#untold = 0;
    if (dropped > 0) this.onRecovered(dropped);
  }
}

/** Throws where the descriptor takes no more for too long. */
function writeAll(fd: number, bytes: Buffer): void {
  const end = performance.now() + LAST_WRITES;
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || performance.now() > end) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_FULL);
    }
  }
}

let standard: LogSink | undefined;

/**
 * The sink of standard error, of which a process has one. A pipe or a socket is switched to writes that do not block, as
 * nothing could end a thread that hangs in one.
 */
export function standardError(): LogSink {
  if (!standard) {
    // Merely looking at it makes the runtime switch it.
    const sink = new LogSink(process.stderr.fd);
    process.on('exit', () => sink.writeLast());
    standard = sink;
  }
  return standard;
}
