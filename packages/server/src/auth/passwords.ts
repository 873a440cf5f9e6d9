import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { HashRequester, PasswordHasher } from '../core/ports/passwords.ts';
import { FairQueue } from './fair-queue.ts';
import { networkOf } from './networks.ts';

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
/** Some 40 s of work on a small machine. */
const MAX_WAITING = 2000;
const MAX_WAITING_PER_USER = 500;

/** argon2id in the PHC string format, so that the cost may rise later while older hashes keep working. */
export class Argon2Hasher implements PasswordHasher {
  readonly #queue = new FairQueue({
    slots: MAX_CONCURRENT,
    maxWaiting: MAX_WAITING,
    maxWaitingPerUser: MAX_WAITING_PER_USER,
  });
  readonly #nobodysSalt = randomBytes(SALT_BYTES);

  /** Passwords that wait for their turn. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  async hash(password: string, requester: HashRequester): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const tag = await this.#derive(password, { salt, cost: COST, tagLength: TAG_BYTES }, requester);
    return encode(COST, salt, tag);
  }

  async verify(password: string, hash: string | null, requester: HashRequester): Promise<boolean> {
    const known = hash === null ? undefined : decode(hash);
    const { cost, salt, tag } = known ?? {
      cost: COST,
      salt: this.#nobodysSalt,
      tag: Buffer.alloc(TAG_BYTES),
    };
    const derived = await this.#derive(password, { salt, cost, tagLength: tag.length }, requester);
    return timingSafeEqual(derived, tag) && known !== undefined;
  }

  #derive(
    password: string,
    { salt: nonce, cost, tagLength }: { salt: Buffer; cost: Cost; tagLength: number },
    { address, ...requester }: HashRequester,
  ): Promise<Buffer> {
    // One person's keyboards may compose the same letters differently.
    const message = password.normalize('NFC');
    const owner = { ...requester, address: networkOf(address) };
    return this.#queue.run(owner, () => derive('argon2id', { ...cost, message, nonce, tagLength }));
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
