import type { Socket } from 'node:net';

const HEADER = 4;

export interface ChannelHandler {
  /** Throws for what breaks the rules of whoever reads: the channel is closed then. */
  message(json: string): void;
  /**
   * Told once; nothing is told after it.
   *
   * @param breach of the rules, where there was one; what else broke the pipe says less than how its process ended
   */
  closed(breach: Error | undefined): void;
}

/** JSON texts over a pipe between two processes, each behind its length in four bytes, in their order. */
export class Channel {
  readonly #pipe: Socket;
  readonly #frames: FrameReader;

  /** @param maxFrame most bytes of one text; a longer one is a breach */
  constructor(pipe: Socket, maxFrame: number, { message, closed }: ChannelHandler) {
    this.#pipe = pipe;
    this.#frames = new FrameReader(maxFrame);
    let breach: Error | undefined;
    // It is closed after an error, too.
    pipe.on('error', () => {});
    pipe.on('close', () => closed(breach));
    pipe.on('data', (chunk: Buffer) => {
      try {
        for (const json of this.#frames.read(chunk)) {
          message(json);
          if (pipe.destroyed) return;
        }
      } catch (error) {
        breach = error as Error;
        pipe.destroy();
      }
    });
  }

  /** Does nothing once the channel is closed. */
  send(json: string): void {
    if (!this.#pipe.writable) return;
    const length = Buffer.byteLength(json);
    const frame = Buffer.allocUnsafe(HEADER + length);
    frame.writeUInt32BE(length);
    frame.write(json, HEADER);
    this.#pipe.write(frame);
  }

  /** Resolves once the operating system has everything that was sent. */
  end(): Promise<void> {
    return new Promise((resolve) => this.#pipe.end(resolve));
  }

  /** What is still to be told is not. */
  destroy(): void {
    this.#pipe.destroy();
  }

  /** Whether the channel keeps its process from ending by itself. */
  hold(isHeld: boolean): void {
    if (isHeld) this.#pipe.ref();
    else this.#pipe.unref();
  }
}

/** Cuts frames out of bytes, in whatever pieces these come. */
export class FrameReader {
  readonly #maxFrame: number;
  #pieces: Buffer[] = [];
  #have = 0;
  /** Of the frame that is coming; undefined before its header is there. */
  #length: number | undefined;

  constructor(maxFrame: number) {
    this.#maxFrame = maxFrame;
  }

  /** Throws for a frame that is too long, before its bytes are kept. */
  *read(chunk: Buffer): Generator<string> {
    this.#pieces.push(chunk);
    this.#have += chunk.length;
    for (;;) {
      if (this.#length === undefined) {
        if (this.#have < HEADER) return;
        this.#length = this.#take(HEADER).readUInt32BE();
        if (this.#length > this.#maxFrame) {
          throw new Error(`it wrote ${this.#length} bytes as one, of at most ${this.#maxFrame}`);
        }
      }
      if (this.#have < this.#length) return;
      const json = this.#take(this.#length).toString();
      this.#length = undefined;
      yield json;
    }
  }

  #take(length: number): Buffer {
    const all = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    const rest = all.subarray(length);
    this.#pieces = rest.length > 0 ? [rest] : [];
    this.#have -= length;
    return all.subarray(0, length);
  }
}
