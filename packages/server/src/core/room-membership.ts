import type { EventSink } from './events.ts';
import type { Room } from './model.ts';
import type { Place } from './ports/attendance.ts';
import type { Clock } from './ports/clock.ts';
import type { Store } from './ports/store.ts';
import { conversationTopic, userTopic } from './topics.ts';

export interface RoomMembershipDeps {
  readonly store: Store;
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
    const added = {
      type: 'member.added',
      tenant,
      conversationId: roomId,
      kind: 'room',
      userId,
      role,
    } as const;
    const event = { ...added, actorId: userId };
    // First the user's sessions join: then they are told with the others, and once.
    sink.notify([userTopic(tenant, userId)], event);
    sink.publish([conversationTopic(tenant, roomId)], event);
  }

  async end({ tenant, roomId, person: { id: userId } }: Place): Promise<void> {
    const { store, sink } = this.#deps;
    await store.leaveRoom(tenant, roomId, userId);
    sink.publish([conversationTopic(tenant, roomId), userTopic(tenant, userId)], {
      type: 'member.removed',
      tenant,
      conversationId: roomId,
      kind: 'room',
      userId,
      actorId: userId,
    });
  }
}
