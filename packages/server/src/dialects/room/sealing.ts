import { createCipheriv, randomBytes } from 'node:crypto';
import { CLOSE_CODES, type CloseName } from '@haina/wire';
import { compactDecrypt } from 'jose';
import type { OpenedFrames } from './opened-frames.ts';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const HEADER = Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A256GCM' })).toString('base64url');
const AAD = Buffer.from(HEADER);

/**
 * Of a frame's tag, enough to know the frame again; a number takes a fraction of the memory of a text. Not of the IV, which
 * may be a counter.
 */
const MARK_BYTES = 6;

/** A frame that ends the connection: it is not from the client, or came before. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
  readonly close: CloseName;

  constructor(close: 'undecryptable' | 'repeated-frame' | 'too-many-frames', options?: ErrorOptions) {
    super(CLOSE_CODES[close].reason, options);
    this.close = close;
  }
}

/**
 * The encryption of one connection: each message is a JWE in compact form (RFC 7516), `alg` `dir`, `enc` `A256GCM`, under
 * the key that came with the client's token.
 */
export class Sealing {
  readonly #key: Uint8Array;
  readonly #keyName: string;
  readonly #opened: OpenedFrames;

  constructor(key: Uint8Array, opened: OpenedFrames) {
    this.#key = key;
    this.#keyName = Buffer.from(key).toString('base64url');
    this.#opened = opened;
  }

  /**
   * Encrypts what goes to the client. At once, unlike a library's promise: what is written must be in the connection's
   * queue, in its order, before it is counted as on its way.
   */
  seal(plain: Uint8Array): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, iv).setAAD(AAD);
    const text = Buffer.concat([cipher.update(plain), cipher.final()]);
    return [HEADER, '', ...[iv, text, cipher.getAuthTag()].map((part) => part.toString('base64url'))].join(
      '.',
    );
  }

  /** Decrypts what the client sent, once. Throws `SealBroken`. */
  async open(sealed: string): Promise<Uint8Array> {
    const plain = await this.#decrypt(sealed);
    const outcome = this.#opened.add(this.#keyName, markOf(sealed));
    if (outcome === 'known') throw new SealBroken('repeated-frame');
    if (outcome === 'full') throw new SealBroken('too-many-frames');
    return plain;
  }

  async #decrypt(sealed: string): Promise<Uint8Array> {
    try {
      const { plaintext } = await compactDecrypt(sealed, this.#key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        maxDecompressedLength: 0,
      });
      return plaintext;
    } catch (cause) {
      throw new SealBroken('undecryptable', { cause });
    }
  }
}

/** @param sealed a JWE that was opened: its tag is whole, and nobody without the key could have made another */
function markOf(sealed: string): number {
  const tag = Buffer.from(sealed.slice(sealed.lastIndexOf('.') + 1), 'base64url');
  return tag.readUIntBE(0, MARK_BYTES);
}
