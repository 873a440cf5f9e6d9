import type { Readable } from 'node:stream';

/** Places of bytes, the first and the last included; the first byte is 0. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Where the bytes of files are. Ids are those that the server gave, never what a client wrote. Promises of every adapter:
 *
 * - `put` resolves once the bytes are durable; until then nobody reads any of them. Where the source fails, it rejects
 *   with the source's error and keeps nothing;
 * - no call holds a whole file in memory;
 * - whatever keeps the storage from working is `EINTERNAL`, and the storage works again as soon as the cause is gone.
 */
export interface FileStorage {
  /** Keeps the bytes under an id that has none. */
  put(id: string, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /** The bytes, or some of them that exist. ENOENT (field `id`) where there are none. */
  read(id: string, range?: ByteRange): Promise<Readable>;
  /** No error where there are none. */
  delete(id: string): Promise<void>;
  close(): Promise<void>;
}
