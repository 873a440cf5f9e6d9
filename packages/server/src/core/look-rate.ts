import type { Limits } from './limits.ts';
import { requireRate } from './message-access.ts';
import type { Principal } from './model.ts';
import type { Clock } from './ports/clock.ts';
import { RateLimiter } from './rate-limiter.ts';

/** Look-ups a second, and at once, for each send a second: whoever comes back reads what a sync told it, one by one. */
const LOOKS_PER_SEND = 20;
const BURST_PER_SEND = 500;

/**
 * How fast a user may name messages by their ids to say that it read or got them. They are looked up in the order of the writes, and so
 * take the time of everybody's sends. Off where `sendRate` is.
 */
export class LookRate {
  readonly #limiter: RateLimiter;
  readonly #limit: number;

  constructor({ sendRate }: Pick<Limits, 'sendRate'>, clock: Clock) {
    this.#limit = sendRate * LOOKS_PER_SEND;
    this.#limiter = new RateLimiter(this.#limit, clock, Math.max(1, sendRate * BURST_PER_SEND));
  }

  /** Takes one of the actor's look-ups. ERATE; a service is not limited. */
  require(actor: Principal): void {
    requireRate(this.#limiter, { sendRate: this.#limit }, actor);
  }
}
