import type { EventSink } from './events.ts';
import { tellAdded, tellRemoved } from './membership-news.ts';
import type { Room } from './model.ts';
import type { Place } from './ports/attendance.ts';
import type { Clock } from './ports/clock.ts';
import type { RoomStore } from './ports/room-store.ts';

export interface RoomMembershipDeps {
  readonly store: Pick<RoomStore, 'enterRoom' | 'leaveRoom'>;
  readonly sink: EventSink;
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
    const { store, sink, clock } = this.#deps;
    await store.enterRoom({ tenant, roomId, userId, at: clock.now() });
    const role = owner?.id === userId ? 'owner' : 'member';
    tellAdded(sink, { tenant, userId }, roomId, { userId, role }, 'room');
  }

  async end({ tenant, roomId, person: { id: userId } }: Place): Promise<void> {
    const { store, sink } = this.#deps;
    await store.leaveRoom(tenant, roomId, userId);
    tellRemoved(sink, { tenant, userId }, roomId, userId, 'room');
  }
}
