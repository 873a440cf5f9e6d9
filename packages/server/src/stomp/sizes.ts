import type { StompFrame } from '@haina/wire';

/** What a frame, and each of its headers, takes in memory beside its text: many small ones must count too. */
const FRAME_BYTES = 512;
const HEADER_BYTES = 64;

/** Bytes that a frame takes in memory, roughly. */
export function frameBytes({ headers, body }: StompFrame): number {
  let size = FRAME_BYTES + body.length;
  for (const [name, value] of headers) size += HEADER_BYTES + name.length + value.length;
  return size;
}

/** Bytes that what waits for one session takes in memory: they are taken before something waits, and given back after. */
export class ByteBudget {
  readonly limit: number;
  #used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Takes bytes; returns false, and takes none, where they are more than are left. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.limit) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}
