import { DomainError } from './errors.ts';
import type { Limits } from './limits.ts';
import type { Principal } from './model.ts';
import type { Clock } from './ports/clock.ts';
import { RateLimiter } from './rate-limiter.ts';

/** Rooms that the guests of one address may make a second in the long run, and at once. */
const ROOM_RATE = 0.2;
const ROOM_BURST = 10;

/**
 * How fast guests may be. A guest takes another id as it likes, so its sends count for its id, its connection and its
 * address alike. All of it is off where `sendRate` is.
 */
export class GuestRate {
  readonly #own: RateLimiter;
  readonly #ofAddress: RateLimiter;
  readonly #rooms: RateLimiter;
  readonly #limits: Limits;

  constructor(limits: Limits, clock: Clock) {
    const isOff = limits.sendRate === 0;
    this.#limits = limits;
    this.#own = new RateLimiter(limits.sendRate, clock);
    this.#ofAddress = new RateLimiter(isOff ? 0 : limits.guestSendRate, clock);
    this.#rooms = new RateLimiter(isOff ? 0 : ROOM_RATE, clock, ROOM_BURST);
  }

  /** Takes one send of a guest. ERATE. */
  requireSend({ tenant, userId, origin }: Principal): void {
    const { sendRate, guestSendRate } = this.#limits;
    require(this.#own.take(`id/${tenant}/${userId}`), sendRate, `${sendRate} a second`);
    if (!origin) return;
    require(this.#own.take(`connection/${origin.connection}`), sendRate, `${sendRate} a second`);
    require(this.#ofAddress.take(
      origin.address,
    ), guestSendRate, `${guestSendRate} a second of the guests of one address`);
  }

  /** Takes one making of a room by a guest. ERATE. */
  requireRoom({ origin }: Principal): void {
    if (origin) require(this.#rooms.take(origin.address), ROOM_BURST, `${ROOM_BURST} new rooms at once`);
  }
}

function require(retryAfter: number, limit: number, what: string): void {
  if (retryAfter === 0) return;
  throw new DomainError('ERATE', `more than ${what}; try again in ${retryAfter} ms`, { limit, retryAfter });
}
