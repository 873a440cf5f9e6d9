import { get, type Op, run } from './statement.ts';

/*
 * A message's number: ticks since `EPOCH`, then the slot of who gave it. Slots are never shared, so that no two messages have the
 * same number and nobody has to count for all. Numbers stay below 2^53 until the year 2094.
 */

/** 2025-01-01, in ms. Counted numbers of before are far below what this gives. */
const EPOCH = 1_735_689_600_000;
const TICKS_PER_MS = 32;
export const SLOTS = 128;
/** How far ahead a slot's numbers are reserved: who has the slot next begins above, whatever its clock says. */
const RESERVED_TICKS = 5000 * TICKS_PER_MS;

const NUMBERS_PER_HOUR = 3_600_000 * TICKS_PER_MS * SLOTS;

/**
 * Which hour a number is of: ascends with the numbers. Conversations are indexed by the hour of their last message, so that a message
 * seldom moves its conversation in the index.
 */
export function hourOf(number: number): number {
  return Math.trunc(number / NUMBERS_PER_HOUR);
}

const FIND = 'SELECT ceiling FROM number_slot WHERE slot = ?';
const RESERVE = `INSERT INTO number_slot (slot, ceiling) VALUES (?, ?)
  ON CONFLICT (slot) DO UPDATE SET ceiling = greatest(number_slot.ceiling, excluded.ceiling)`;

/** Gives messages their numbers: ascending with the sequence in each conversation, and by time but for the clocks' differences. */
export class Numbers {
  readonly #now: () => number;
  #slot = 0;
  /** The last tick that was given. */
  #last = 0;
  /** Ticks up to here are reserved in the database; undefined until it was asked. */
  #ceiling: number | undefined;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** @param slot that nobody else uses now */
  use(slot: number): void {
    this.#slot = slot;
    this.reset();
  }

  /** @param after the number to be above */
  *next(after: number): Op<number> {
    this.#ceiling ??= yield* this.#begin();
    const clock = (this.#now() - EPOCH) * TICKS_PER_MS;
    const tick = Math.max(this.#last + 1, clock, Math.floor(after / SLOTS) + 1);
    if (tick > this.#ceiling) {
      this.#ceiling = tick + RESERVED_TICKS;
      yield* run(RESERVE, this.#slot, this.#ceiling);
    }
    this.#last = tick;
    return tick * SLOTS + this.#slot;
  }

  /** To be called after a rollback: what was reserved may not be. */
  reset(): void {
    this.#ceiling = undefined;
  }

  *#begin(): Op<number> {
    const row = yield* get<{ ceiling: number }>(FIND, this.#slot);
    const ceiling = row?.ceiling ?? 0;
    this.#last = Math.max(this.#last, ceiling);
    return ceiling;
  }
}
