import { DomainError } from '../../core/errors.ts';
import { isGuestId, profileOf } from '../../core/guests.ts';
import type { Person, Profile, Room } from '../../core/model.ts';
import type { NewRoom, RoomEntry, RoomPatch } from '../../core/ports/room-store.ts';
import type { Page } from '../../core/ports/store.ts';
import { type ConversationRow, type ConversationTable, toConversation } from './conversations.ts';
import type { Statements } from './database.ts';
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
  readonly sql: Statements;
  readonly tenants: Tenants;
  readonly users: UserTable;
  readonly conversations: ConversationTable;
}

/** SQL of rooms: what they have beside a conversation, and who is in them. */
export class RoomTable {
  readonly #deps: RoomTableDeps;

  constructor(deps: RoomTableDeps) {
    this.#deps = deps;
  }

  create({ tenant, id, name, description, isOpen, history, owner, createdAt }: NewRoom): Room {
    const { sql, tenants, conversations } = this.#deps;
    const key = tenants.ensure(tenant);
    if (conversations.row(key, id)) {
      throw new DomainError('ECONFLICT', `the id ${id} is taken`, { field: 'id' });
    }
    if (owner && !isGuestId(owner.id)) this.#requireUser(key, owner.id);
    const { pk } = conversations.create(key, 'room', {
      id,
      name,
      ...(history === undefined ? {} : { history }),
      members: [],
      createdAt,
    });
    const profile = owner && isGuestId(owner.id) ? JSON.stringify(owner.profile) : null;
    sql
      .get(`INSERT INTO room (${COLUMNS}) VALUES (?, ?, ?, ?, ?)`)
      .run(pk, description, isOpen ? 1 : 0, owner?.id ?? null, profile);
    return this.#require(tenant, id);
  }

  find(tenant: string, id: string): Room | undefined {
    const { tenants, conversations } = this.#deps;
    const key = tenants.find(tenant);
    const row = key === undefined ? undefined : conversations.row(key, id);
    return row && this.#toRoom(tenant, row);
  }

  list(tenant: string, { after = '', limit }: Page): Room[] {
    const { sql, tenants, conversations } = this.#deps;
    const key = tenants.find(tenant);
    if (key === undefined) return [];
    const rows = sql
      .get("SELECT id FROM conversation WHERE tenant = ? AND kind = 'room' AND id > ? ORDER BY id LIMIT ?")
      .all(key, after, limit) as unknown as { id: string }[];
    return rows.flatMap(({ id }) => {
      const row = conversations.row(key, id);
      return (row && this.#toRoom(tenant, row)) ?? [];
    });
  }

  update(tenant: string, id: string, { name, description, isOpen, history, ownerId }: RoomPatch): Room {
    const { sql, conversations } = this.#deps;
    const row = this.#requireRow(tenant, id);
    if (ownerId) this.#requireUser(row.tenant, ownerId);
    const room = this.#roomRow(row.pk);
    if (name !== undefined) conversations.rename(row.pk, name);
    if (history !== undefined) conversations.setHistory(row.pk, history);
    sql
      .get('UPDATE room SET description = ?, open = ?, owner = ?, owner_profile = ? WHERE conversation = ?')
      .run(
        description ?? room.description,
        isOpen === undefined ? room.open : Number(isOpen),
        ownerId === undefined ? room.owner : ownerId,
        ownerId === undefined ? room.owner_profile : null,
        row.pk,
      );
    return this.#require(tenant, id);
  }

  delete(tenant: string, id: string): string[] {
    const { pk } = this.#requireRow(tenant, id);
    this.#deps.sql.get('DELETE FROM room WHERE conversation = ?').run(pk);
    return this.#deps.conversations.end(pk);
  }

  enter({ tenant, roomId, userId, at }: RoomEntry): void {
    const row = this.#requireRow(tenant, roomId);
    this.#requireUser(row.tenant, userId);
    const role = this.#roomRow(row.pk).owner === userId ? 'owner' : 'member';
    this.#deps.conversations.addToConversation(row, [{ userId, role }], at);
  }

  leave(tenant: string, roomId: string, userId: string): void {
    const { tenants, conversations } = this.#deps;
    const key = tenants.find(tenant);
    const row = key === undefined ? undefined : conversations.row(key, roomId);
    if (row?.kind === 'room') conversations.remove(row.pk, userId);
  }

  empty(): void {
    const { sql, conversations } = this.#deps;
    const members = sql
      .get(
        "SELECT m.conversation, m.user FROM conversation c JOIN member m ON m.conversation = c.pk WHERE c.kind = 'room'",
      )
      .all() as unknown as { conversation: number; user: string }[];
    for (const { conversation, user } of members) conversations.remove(conversation, user);
  }

  #toRoom(tenant: string, row: ConversationRow): Room | undefined {
    const conversation = toConversation(tenant, row);
    if (row.kind === 'group') {
      return { ...conversation, description: '', isOpen: false, owner: this.#groupOwner(row) };
    }
    if (row.kind !== 'room') return undefined;
    const { description, open, owner, owner_profile } = this.#roomRow(row.pk);
    const owned = owner === null ? null : this.#person(row.tenant, owner, owner_profile);
    return { ...conversation, description, isOpen: open === 1, owner: owned };
  }

  #groupOwner({ pk, tenant }: ConversationRow): Person | null {
    const row = this.#deps.sql
      .get("SELECT user FROM member WHERE conversation = ? AND role = 'owner' LIMIT 1")
      .get(pk) as { user: string } | undefined;
    return row ? this.#person(tenant, row.user, null) : null;
  }

  /** Null for a user who is gone. */
  #person(tenant: number, id: string, guest: string | null): Person | null {
    if (guest !== null) return { id, profile: JSON.parse(guest) as Profile };
    const user = this.#deps.users.shown(tenant, id);
    return user ? { id, profile: profileOf(user) } : null;
  }

  #roomRow(pk: number): RoomRow {
    return this.#deps.sql
      .get(`SELECT ${COLUMNS} FROM room WHERE conversation = ?`)
      .get(pk) as unknown as RoomRow;
  }

  #require(tenant: string, id: string): Room {
    return this.#toRoom(tenant, this.#requireRow(tenant, id)) as Room;
  }

  #requireRow(tenant: string, id: string): ConversationRow {
    const { tenants, conversations } = this.#deps;
    const key = tenants.find(tenant);
    const row = key === undefined ? undefined : conversations.row(key, id);
    if (row?.kind !== 'room') throw new DomainError('ENOENT', `no room ${id}`, { field: 'id' });
    return row;
  }

  #requireUser(tenant: number, id: string): void {
    if (this.#deps.users.exists(tenant, id)) return;
    throw new DomainError('ENOENT', `no user ${id}`, { field: 'ownerId' });
  }
}
