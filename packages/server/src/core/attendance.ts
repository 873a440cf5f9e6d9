import { DomainError } from './errors.ts';
import type { AttendanceChanged, CoreEvent, EventSink } from './events.ts';
import { isGuestId, profileOf, shownId } from './guests.ts';
import {
  type AttendanceSession,
  type Expulsion,
  type Hall,
  Halls,
  isFirstSigning,
  requireStillOpen,
  type Taken,
} from './halls.ts';
import type { Limits } from './limits.ts';
import type { LookRate } from './look-rate.ts';
import { noMessage } from './message-access.ts';
import type { Conversation, Person, Principal, Room } from './model.ts';
import { usernameKey } from './names.ts';
import type { AttendanceRegister, Place } from './ports/attendance.ts';
import type { Clock } from './ports/clock.ts';
import type { MessageStore } from './ports/message-store.ts';
import type { RoomStore } from './ports/room-store.ts';
import type { UserStore } from './ports/user-store.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { type Receipts, reportOf } from './receipts.ts';
import { RoomMembership } from './room-membership.ts';
import type { Rooms } from './rooms.ts';
import { conversationTopic } from './topics.ts';

export type { AttendanceSession, Expulsion } from './halls.ts';

/** Memberships that one write ends. */
const EMPTIED_AT_ONCE = 200;

/** Somebody in a room. */
export interface Seat {
  readonly place: Place;
  /** As it was when the place was taken. */
  readonly room: Room;
  /** What changed in the room up to this turn was known when the place was taken. */
  readonly turn: number;
}

export interface JoinCommand {
  readonly roomId: string;
  readonly session: AttendanceSession;
  /** Called the moment that the place is taken, before the others are told. */
  seated(seat: Seat): void;
}

export interface AttendanceDeps {
  readonly store: Pick<UserStore, 'findUser' | 'findCredentials'> &
    Pick<MessageStore, 'findMessage'> &
    Pick<RoomStore, 'emptyRooms' | 'enterRoom' | 'findRoom' | 'leaveRoom'>;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly rooms: Rooms;
  readonly receipts: Receipts;
  readonly rate: RateLimiter;
  readonly lookRate: LookRate;
  readonly register: AttendanceRegister;
  /** Told of what nobody waits for. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Who is in a room now, and through which session. In a conversation of kind `room` a user's attendance is its
 * membership; in a group it changes nothing about who is a member. A guest only attends. Nothing of it outlives the
 * sessions: what a node that died leaves behind other nodes remove, or the next to begin, where there is no other.
 */
export class Attendance {
  readonly #deps: AttendanceDeps;
  readonly #halls = new Halls();
  readonly #membership: RoomMembership;
  /** Who is on the way in or out, for the store too. Never rejects. */
  readonly #moving = new Set<Promise<void>>();
  #count = 0;

  constructor(deps: AttendanceDeps) {
    this.#deps = deps;
    this.#membership = new RoomMembership(deps);
  }

