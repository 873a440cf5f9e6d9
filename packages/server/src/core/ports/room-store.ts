import type { HistoryAccess, MemberRole, Person, Room, Timestamp } from '../model.ts';
import type { Page } from './page.ts';
import type { Swept } from './remains-store.ts';

export interface NewRoom {
  readonly tenant: string;
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly isOpen: boolean;
  /** `since_join` where absent. */
  readonly history?: HistoryAccess;
  /** A user, of whom the id is enough, or a guest, whose profile is kept with the room. */
  readonly owner: Person | null;
  readonly createdAt: Timestamp;
}

export interface RoomPatch {
  readonly name?: string;
  readonly description?: string;
  readonly isOpen?: boolean;
  readonly history?: HistoryAccess;
  /** The id of a user, or nobody. */
  readonly ownerId?: string | null;
}

export interface RoomEntry {
  readonly tenant: string;
  readonly roomId: string;
  readonly userId: string;
  /** That others are told; `member` where absent. */
  readonly role?: MemberRole;
  readonly at: Timestamp;
}

export interface GuestPurge {
  /** Messages from before are removed. */
  readonly before: Timestamp;
  readonly at: Timestamp;
  readonly limit: number;
}

export interface EmptyRoomQuery {
  readonly createdBefore: Timestamp;
  /** The last room's `place` of the page before; 0 for the first one. */
  readonly after: number;
  readonly limit: number;
}

export interface EmptyRoom {
  readonly tenant: string;
  readonly id: string;
  readonly place: number;
}

/** Rooms, who is a member while it attends one, and what guests leave behind. */
export interface RoomStore {
  /**
   * Removes the oldest messages of guests, with what became of them. Their sequences are gone from then on: a page of what is
   * pending tells so. Returns how many it removed: fewer than the limit where nothing is left.
   */
  purgeGuestMessages(purge: GuestPurge): Promise<number>;
  /** Rooms that guests made, with no member and no message. Whether guests are in them the store does not know. */
  listEmptyGuestRooms(query: EmptyRoomQuery): Promise<EmptyRoom[]>;
  /** ECONFLICT where the id is taken; ENOENT (field `ownerId`) where the owner is no user and no guest. */
  createRoom(room: NewRoom): Promise<Room>;
  /** A room, or a group as one: closed, and owned by the first of its owners. Undefined for other conversations. */
  findRoom(tenant: string, id: string): Promise<Room | undefined>;
  /** Rooms by id; no groups. */
  listRooms(tenant: string, page: Page): Promise<Room[]>;
  /** ENOENT, also (field `ownerId`) for an owner who is no user. */
  updateRoom(tenant: string, id: string, patch: RoomPatch, actorId?: string): Promise<Room>;
  /** Ends all memberships, as `deleteGroup` does. ENOENT. */
  deleteRoom(tenant: string, id: string, actorId?: string): Promise<Swept>;
  /** Makes a user a member of a room, as `addMembers` does; its owner as owner. ENOENT for the room or user. */
  enterRoom(entry: RoomEntry): Promise<void>;
  /** Ends a membership. Does nothing where there is none. */
  leaveRoom(tenant: string, roomId: string, userId: string): Promise<void>;
  /**
   * Ends up to `limit` memberships of rooms, and says whether there may be more: for a node that has just begun and is alone, so
   * that nobody is in any.
   */
  emptyRooms(limit: number): Promise<boolean>;
}
