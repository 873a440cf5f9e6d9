import type { Limits } from './limits.ts';
import type { AttendanceRegister } from './ports/attendance.ts';
import type { Clock } from './ports/clock.ts';
import type { RoomStore } from './ports/room-store.ts';

/** Messages removed in one operation, so that others do not wait for it. */
const MESSAGE_BATCH = 100;
/** Rooms looked at in one operation. */
const ROOM_BATCH = 100;
/** A room that a guest made and nobody says anything in is kept for so long at least, in ms. */
const EMPTY_ROOM_AGE = 600_000;

export interface GuestRetentionDeps {
  readonly store: Pick<RoomStore, 'purgeGuestMessages' | 'listEmptyGuestRooms' | 'deleteRoom'>;
  readonly register: AttendanceRegister;
  readonly clock: Clock;
  readonly limits: Limits;
}

/** Nobody answers for what guests leave behind: it is removed after a time. */
export class GuestRetention {
  readonly #deps: GuestRetentionDeps;
  #after = 0;

  constructor(deps: GuestRetentionDeps) {
    this.#deps = deps;
  }

  /** Removes a batch of old messages of guests, then of rooms that they made and left empty. Returns whether there may be more. */
  async removeOld(): Promise<boolean> {
    return (await this.#removeMessages()) || this.#removeRooms();
  }

  async #removeMessages(): Promise<boolean> {
    const { store, clock, limits } = this.#deps;
    const { guestMessageRetention: kept } = limits;
    if (kept === 0) return false;
    const at = clock.now();
    const removed = await store.purgeGuestMessages({ before: at - kept, at, limit: MESSAGE_BATCH });
    return removed >= MESSAGE_BATCH;
  }

  async #removeRooms(): Promise<boolean> {
    const { store, clock } = this.#deps;
    const createdBefore = clock.now() - EMPTY_ROOM_AGE;
    const found = await store.listEmptyGuestRooms({ createdBefore, after: this.#after, limit: ROOM_BATCH });
    for (const { tenant, id } of found) await this.#removeUnlessAttended(tenant, id);
    const hasMore = found.length === ROOM_BATCH;
    this.#after = hasMore ? (found.at(-1)?.place ?? 0) : 0;
    return hasMore;
  }

  async #removeUnlessAttended(tenant: string, roomId: string): Promise<void> {
    const { store, register } = this.#deps;
    if ((await register.count(tenant, roomId)) > 0) return;
    // Also told to one who came in this very moment.
    await store.deleteRoom(tenant, roomId);
  }
}