  /** Forgets who was in rooms before this process began, unless others may be in them through other nodes. */
  async start(isAlone = true): Promise<void> {
    if (!isAlone) return;
    while (await this.#deps.store.emptyRooms(EMPTIED_AT_ONCE));
  }

  /** Ends the membership of somebody who was in a room through a node that died, and is in it no more. */
  async lost(tenant: string, roomId: string, personId: string): Promise<void> {
    const { store } = this.#deps;
    if (isGuestId(personId) || (await store.findRoom(tenant, roomId))?.kind !== 'room') return;
    await store.leaveRoom(tenant, roomId, personId);
  }

  /** Resolves once everybody who came is in or out, and who left has left in the store too. */
  async settled(): Promise<void> {
    while (this.#moving.size > 0) await Promise.all(this.#moving);
  }

  /** Places taken. */
  get count(): number {
    return this.#count;
  }

  /** Everybody in a room, in the order of coming. */
  people(tenant: string, roomId: string): Person[] {
    const hall = this.#halls.find(tenant, roomId);
    return hall ? [...hall.taken.values()].map(({ place }) => place.person) : [];
  }

  /** How many are in a room, over all nodes. */
  countIn(tenant: string, roomId: string): Promise<number> {
    return this.#deps.register.count(tenant, roomId);
  }

  /**
   * Takes a place in a room.
   *
   * EINVAL, ENOENT, ERATE; EPERM where it is not open to the actor, or full, or a guest's id is a user's; ECONFLICT where
   * the actor is in it through another session.
   */
  join(actor: Principal, command: JoinCommand): Promise<void> {
    const joining = this.#join(actor, command);
    // Whoever joins is told of what fails.
    this.#track(joining, () => {});
    return joining;
  }

  async #join(actor: Principal, { roomId, session, seated }: JoinCommand): Promise<void> {
    this.requireRate(session);
    const { rooms } = this.#deps;
    const hall = await this.#halls.expect(actor.tenant, roomId, () => rooms.findOrMake(actor, roomId));
    try {
      await rooms.requireAccess(actor, hall.room);
      const person = await this.#personOf(actor);
      const place: Place = { tenant: actor.tenant, roomId, person, sessionId: session.id };
      await this.#enter(actor, hall, place);
      hall.taken.set(person.id, { place, session, signed: new Set() });
      this.#count++;
      const turn = ++hall.turn;
      this.#seat(hall, place, () => seated({ place, room: hall.room, turn }));
      this.#tell('attendance.joined', hall, place, turn);
    } finally {
      this.#halls.arrived(hall);
    }
  }

  /** Gives a place up, and returns what the others are told; undefined where the session has none. */
  leave(
    { tenant, userId }: Principal,
    roomId: string,
    session: AttendanceSession,
  ): AttendanceChanged | undefined {
    const hall = this.#halls.find(tenant, roomId);
    const taken = hall?.taken.get(userId);
    if (!hall || taken?.session !== session) return undefined;
    return this.#vacate(hall, taken);
  }

  /**
   * Says that the actor, who is in the room, got one of its messages, and tells the sender, once. A guest's is told and not
   * stored. ENOENT, ERATE.
   */
  async sign(actor: Principal, roomId: string, ref: string): Promise<void> {
    const { store, receipts, limits, lookRate } = this.#deps;
    const { tenant, userId: viewerId } = actor;
    const hall = this.#halls.find(tenant, roomId);
    const taken = hall?.taken.get(viewerId);
    if (!hall || !taken) throw noMessage(ref);
    if (actor.guest) this.requireRate(taken.session);
    else lookRate.require(actor);
    const look = { tenant, ref, viewerId, prefer: 'received', conversationId: roomId } as const;
    const view = await store.findMessage(look);
    if (!view || view.isHidden || !(view.isInSight || actor.guest)) throw noMessage(ref);
    const { message } = view;
    if (!actor.guest) return receipts.report(reportOf(message, viewerId, 'delivered'));
    if (hall.taken.size > limits.maxReceiptMembers || !isFirstSigning(taken, message)) return;
    receipts.tellReceived(viewerId, message);
  }

  /** Ends attendance where the event says that it must end. */
  heard(event: CoreEvent): void {
    switch (event.type) {
      case 'member.added':
        this.#halls.find(event.tenant, event.conversationId)?.removed.delete(event.userId);
        break;
      case 'member.removed':
        this.#expel(event.tenant, event.conversationId, event.userId);
        break;
      case 'conversation.changed':
        this.#refresh(event.conversation);
        break;
      case 'room.closed':
        this.#close(event.tenant, event.roomId);
        break;
    }
  }

  /** Takes one of the costly requests of a session: coming, going and long lists. ERATE. */
  requireRate({ id }: AttendanceSession): void {
    const { rate, limits } = this.#deps;
    const retryAfter = rate.take(`attendance/${id}`);
    if (retryAfter === 0) return;
    throw new DomainError('ERATE', `more than ${limits.sendRate} a second; try again in ${retryAfter} ms`, {
      limit: limits.sendRate,
      retryAfter,
    });
  }

  async #personOf({ tenant, userId, guest }: Principal): Promise<Person> {
    if (guest) {
      await this.#requireUnlikeUsers(tenant, shownId(userId));
      return { id: userId, profile: guest };
    }
    const user = await this.#deps.store.findUser(tenant, userId);
    if (!user) throw new DomainError('EPERM', 'only users and guests can be in rooms');
    return { id: userId, profile: profileOf(user) };
  }

  /** Others are shown the id: what looks like a user's, or like a username, would pass for that user. */
  async #requireUnlikeUsers(tenant: string, id: string): Promise<void> {
    const { store } = this.#deps;
    const [same, folded, named] = await Promise.all([
      store.findUser(tenant, id),
      store.findUser(tenant, usernameKey(id)),
      store.findCredentials(tenant, id),
    ]);
    if (!same && !folded && !named) return;
    const what = same ? 'is the id' : 'looks like the name';
    throw new DomainError('EPERM', `${id} ${what} of a registered user: log in, or take another`, {
      field: 'from.id',
    });
  }

