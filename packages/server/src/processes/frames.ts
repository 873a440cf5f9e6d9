/** Bytes before each frame, which hold its length. */
const HEADER = 4;

/** What announces a frame of so many bytes. */
export function headerOf(length: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER);
  header.writeUInt32BE(length);
  return header;
}

/** A frame of this text, with its header. */
export function frameOf(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(HEADER + length);
  frame.writeUInt32BE(length);
  frame.write(text, HEADER);
  return frame;
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
  *read(chunk: Buffer): Generator<Buffer> {
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
      const frame = this.#take(this.#length);
      this.#length = undefined;
      yield frame;
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
