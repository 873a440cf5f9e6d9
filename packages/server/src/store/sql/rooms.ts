import { profileOf } from '../../core/guests.ts';
import type { Person, Profile, Room } from '../../core/model.ts';
import type { NewRoom, RoomEntry, RoomPatch } from '../../core/ports/room-store.ts';
import type { Page } from '../../core/ports/store.ts';
import { decideNewRoom, requireRoom } from '../../core/rules/rooms.ts';
import { requireUser } from '../../core/rules/users.ts';
import { type ConversationRow, toConversation } from './conversation-row.ts';
import type { ConversationTable } from './conversations.ts';
import type { MemberTable } from './members.ts';
import { all, get, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';
import type { UserTable } from './users.ts';

interface RoomRow {
  conversation: number;
  description: string;
  open: number;
  owner: string | null;
  owner_profile: string | null;
}

const COLUMNS = 'conversation, description, open, owner, owner_profile';

export interface RoomTableDeps {
  readonly tenants: Tenants;
  readonly users: UserTable;
  readonly conversations: ConversationTable;
  readonly members: MemberTable;
}

/** SQL of rooms: what they have beside a conversation, and who is in them. */
export class RoomTable {
  readonly #deps: RoomTableDeps;

  constructor(deps: RoomTableDeps) {
    this.#deps = deps;
  }

  *create({ tenant, id, name, description, isOpen, history, owner, createdAt }: NewRoom): Op<Room> {
    const { tenants, users, conversations } = this.#deps;
    const key = yield* tenants.ensure(tenant);
    const guest = decideNewRoom(
      { id, owner },
      {
        isIdTaken: (yield* conversations.row(key, id)) !== undefined,
        isOwnerUser: owner !== null && (yield* users.exists(key, owner.id)),
      },
    );
    const { pk } = yield* conversations.create(key, 'room', {
      id,
      name,
      ...(history === undefined ? {} : { history }),
      members: [],
      createdAt,
    });
    yield* run(
      `INSERT INTO room (${COLUMNS}) VALUES (?, ?, ?, ?, ?)`,
      pk,
      description,
      isOpen ? 1 : 0,
      owner?.id ?? null,
      guest && JSON.stringify(guest),
    );
    return yield* this.#require(tenant, id);
  }

  *find(tenant: string, id: string): Op<Room | undefined> {
    const row = yield* this.#deps.conversations.rowOf(tenant, id);
    return row && (yield* this.#toRoom(tenant, row));
  }

  *list(tenant: string, { after = '', limit }: Page): Op<Room[]> {
    const { tenants, conversations } = this.#deps;
    const key = yield* tenants.find(tenant);
    if (key === undefined) return [];
    const rows = yield* all<{ id: string }>(
      `SELECT id FROM conversation INDEXED BY conversation_room
           WHERE tenant = ? AND kind = 'room' AND id > ? ORDER BY id LIMIT ?`,
      key,
      after,
      limit,
    );
    const found: Room[] = [];
    for (const { id } of rows) {
      const row = yield* conversations.row(key, id);
      const room = row && (yield* this.#toRoom(tenant, row));
      if (room) found.push(room);
    }
    return found;
  }

  *update(tenant: string, id: string, { name, description, isOpen, history, ownerId }: RoomPatch): Op<Room> {
    const { conversations } = this.#deps;
    const row = yield* this.#requireRow(tenant, id);
    if (ownerId) yield* this.#requireUser(row.tenant, ownerId);
    const room = yield* this.#roomRow(row.pk);
    if (name !== undefined) yield* conversations.rename(row.pk, name);
    if (history !== undefined) yield* conversations.setHistory(row.pk, history);
    yield* run(
      'UPDATE room SET description = ?, open = ?, owner = ?, owner_profile = ? WHERE conversation = ?',
      description ?? room.description,
      isOpen === undefined ? room.open : Number(isOpen),
      ownerId === undefined ? room.owner : ownerId,
      ownerId === undefined ? room.owner_profile : null,
      row.pk,
    );
    return yield* this.#require(tenant, id);
  }

  /** Returns its key. */
  *delete(tenant: string, id: string): Op<number> {
    const { pk } = yield* this.#requireRow(tenant, id);
    yield* run('DELETE FROM room WHERE conversation = ?', pk);
    yield* this.#deps.conversations.end(pk);
    return pk;
  }

  *enter({ tenant, roomId, userId, at }: RoomEntry): Op<void> {
    const { tenants, users } = this.#deps;
    // The user before the room, as a deletion does.
    const isUser = yield* users.exists((yield* tenants.find(tenant)) ?? -1, userId);
    const row = yield* this.#requireRow(tenant, roomId);
    requireUser(isUser, userId, 'ownerId');
    const role = (yield* this.#roomRow(row.pk)).owner === userId ? 'owner' : 'member';
    yield* this.#deps.members.add(row, [{ userId, role }], at);
  }

  *leave(tenant: string, roomId: string, userId: string): Op<void> {
    const { conversations, members } = this.#deps;
    const row = yield* conversations.rowOf(tenant, roomId);
    if (row?.kind === 'room') yield* members.remove(row.pk, userId);
  }

  *empty(limit: number): Op<boolean> {
    const { conversations, members } = this.#deps;
    const present = yield* all<{ conversation: number; user_id: string }>(
      'SELECT m.conversation, m.user_id FROM room r CROSS JOIN member m WHERE m.conversation = r.conversation LIMIT ?',
      limit,
    );
    for (const { conversation, user_id } of present) {
      yield* conversations.lock(conversation);
      yield* members.remove(conversation, user_id);
    }
    return present.length === limit;
  }

  *#toRoom(tenant: string, row: ConversationRow): Op<Room | undefined> {
    const conversation = toConversation(tenant, row);
    if (row.kind === 'group') {
      return { ...conversation, description: '', isOpen: false, owner: yield* this.#groupOwner(row) };
    }
    if (row.kind !== 'room') return undefined;
    const { description, open, owner, owner_profile } = yield* this.#roomRow(row.pk);
    const owned = owner === null ? null : yield* this.#person(row.tenant, owner, owner_profile);
    return { ...conversation, description, isOpen: open === 1, owner: owned };
  }

  *#groupOwner({ pk, tenant }: ConversationRow): Op<Person | null> {
    const row = yield* get<{ user_id: string }>(
      "SELECT user_id FROM member WHERE conversation = ? AND role = 'owner' ORDER BY joined_at, user_id LIMIT 1",
      pk,
    );
    return row ? yield* this.#person(tenant, row.user_id, null) : null;
  }

  /** Null for a user who is gone. */
  *#person(tenant: number, id: string, guest: string | null): Op<Person | null> {
    if (guest !== null) return { id, profile: JSON.parse(guest) as Profile };
    const user = yield* this.#deps.users.shown(tenant, id);
    return user ? { id, profile: profileOf(user) } : null;
  }

  *#roomRow(pk: number): Op<RoomRow> {
    return (yield* get<RoomRow>(`SELECT ${COLUMNS} FROM room WHERE conversation = ?`, pk)) as RoomRow;
  }

  *#require(tenant: string, id: string): Op<Room> {
    return (yield* this.#toRoom(tenant, yield* this.#requireRow(tenant, id))) as Room;
  }

  *#requireRow(tenant: string, id: string): Op<ConversationRow> {
    const row = yield* this.#deps.conversations.rowOf(tenant, id);
    requireRoom(row, id);
    return row;
  }

  *#requireUser(tenant: number, id: string): Op<void> {
    requireUser(yield* this.#deps.users.exists(tenant, id), id, 'ownerId');
  }
}