  /** A session that can't take its seat leaves the place to others, who are told of neither. */
  #seat(hall: Hall, place: Place, seated: () => void): void {
    try {
      seated();
    } catch (error) {
      this.#release(hall, hall.taken.get(place.person.id) as Taken);
      throw error;
    }
  }

  /** Takes the place everywhere, or nowhere. */
  async #enter(actor: Principal, hall: Hall, place: Place): Promise<void> {
    await this.#claim(place);
    const needsMembership = !actor.guest && hall.room.kind === 'room';
    try {
      if (needsMembership) await this.#membership.begin(place, hall.room);
      requireStillOpen(actor, hall);
    } catch (error) {
      await this.#deps.register.leave(place);
      throw error;
    }
  }

  async #claim(place: Place): Promise<void> {
    const { register, limits } = this.#deps;
    const limit = limits.maxRoomMembers;
    const outcome = await register.enter(place, limit);
    if (outcome === 'entered') return;
    if (outcome === 'full')
      throw new DomainError('EPERM', `room ${place.roomId} is full: it holds ${limit}`, { limit });
    throw new DomainError('ECONFLICT', `${shownId(place.person.id)} is in room ${place.roomId} already`, {
      field: 'roomNumber',
    });
  }

  #vacate(hall: Hall, taken: Taken): AttendanceChanged {
    this.#release(hall, taken);
    return this.#tell('attendance.left', hall, taken.place, ++hall.turn);
  }

  #release(hall: Hall, { place }: Taken): void {
    const { register } = this.#deps;
    const { person } = place;
    hall.taken.delete(person.id);
    this.#count--;
    this.#halls.dropIfUnused(hall);
    const work = [register.leave(place)];
    if (hall.room.kind === 'room' && !isGuestId(person.id)) work.push(this.#membership.end(place));
    this.#track(Promise.all(work));
  }

  /** A membership that could not be ended now ends when the user leaves next, or when the server begins. */
  #track(work: Promise<unknown>, failed = this.#deps.onError): void {
    const done: Promise<void> = work.then(
      () => {},
      (error) => failed?.(error),
    );
    this.#moving.add(done);
    void done.then(() => this.#moving.delete(done));
  }

  #tell(
    type: AttendanceChanged['type'],
    { room }: Hall,
    { tenant, roomId, person }: Place,
    turn: number,
  ): AttendanceChanged {
    const event: AttendanceChanged = { type, tenant, room, person, turn };
    this.#deps.sink.publish([conversationTopic(tenant, roomId)], event);
    return event;
  }

  /** Ends what a manager took the membership away for: in a room the place goes first, and the membership with it. */
  #expel(tenant: string, roomId: string, userId: string): void {
    const hall = this.#halls.find(tenant, roomId);
    if (!hall || hall.room.kind === 'room') return;
    if (hall.coming > 0) hall.removed.add(userId);
    const taken = hall.taken.get(userId);
    if (!taken) return;
    this.#vacate(hall, taken);
    this.#tellExpelled(taken, 'removed');
  }

  #close(tenant: string, roomId: string): void {
    this.#halls.changed(tenant, roomId);
    const hall = this.#halls.find(tenant, roomId);
    if (!hall) return;
    this.#halls.end(hall);
    this.#count -= hall.taken.size;
    for (const taken of hall.taken.values()) {
      this.#track(this.#deps.register.leave(taken.place));
      this.#tellExpelled(taken, 'closed');
    }
  }

  /** One session that fails keeps nothing from the others, nor from whoever ended their attendance. */
  #tellExpelled({ place, session }: Taken, why: Expulsion): void {
    try {
      session.expelled(place.roomId, why);
    } catch (error) {
      this.#deps.onError?.(error);
    }
  }

  #refresh(conversation: Conversation | Room): void {
    const { tenant, id } = conversation;
    this.#halls.changed(tenant, id);
    const hall = this.#halls.find(tenant, id);
    if (!hall) return;
    const room = { ...hall.room, ...conversation };
    hall.room = room;
    if (room.isOpen) return;
    for (const taken of [...hall.taken.values()].filter(({ place }) => isGuestId(place.person.id))) {
      this.#vacate(hall, taken);
      this.#tellExpelled(taken, 'removed');
    }
  }
}
