import type { Room } from './model.ts';
import type { Place } from './ports/attendance.ts';
import type { Clock } from './ports/clock.ts';
import type { RoomStore } from './ports/room-store.ts';

export interface RoomMembershipDeps {
  readonly store: Pick<RoomStore, 'enterRoom' | 'leaveRoom'>;
  readonly clock: Clock;
}

/** The membership that a user has of a room while it is in it, for all its sessions, whatever they speak. */
export class RoomMembership {
  readonly #deps: RoomMembershipDeps;

  constructor(deps: RoomMembershipDeps) {
    this.#deps = deps;
  }

  /** ENOENT for a room or user that is gone. */
  async begin({ tenant, roomId, person: { id: userId } }: Place, { owner }: Room): Promise<void> {
    const { store, clock } = this.#deps;
    const role = owner?.id === userId ? 'owner' : 'member';
    await store.enterRoom({ tenant, roomId, userId, role, at: clock.now() });
  }

  async end({ tenant, roomId, person: { id: userId } }: Place): Promise<void> {
    await this.#deps.store.leaveRoom(tenant, roomId, userId);
  }
}
