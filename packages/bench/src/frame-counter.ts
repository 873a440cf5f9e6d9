/** Counts the WebSocket frames of a server in a stream of bytes, cut in any way, without looking at what they say. */
export class FrameCounter {
  #header = Buffer.alloc(10);
  #headerLength = 0;
  /** Bytes of the current frame's payload still to come. */
  #rest = 0;

  /** Returns how many frames ended in this chunk. */
  count(chunk: Buffer): number {
    let frames = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#rest > 0) {
        const taken = Math.min(this.#rest, chunk.length - at);
        this.#rest -= taken;
        at += taken;
        if (this.#rest === 0) frames++;
        continue;
      }
      this.#header[this.#headerLength++] = chunk[at++] as number;
      const length = this.#payloadLength();
      if (length === undefined) continue;
      this.#headerLength = 0;
      this.#rest = length;
      if (length === 0) frames++;
    }
    return frames;
  }

  #payloadLength(): number | undefined {
    if (this.#headerLength < 2) return undefined;
    const short = (this.#header[1] as number) & 0x7f;
    if (short < 126) return short;
    if (short === 126) return this.#headerLength < 4 ? undefined : this.#header.readUInt16BE(2);
    return this.#headerLength < 10 ? undefined : Number(this.#header.readBigUInt64BE(2));
  }
}
