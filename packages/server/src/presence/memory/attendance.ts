import type { AttendanceRegister, Place } from '../../core/ports/attendance.ts';

/** The attendance of one process. */
export class MemoryAttendance implements AttendanceRegister {
  /** The session of each person, by room. */
  readonly #rooms = new Map<string, Map<string, string>>();

  async enter(
    { tenant, roomId, person, sessionId }: Place,
    max: number,
  ): Promise<'entered' | 'taken' | 'full'> {
    const key = keyOf(tenant, roomId);
    const sessions = this.#rooms.get(key) ?? new Map<string, string>();
    if (sessions.has(person.id)) return 'taken';
    if (sessions.size >= max) return 'full';
    this.#rooms.set(key, sessions.set(person.id, sessionId));
    return 'entered';
  }

  async leave({ tenant, roomId, person, sessionId }: Place): Promise<void> {
    const key = keyOf(tenant, roomId);
    const sessions = this.#rooms.get(key);
    if (sessions?.get(person.id) !== sessionId) return;
    sessions.delete(person.id);
    if (sessions.size === 0) this.#rooms.delete(key);
  }

  async count(tenant: string, roomId: string): Promise<number> {
    return this.#rooms.get(keyOf(tenant, roomId))?.size ?? 0;
  }
}

function keyOf(tenant: string, roomId: string): string {
  return `${tenant}/${roomId}`;
}
