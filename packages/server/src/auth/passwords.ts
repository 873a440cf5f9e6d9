import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { PasswordHasher } from '../core/ports/passwords.ts';
import { Semaphore } from './semaphore.ts';

const derive = promisify(argon2);

/** Cost of a hash: memory in KiB, passes over it, lanes. */
interface Cost {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** OWASP Password Storage Cheat Sheet, argon2id. */
const COST: Cost = { memory: 19_456, passes: 2, parallelism: 1 };
const SALT_BYTES = 16;
const TAG_BYTES = 32;
const VERSION = 19;

/** Hashes block a thread of the pool that checks signatures too; some threads must stay free. */
const MAX_CONCURRENT = 2;

/** argon2id in the PHC string format, so that the cost may rise later while older hashes keep working. */
export class Argon2Hasher implements PasswordHasher {
  readonly #slots = new Semaphore(MAX_CONCURRENT);
  readonly #nobodysSalt = randomBytes(SALT_BYTES);

  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    return encode(COST, salt, await this.#derive(password, salt, COST, TAG_BYTES));
  }

  async verify(password: string, hash: string | null): Promise<boolean> {
    const known = hash === null ? undefined : decode(hash);
    const { cost, salt, tag } = known ?? {
      cost: COST,
      salt: this.#nobodysSalt,
      tag: Buffer.alloc(TAG_BYTES),
    };
    const derived = await this.#derive(password, salt, cost, tag.length);
    return timingSafeEqual(derived, tag) && known !== undefined;
  }

  #derive(password: string, nonce: Buffer, cost: Cost, tagLength: number): Promise<Buffer> {
    // One person's keyboards may compose the same letters differently.
    const message = password.normalize('NFC');
    return this.#slots.run(() => derive('argon2id', { ...cost, message, nonce, tagLength }));
  }
}

function encode({ memory, passes, parallelism }: Cost, salt: Buffer, tag: Buffer): string {
  return `$argon2id$v=${VERSION}$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;
}

function decode(hash: string): { cost: Cost; salt: Buffer; tag: Buffer } | undefined {
  const parts = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(hash);
  if (!parts) return undefined;
  const [, memory, passes, parallelism, salt = '', tag = ''] = parts;
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
