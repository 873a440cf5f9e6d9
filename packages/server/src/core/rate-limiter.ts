import type { Clock } from './ports/clock.ts';

interface Bucket {
  tokens: number;
  /** When `tokens` was right, ms. */
  at: number;
}

/** More buckets than this: those that have filled up again are dropped, as a new one would be the same. */
const SWEEP_AT = 10_000;

/** Token buckets by key: `rate` a second in the long run, `burst` at once. */
export class RateLimiter {
  readonly #rate: number;
  readonly #burst: number;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();
  #sweepAt = SWEEP_AT;

  /**
   * @param rate tokens a second; 0 lets everything pass
   * @param burst tokens of a full bucket, twice those of a second and at least one where absent
   */
  constructor(rate: number, clock: Clock, burst = Math.max(1, rate * 2)) {
    this.#rate = rate;
    this.#burst = burst;
    this.#clock = clock;
  }

  /** Takes a token. Returns 0, or the ms until there will be one. */
  take(key: string): number {
    if (this.#rate === 0) return 0;
    const now = this.#clock.now();
    const bucket = this.#bucket(key, now);
    bucket.tokens = this.#tokens(bucket, now);
    bucket.at = now;
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) / this.#rate) * 1000);
    bucket.tokens -= 1;
    return 0;
  }

  #bucket(key: string, now: number): Bucket {
    const known = this.#buckets.get(key);
    if (known) return known;
    if (this.#buckets.size >= this.#sweepAt) this.#sweep(now);
    const bucket = { tokens: this.#burst, at: now };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #tokens({ tokens, at }: Bucket, now: number): number {
    return Math.min(this.#burst, tokens + (Math.max(0, now - at) / 1000) * this.#rate);
  }

  #sweep(now: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (this.#tokens(bucket, now) >= this.#burst) this.#buckets.delete(key);
    }
    this.#sweepAt = Math.max(SWEEP_AT, this.#buckets.size * 2);
  }
}
