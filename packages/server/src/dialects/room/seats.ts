import type { AttendanceSession, Expulsion, Seat } from '../../core/attendance.ts';
import { DomainError } from '../../core/errors.ts';
import type { Principal } from '../../core/model.ts';
import { conversationTopic } from '../../core/topics.ts';
import { FanOut } from '../../hub/fan-out.ts';
import type { Connection } from '../../transport/connection.ts';
import type { ChatSession } from '../common/chat-session.ts';
import { sessionOver } from '../common/refused-client.ts';
import { drained } from '../common/replay-target.ts';
import { type Outlet, type OutletSession, SessionOutlet } from '../common/session-outlet.ts';
import type { RoomContext } from './context.ts';
import { GuestOutlet } from './guest-outlet.ts';
import type { MemberList } from './member-list.ts';
import type { Output } from './output.ts';
import { ROOM_SHAPE, renderJoined, renderLeft, renderRefusal, withMembers } from './render.ts';

interface Held {
  readonly seat: Seat;
  readonly outlet: Outlet;
  readonly members: MemberList;
}

const EXPULSIONS: Record<Expulsion, (roomId: string) => string> = {
  closed: (roomId) => `room ${roomId} was closed`,
  removed: (roomId) => `you were taken out of room ${roomId}`,
};

/** The rooms that one connection is in, and what comes from them. */
export class Seats implements AttendanceSession {
  readonly id: string;
  readonly #connection: Connection;
  readonly #context: RoomContext;
  readonly #output: Output;
  readonly #held = new Map<string, Held>();

  constructor(connection: Connection, context: RoomContext, output: Output) {
    this.id = connection.id;
    this.#connection = connection;
    this.#context = context;
    this.#output = output;
  }

  /** Whether this connection is in no room. */
  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  /** The room that this connection is in, where it is in no other. */
  get only(): string | undefined {
    const [first, second] = this.#held.keys();
    return second === undefined ? first : undefined;
  }

  /** Everybody in a room that this connection is in. EPERM where it is not. */
  members(roomId: string): Buffer {
    this.require(roomId);
    this.#context.services.core.attendance.requireRate(this);
    return (this.#held.get(roomId) as Held).members.encode();
  }

  /** EPERM unless the connection is in the room. */
  require(roomId: string): void {
    if (this.#held.has(roomId)) return;
    throw new DomainError('EPERM', `join room ${roomId} first`, { field: 'roomNumber' });
  }

  /**
   * Joins a room, and tells a user what it missed there. Who joins again on the same connection is answered
   * as before, and nobody else is told. Refuses as `Attendance.join` does, and where these are too many rooms.
   */
  async join(actor: Principal, roomId: string, chat: ChatSession | undefined): Promise<void> {
    const { core } = this.#context.services;
    const held = this.#held.get(roomId);
    if (held) {
      core.attendance.requireRate(this);
      this.#welcome(held);
      return;
    }
    this.#requireRoom();
    await core.attendance.join(actor, {
      roomId,
      session: this,
      seated: (seat) => this.#sit(seat, chat),
    });
    if (chat) await this.#catchUp(roomId, chat);
  }

  /** EPERM where the connection is not in the room. */
  leave(actor: Principal, roomId: string): void {
    this.require(roomId);
    const { attendance } = this.#context.services.core;
    attendance.requireRate(this);
    this.#letGo(roomId);
    const left = attendance.leave(actor, roomId, this);
    if (left) this.#output.send(renderLeft(left.room, left.person));
  }

  /** When the connection ends. */
  leaveAll(actor: Principal): void {
    for (const roomId of [...this.#held.keys()]) {
      this.#letGo(roomId);
      this.#context.services.core.attendance.leave(actor, roomId, this);
    }
  }

  expelled(roomId: string, why: Expulsion): void {
    this.#letGo(roomId);
    this.#output.send(renderRefusal(EXPULSIONS[why](roomId)));
  }

  #requireRoom(): void {
    const { maxRooms } = this.#context.options;
    if (this.#held.size < maxRooms) return;
    throw new DomainError('EPERM', `a connection may be in ${maxRooms} rooms`, { limit: maxRooms });
  }

  /** EAUTH where the connection ended meanwhile. */
  #sit(seat: Seat, chat: ChatSession | undefined): void {
    if (!this.#connection.isOpen) throw sessionOver();
    const { hub } = this.#context.services;
    const { tenant, roomId } = seat.place;
    const outlet = newsOnly(this.#outlet(chat), seat.turn);
    const held = { seat, outlet, members: this.#context.rosters.hold(seat.place) };
    this.#held.set(roomId, held);
    hub.subscribe(conversationTopic(tenant, roomId), ROOM_SHAPE, outlet);
    this.#welcome(held);
  }

  #letGo(roomId: string): void {
    const held = this.#held.get(roomId);
    if (!held) return;
    this.#held.delete(roomId);
    const { tenant } = held.seat.place;
    this.#context.services.hub.unsubscribe(conversationTopic(tenant, roomId), ROOM_SHAPE, held.outlet);
    this.#context.rosters.release(held.seat.place);
  }

  #welcome({ seat: { room, place }, members }: Held): void {
    const document = JSON.stringify(renderJoined(room, place.person));
    this.#output.send(withMembers(document, members.encode()));
  }

  /** Of a user it keeps account of what was delivered; a guest gets what is said while it is there. */
  #outlet(chat: ChatSession | undefined): Outlet {
    if (chat) return new RoomOutlet(chat.outlets, this.#output);
    return new GuestOutlet(this.id, (fanOut) => void this.#output.fanOut(fanOut));
  }

  /** What a user was not delivered yet of what it may see, and what changed in what it had. */
  async #catchUp(roomId: string, chat: ChatSession): Promise<void> {
    const held = this.#held.get(roomId);
    if (!held) return;
    const connection = this.#connection;
    const target = {
      outlets: [{ shape: ROOM_SHAPE, deliver: (fanOut: FanOut) => held.outlet.deliver(fanOut) }],
      room: Number.POSITIVE_INFINITY,
      get isOpen() {
        return connection.isOpen;
      },
      drained: () => drained(connection),
    };
    await chat.replay(target, { conversationId: roomId }, () => {});
  }
}

class RoomOutlet extends SessionOutlet {
  readonly #output: Output;

  constructor(session: OutletSession, output: Output) {
    super(session, 'written');
    this.#output = output;
  }

  protected write(fanOut: FanOut): boolean {
    return this.#output.fanOut(fanOut);
  }
}

/**
 * Leaves out who came and went before the one who looks had the list of members: the hub gathers until the end of the
 * tick, so that only the first that it brings may hold such.
 */
function newsOnly(outlet: Outlet, turn: number): Outlet {
  let isFirst = true;
  return {
    id: outlet.id,
    ...(outlet.userId === undefined ? {} : { userId: outlet.userId }),
    deliver: (fanOut) => outlet.deliver(fanOut),
    receive(shape, fanOut) {
      const news = isFirst ? since(fanOut, turn) : fanOut;
      isFirst = false;
      if (news) outlet.receive(shape, news);
    },
  };
}

function since(fanOut: FanOut, turn: number): FanOut | undefined {
  const items = fanOut.items.filter(({ event }) => !('turn' in event) || event.turn > turn);
  if (items.length === fanOut.items.length) return fanOut;
  return items.length === 0 ? undefined : new FanOut(items);
}
