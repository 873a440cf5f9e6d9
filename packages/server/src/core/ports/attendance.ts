import type { Person } from '../model.ts';

/** Somebody's place in a room, held by one session. */
export interface Place {
  readonly tenant: string;
  readonly roomId: string;
  readonly person: Person;
  readonly sessionId: string;
}

/**
 * Who is in which room, over all nodes. It holds nothing that matters beyond live sessions: an adapter for many nodes lets
 * the places of a node that died expire. Promises of every adapter:
 *
 * - a person has at most one place in a room: of two sessions that enter at the same time, one gets it;
 * - a place is free again once `leave` was called, also for an `enter` issued right after it.
 */
export interface AttendanceRegister {
  /** Takes the place; `taken` where another session of the person has it, `full` where the room has `max` people. */
  enter(place: Place, max: number): Promise<'entered' | 'taken' | 'full'>;
  /** Frees the place. Does nothing where this session does not have it. */
  leave(place: Place): Promise<void>;
  /** People in the room. */
  count(tenant: string, roomId: string): Promise<number>;
}
