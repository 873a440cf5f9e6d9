import { hkdfSync } from 'node:crypto';

const KEY_BYTES = 32;
const INFO = 'haina room A256GCM';

/**
 * The keys by which frames of the `room` protocol are encrypted, one a token. They are derived (HKDF, RFC 5869) from the
 * server's secret and the token, so that no node has to keep them, and none can be told from a token alone.
 */
export class RoomKeys {
  readonly #secret: Buffer;

  constructor(secret: string) {
    this.#secret = Buffer.from(secret);
  }

  /** The 256-bit key that belongs to a token. */
  keyOf(token: string): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.#secret, Buffer.from(token), INFO, KEY_BYTES));
  }
}
