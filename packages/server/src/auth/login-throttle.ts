import { isIPv6 } from 'node:net';
import { DomainError } from '../core/errors.ts';
import type { Timestamp } from '../core/model.ts';
import type { Clock } from '../core/ports/clock.ts';

export interface LoginThrottleOptions {
  readonly clock: Clock;
  /** Wrong tries a window and address; 0 is off. */
  readonly tries: number;
  /** In ms, from the first wrong try on. */
  readonly window?: number;
  /** Addresses remembered at most; beyond, the one known longest is forgotten. */
  readonly maxAddresses?: number;
}

interface Tries {
  readonly since: Timestamp;
  wrong: number;
  running: number;
  /** Those who wait until a running try is known to be right or wrong. */
  readonly waiting: (() => void)[];
}

/** Makes guessing passwords slow: so many wrong tries from an address, then a pause. */
export class LoginThrottle {
  readonly #options: Required<LoginThrottleOptions>;
  readonly #addresses = new Map<string, Tries>();

  constructor(options: LoginThrottleOptions) {
    this.#options = { window: 60_000, maxAddresses: 10_000, ...options };
  }

  /**
   * Runs a login try of the address; one that ends in EAUTH was wrong. ERATE, with the time left, after too many wrong
   * ones. No more tries run at once than may still go wrong: the others wait.
   */
  async attempt<Result>(address: string, login: () => Promise<Result>): Promise<Result> {
    if (this.#options.tries === 0) return login();
    const tries = await this.#enter(networkOf(address));
    try {
      return await login();
    } catch (error) {
      if (error instanceof DomainError && error.code === 'EAUTH') tries.wrong++;
      throw error;
    } finally {
      tries.running--;
      for (const wake of tries.waiting.splice(0)) wake();
    }
  }

  async #enter(address: string): Promise<Tries> {
    for (;;) {
      const tries = this.#triesOf(address);
      if (tries.wrong >= this.#options.tries) throw this.#tooMany(tries);
      if (tries.wrong + tries.running < this.#options.tries) {
        tries.running++;
        return tries;
      }
      await new Promise<void>((resolve) => tries.waiting.push(resolve));
    }
  }

  #triesOf(address: string): Tries {
    const known = this.#addresses.get(address);
    const now = this.#options.clock.now();
    if (known && (known.running > 0 || now < known.since + this.#options.window)) return known;
    this.#addresses.delete(address);
    this.#forgetOldest();
    const fresh = { since: now, wrong: 0, running: 0, waiting: [] };
    this.#addresses.set(address, fresh);
    return fresh;
  }

  /** A map keeps the order of insertion. */
  #forgetOldest(): void {
    if (this.#addresses.size < this.#options.maxAddresses) return;
    for (const oldest of this.#addresses.keys()) {
      this.#addresses.delete(oldest);
      return;
    }
  }

  #tooMany(tries: Tries): DomainError {
    const retryAfter = tries.since + this.#options.window - this.#options.clock.now();
    return new DomainError('ERATE', 'too many wrong passwords from this address; wait before the next try', {
      limit: this.#options.tries,
      retryAfter: Math.max(retryAfter, 1000),
    });
  }
}

/** The address itself; of an IPv6 address the /64 network, as one client usually has all of that. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1]) return mapped[1];
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = address.toLowerCase().split('%')[0]?.split('::') ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::')
    ? Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0')
    : [];
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}
