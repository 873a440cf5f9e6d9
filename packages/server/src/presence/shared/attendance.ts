import type { AttendanceRegister, Place } from '../../core/ports/attendance.ts';
import type { SharedPlaces } from './places.ts';
import type { HeldPlace } from './register.ts';

/** Of the sets of people in rooms, among other sets. */
const ROOM = 'room/';

/** The attendance of all nodes. */
export class SharedAttendance implements AttendanceRegister {
  readonly #places: SharedPlaces;

  constructor(places: SharedPlaces) {
    this.#places = places;
  }

  enter(place: Place, max: number): Promise<'entered' | 'taken' | 'full'> {
    return this.#places.take(heldOf(place), max);
  }

  leave(place: Place): Promise<void> {
    return this.#places.leave(heldOf(place));
  }

  count(tenant: string, roomId: string): Promise<number> {
    return this.#places.count(setOf(tenant, roomId));
  }
}

/** The room of a set; undefined for sets of something else. */
export function roomOf(set: string): { readonly tenant: string; readonly roomId: string } | undefined {
  if (!set.startsWith(ROOM)) return undefined;
  const [tenant = '', roomId = ''] = set.slice(ROOM.length).split('/');
  return { tenant, roomId };
}

function heldOf({ tenant, roomId, person, sessionId }: Place): HeldPlace {
  return { set: setOf(tenant, roomId), member: person.id, holder: sessionId };
}

function setOf(tenant: string, roomId: string): string {
  return `${ROOM}${tenant}/${roomId}`;
}
