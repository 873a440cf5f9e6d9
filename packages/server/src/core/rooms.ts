import { requireManager } from './access.ts';
import { DomainError } from './errors.ts';
import type { GuestRate } from './guest-rate.ts';
import type { Limits } from './limits.ts';
import type { HistoryAccess, Person, Principal, Room } from './model.ts';
import { MAX_CONVERSATION_NAME_LENGTH, requireName } from './names.ts';
import type { Clock, IdSource } from './ports/clock.ts';
import type { ConversationStore } from './ports/conversation-store.ts';
import type { Page } from './ports/page.ts';
import type { NewRoom, RoomPatch, RoomStore } from './ports/room-store.ts';
import type { Remains } from './remains.ts';
import { requireId } from './validate.ts';

/** Longest description of a room, in characters. */
export const MAX_DESCRIPTION_LENGTH = 500;

export interface RoomInput {
  /** Made by the server where absent. */
  readonly id?: string;
  readonly name: string;
  readonly description?: string;
  /** Whether guests may come in; they may not where absent. */
  readonly isOpen?: boolean;
  /** `since_join` where absent. */
  readonly history?: HistoryAccess;
  /** A user's id. */
  readonly ownerId?: string;
}

export interface RoomsDeps {
  readonly guestRate: GuestRate;
  readonly store: Pick<ConversationStore, 'findMember'> &
    Pick<RoomStore, 'createRoom' | 'findRoom' | 'listRooms' | 'updateRoom' | 'deleteRoom'>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: Limits;
  readonly remains: Remains;
}

/** The rooms of every tenant: what they are, and who may come in. Managing takes a manager. */
export class Rooms {
  readonly #deps: RoomsDeps;

  constructor(deps: RoomsDeps) {
    this.#deps = deps;
  }

  /** EPERM, EINVAL, ETOOLONG; ENOENT where the owner is no user; ECONFLICT where the id is taken. */
  async create(actor: Principal, input: RoomInput): Promise<Room> {
    requireManager(actor);
    const { id = this.#deps.ids.next(), name, description = '', isOpen = false, history, ownerId } = input;
    const owner = ownerId === undefined ? null : ownedBy(ownerId);
    return this.#make(actor.tenant, {
      id: requireId(id, 'id'),
      name: requireRoomName(name),
      description: requireDescription(description),
      isOpen,
      ...(history === undefined ? {} : { history }),
      owner,
    });
  }

  /** EPERM, ENOENT. */
  async get(actor: Principal, id: string): Promise<Room> {
    requireManager(actor);
    const room = await this.#deps.store.findRoom(actor.tenant, id);
    if (room?.kind !== 'room') throw noRoom(id);
    return room;
  }

  async list(actor: Principal, page: Page): Promise<Room[]> {
    requireManager(actor);
    return this.#deps.store.listRooms(actor.tenant, page);
  }

  /** Binds those who come from now on; guests leave a room that is closed to them. */
  async update(actor: Principal, id: string, change: RoomPatch): Promise<Room> {
    requireManager(actor);
    const { name, description } = change;
    const patch = {
      ...change,
      ...(name === undefined ? {} : { name: requireRoomName(name) }),
      ...(description === undefined ? {} : { description: requireDescription(description) }),
    };
    return this.#deps.store.updateRoom(actor.tenant, id, patch, actor.userId);
  }

  /** Ends the room: everybody in it leaves, nobody can read or send any more. */
  async delete(actor: Principal, id: string): Promise<void> {
    requireManager(actor);
    const { store, remains } = this.#deps;
    remains.leave(await store.deleteRoom(actor.tenant, id, actor.userId));
  }

  /**
   * The room, or group, that somebody wants to come into; a room that is not there is made where the configuration has
   * it so, open, and owned by the one who asks. EINVAL for what is no id; ENOENT; ERATE for a guest.
   */
  async findOrMake(actor: Principal, id: string): Promise<Room> {
    const { store, limits } = this.#deps;
    const { tenant, userId, guest } = actor;
    requireId(id, 'roomNumber');
    const found = await store.findRoom(tenant, id);
    if (found) return found;
    if (!limits.roomCreate) throw noRoom(id);
    if (guest) this.#deps.guestRate.requireRoom(actor);
    const owner = { ...ownedBy(userId), ...(guest ? { profile: guest } : {}) };
    try {
      return await this.#make(tenant, { id, name: id, description: '', isOpen: true, owner });
    } catch (error) {
      // Two may be the first to come; the other one has made it then.
      const made = await store.findRoom(tenant, id);
      if (made) return made;
      throw error;
    }
  }

  /** EPERM for a guest unless the room is open, and for a user who is no member of the group. */
  async requireAccess({ tenant, userId, guest }: Principal, { kind, id, isOpen }: Room): Promise<void> {
    const mayEnter = guest
      ? isOpen
      : kind === 'room' || (await this.#deps.store.findMember(tenant, id, userId)) !== undefined;
    if (!mayEnter) throw new DomainError('EPERM', `room ${id} is not open to you`, { field: 'roomNumber' });
  }

  async #make(tenant: string, room: Omit<NewRoom, 'tenant' | 'createdAt'>): Promise<Room> {
    await this.#deps.remains.finish(tenant, room.id, 'group', 'room');
    return this.#deps.store.createRoom({ ...room, tenant, createdAt: this.#deps.clock.now() });
  }
}

/** How a user is shown is looked up where the room is read. */
function ownedBy(id: string): Person {
  return { id, profile: { name: '', number: '', nickname: '', avatar: '' } };
}

function requireRoomName(name: string): string {
  return requireName(name, 'name', { max: MAX_CONVERSATION_NAME_LENGTH });
}

function requireDescription(description: string): string {
  return requireName(description, 'description', {
    max: MAX_DESCRIPTION_LENGTH,
    mayBeEmpty: true,
    form: 'NFC',
  });
}

function noRoom(id: string): DomainError {
  return new DomainError('ENOENT', `no room ${id}`, { field: 'roomNumber' });
}
