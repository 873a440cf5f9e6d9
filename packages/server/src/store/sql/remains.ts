import type { LeftGroup } from '../../core/ports/conversation-store.ts';
import type { RemainsKind, RemainsOf, Swept } from '../../core/ports/remains-store.ts';
import type { ConversationTable } from './conversations.ts';
import type { FileTable } from './files.ts';
import type { FormerMemberTable } from './former-members.ts';
import type { MemberTable } from './members.ts';
import type { MembershipTable } from './memberships.ts';
import type { NotificationTable } from './notifications.ts';
import type { OutboxTable } from './outbox.ts';
import { get, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';
import type { UserTable } from './users.ts';

interface RemainsRow {
  pk: number;
  kind: RemainsKind;
  tenant: number;
  name: string;
  conversation: number | null;
  actor: string;
}

/** What is removed of it at once. */
interface Share {
  /** How many rows were removed, or as many as that work was worth. */
  readonly rows: number;
  readonly members?: readonly string[];
  readonly groups?: readonly LeftGroup[];
}

/** Something that was just deleted. */
export interface Deleted extends RemainsOf {
  /** The key of a group or room. */
  readonly conversation?: number;
  readonly actorId: string;
}

export interface RemainsTableDeps {
  readonly tenants: Tenants;
  readonly users: UserTable;
  readonly conversations: ConversationTable;
  readonly members: MemberTable;
  readonly memberships: MembershipTable;
  readonly former: FormerMemberTable;
  readonly notifications: NotificationTable;
  readonly files: FileTable;
  readonly outbox: OutboxTable;
}

/** Rows that the deletion itself removes: all of them, mostly. */
const FIRST_SHARE = 100;
/** Rows removed at once where somebody waits for the last of them. */
const LAST_SHARE = 10_000;

const COLUMNS = 'pk, kind, tenant, name, conversation, actor';

/** SQL of what is left of what was deleted. */
export class RemainsTable {
  readonly #deps: RemainsTableDeps;

  constructor(deps: RemainsTableDeps) {
    this.#deps = deps;
  }

  /** Notes in the transaction of a deletion that rows of it are left, and removes the first of them. */
  *begin({ kind, tenant, id, conversation, actorId }: Deleted): Op<Swept> {
    const key = yield* this.#deps.tenants.ensure(tenant);
    const row = yield* get<RemainsRow>(
      `INSERT INTO remains (kind, tenant, name, conversation, actor) VALUES (?, ?, ?, ?, ?) RETURNING ${COLUMNS}`,
      kind,
      key,
      id,
      conversation ?? null,
      actorId,
    );
    return yield* this.#sweep(row as RemainsRow, tenant, FIRST_SHARE);
  }

  *sweep(limit: number, only?: RemainsOf): Op<Swept | undefined> {
    // Who finds a row locked leaves it to the other node.
    const row = only
      ? yield* get<RemainsRow>(
          `SELECT ${COLUMNS} FROM remains WHERE kind = ? AND name = ? AND tenant = ? ORDER BY pk LIMIT 1 FOR UPDATE SKIP LOCKED`,
          only.kind,
          only.id,
          (yield* this.#deps.tenants.find(only.tenant)) ?? null,
        )
      : yield* get<RemainsRow>(`SELECT ${COLUMNS} FROM remains ORDER BY pk LIMIT 1 FOR UPDATE SKIP LOCKED`);
    if (!row) return undefined;
    const tenant = yield* get<{ id: string }>('SELECT id FROM tenant WHERE pk = ?', row.tenant);
    return yield* this.#sweep(row, tenant?.id ?? '', limit);
  }

  /** Removes what is left of a user whose id is about to be somebody else's. */
  *finishUser(tenant: number, id: string): Op<void> {
    const row = yield* get<RemainsRow>(
      `SELECT ${COLUMNS} FROM remains WHERE kind = 'user' AND name = ? AND tenant = ? LIMIT 1 FOR UPDATE`,
      id,
      tenant,
    );
    while (row && !(yield* this.#sweep(row, '', LAST_SHARE)).isDone);
  }

  *#sweep(row: RemainsRow, tenant: string, limit: number): Op<Swept> {
    const { rows, members = [], groups = [] } = yield* this.#share(row, limit);
    const isDone = rows < limit;
    if (isDone) yield* run('DELETE FROM remains WHERE pk = ?', row.pk);
    const { kind, name: id, actor: actorId } = row;
    return { kind, tenant, id, actorId, members, groups, isDone };
  }

  #share(row: RemainsRow, limit: number): Op<Share> {
    switch (row.kind) {
      case 'group':
      case 'room':
        return this.#ofConversation(row, limit);
      case 'user':
        return this.#ofUser(row, limit);
      case 'webhook':
        return this.#ofWebhook(row, limit);
    }
  }

  *#ofConversation({ tenant, name, conversation }: RemainsRow, limit: number): Op<Share> {
    const { conversations, members, former } = this.#deps;
    const pk = conversation ?? -1;
    const removed = yield* members.removeSome(pk, limit);
    const left = limit - removed.length;
    const forgotten = left > 0 ? yield* former.forgetConversation(pk, left) : 0;
    // Members of a later conversation of the same id are not told that they are none.
    const isTaken = (yield* conversations.row(tenant, name)) !== undefined;
    return { rows: removed.length + forgotten, members: isTaken ? [] : removed };
  }

  *#ofUser({ tenant, name }: RemainsRow, limit: number): Op<Share> {
    const { users, memberships, former, notifications, files } = this.#deps;
    // A node of an earlier version has given the id to somebody else, and removed everything.
    if (yield* users.exists(tenant, name)) return { rows: 0 };
    const { rows, groups } = yield* memberships.endSome(tenant, name, limit);
    let left = limit - rows;
    for (const remove of [
      (max: number) => former.forgetUser(tenant, name, max),
      (max: number) => notifications.removeUser(tenant, name, max),
      (max: number) => files.forgetOwner(tenant, name, max),
    ]) {
      if (left > 0) left -= yield* remove(left);
    }
    return { rows: limit - left, groups };
  }

  *#ofWebhook({ name }: RemainsRow, limit: number): Op<Share> {
    return { rows: yield* this.#deps.outbox.removeOf(name, limit) };
  }
}
