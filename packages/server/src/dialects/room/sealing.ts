import { createCipheriv, randomBytes } from 'node:crypto';
import { compactDecrypt } from 'jose';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const HEADER = Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A256GCM' })).toString('base64url');
const AAD = Buffer.from(HEADER);

/** Of an IV, enough to know it again; a number takes a fraction of the memory of a text. */
const REMEMBERED_BYTES = 6;
/** Frames that a connection may bring: all their IVs are remembered, so that none can come twice. */
const MAX_FRAMES = 65_536;

/** A frame that ends the connection: it is not from the client, or came before. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

/**
 * The encryption of one connection: each message is a JWE in compact form (RFC 7516), `alg` `dir`, `enc` `A256GCM`, under
 * the key that came with the client's token.
 */
export class Sealing {
  readonly #key: Uint8Array;
  readonly #seen = new Set<number>();

  constructor(key: Uint8Array) {
    this.#key = key;
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
    const id = Buffer.from(sealed.split('.')[2] ?? '', 'base64url').readUIntBE(0, REMEMBERED_BYTES);
    if (this.#seen.has(id)) throw new SealBroken('a frame came twice');
    if (this.#seen.size >= MAX_FRAMES) throw new SealBroken('too many frames; connect again');
    this.#seen.add(id);
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
      throw new SealBroken('a frame could not be decrypted', { cause });
    }
  }
}
