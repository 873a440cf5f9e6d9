import { DomainError } from './errors.ts';
import type { Message, Principal, Room } from './model.ts';
import type { Place } from './ports/attendance.ts';

/** Why somebody lost its place in a room without asking. */
export type Expulsion = 'closed' | 'removed';

/** A live connection that may be in rooms. */
export interface AttendanceSession {
  readonly id: string;
  /** The place is lost. Never called from inside a call of the session's own. */
  expelled(roomId: string, why: Expulsion): void;
}

/** A place that a session of this node has. */
export interface Taken {
  readonly place: Place;
  readonly session: AttendanceSession;
  /** Messages that a guest signed for. */
  readonly signed: Set<string>;
}

/** A room with somebody in it, or on the way in: at hand, and kept up to date by events. */
export interface Hall {
  room: Room;
  turn: number;
  /** Joins under way. */
  coming: number;
  hasEnded: boolean;
  /** Users who ceased to be members while somebody was coming: it may be one of them. */
  readonly removed: Set<string>;
  /** By person. */
  readonly taken: Map<string, Taken>;
}

/** Messages that a guest signed for and is not asked about again. */
const MAX_SIGNED = 1000;

/** A look at a room that no hall follows yet. */
interface Reading {
  readonly key: string;
  isStale: boolean;
}

/** The rooms that are of concern to this node now. */
export class Halls {
  readonly #halls = new Map<string, Hall>();
  readonly #readings = new Set<Reading>();

  find(tenant: string, roomId: string): Hall | undefined {
    return this.#halls.get(keyOf(tenant, roomId));
  }

  /**
   * Keeps a hall for one who comes, until `arrived`. A room that is not at hand is read, and read again where it changed
   * meanwhile: no event is missed between the reading and the hall. Throws what `read` throws.
   */
  async expect(tenant: string, roomId: string, read: () => Promise<Room>): Promise<Hall> {
    const key = keyOf(tenant, roomId);
    let hall = this.#halls.get(key);
    while (!hall) {
      const reading: Reading = { key, isStale: false };
      this.#readings.add(reading);
      try {
        const room = await read();
        hall = this.#halls.get(key) ?? (reading.isStale ? undefined : newHall(room));
      } finally {
        this.#readings.delete(reading);
      }
    }
    this.#halls.set(key, hall);
    hall.coming++;
    return hall;
  }

  /** What somebody may be reading of the room right now is not so any more. */
  changed(tenant: string, roomId: string): void {
    const key = keyOf(tenant, roomId);
    for (const reading of this.#readings) if (reading.key === key) reading.isStale = true;
  }

  /** The one who was coming is in, or stays out. */
  arrived(hall: Hall): void {
    if (--hall.coming === 0) hall.removed.clear();
    this.dropIfUnused(hall);
  }

  dropIfUnused(hall: Hall): void {
    if (hall.taken.size === 0 && hall.coming === 0) this.#drop(hall);
  }

  /** Whoever is still coming stays out. */
  end(hall: Hall): void {
    hall.hasEnded = true;
    this.#drop(hall);
  }

  #drop(hall: Hall): void {
    const key = keyOf(hall.room.tenant, hall.room.id);
    if (this.#halls.get(key) === hall) this.#halls.delete(key);
  }
}

/** What was found out on the way in may not be so any more. EPERM. */
export function requireStillOpen({ userId, guest }: Principal, { room, hasEnded, removed }: Hall): void {
  if (!hasEnded && !removed.has(userId) && (!guest || room.isOpen)) return;
  throw new DomainError('EPERM', `room ${room.id} is not open to you any more`, { field: 'roomNumber' });
}

/** Whether this is news; it is remembered then. */
export function isFirstSigning({ signed }: Taken, { id }: Message): boolean {
  if (signed.has(id)) return false;
  if (signed.size >= MAX_SIGNED) signed.clear();
  signed.add(id);
  return true;
}

function newHall(room: Room): Hall {
  return { room, turn: 0, coming: 0, hasEnded: false, removed: new Set(), taken: new Map() };
}

function keyOf(tenant: string, roomId: string): string {
  return `${tenant}/${roomId}`;
}
