import type { MemberRole } from '../../core/model.ts';
import type { LeftGroup, MembershipPage, MembershipQuery, PeerQuery } from '../../core/ports/store.ts';
import type { ConversationRow } from './conversation-row.ts';
import type { GroupOwners } from './group-owners.ts';
import { IS_NOBODY } from './members.ts';
import { ENDED } from './sight.ts';
import { all, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';

/** How many single chats could be left in the time that it takes to leave a group. */
const ROWS_OF_A_GROUP = 5;

/** SQL of the conversations that a user is a member of. */
export class MembershipTable {
  readonly #tenants: Tenants;
  readonly #owners: GroupOwners;

  constructor(tenants: Tenants, owners: GroupOwners) {
    this.#tenants = tenants;
    this.#owners = owners;
  }

  /** By key. What has ended counts for the limit, so that a page never looks at more. */
  *list({ tenant, userId, limit, after = 0 }: MembershipQuery & { after?: number }): Op<MembershipPage> {
    const key = yield* this.#tenants.find(tenant);
    const rows = yield* all<{ pk: number; id: string; kind: string }>(
      `SELECT c.pk, c.id, c.kind FROM member m INDEXED BY member_many JOIN conversation c ON c.pk = m.conversation
           WHERE m.tenant = ? AND m.user_id = ? AND m.many AND m.conversation > ? ORDER BY m.conversation LIMIT ?`,
      key ?? null,
      userId,
      after,
      limit,
    );
    const conversationIds = rows.filter(({ kind }) => kind !== ENDED).map(({ id }) => id);
    const last = rows.at(-1);
    return last === undefined || rows.length < limit
      ? { conversationIds }
      : { conversationIds, next: last.pk };
  }

  *listPeers({ tenant, userId, maxMembers, limit }: PeerQuery): Op<string[]> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return [];
    const rows = yield* all<{ id: string }>(
      `SELECT DISTINCT other.user_id AS id FROM member own
           JOIN conversation c ON c.pk = own.conversation
           JOIN member other ON other.conversation = own.conversation AND NOT ${IS_NOBODY.replaceAll('member.', 'other.')}
           WHERE own.tenant = ? AND own.user_id = ? AND other.user_id <> own.user_id
             AND (c.kind = 'single' OR (c.kind = 'group' AND c.member_count <= ?)) LIMIT ?`,
      key,
      userId,
      maxMembers,
      limit,
    );
    return rows.map(({ id }) => id);
  }

  /** Ends some memberships of a deleted user; returns the groups among them, and what the work was worth in rows. */
  *endSome(tenant: number, userId: string, limit: number): Op<{ rows: number; groups: LeftGroup[] }> {
    const { rows, groups } = yield* this.#leaveMany(tenant, userId, Math.ceil(limit / ROWS_OF_A_GROUP));
    const worth = rows * ROWS_OF_A_GROUP;
    if (worth >= limit) return { rows: worth, groups };
    return { rows: worth + (yield* this.#leaveOthers(tenant, userId, limit - worth)), groups };
  }

  /** Everything but single chats. */
  *#leaveMany(tenant: number, userId: string, limit: number): Op<{ rows: number; groups: LeftGroup[] }> {
    // Whoever locks several conversations does it in this order.
    const rows = yield* all<Pick<ConversationRow, 'pk' | 'id' | 'kind'>>(
      `SELECT c.pk, c.id, c.kind FROM
           (SELECT conversation FROM member INDEXED BY member_many WHERE tenant = ? AND user_id = ? AND many LIMIT ?) m
           JOIN conversation c ON c.pk = m.conversation ORDER BY c.id FOR UPDATE OF c`,
      tenant,
      userId,
      limit,
    );
    const roles = yield* this.#drop(userId, rows);
    const groups: LeftGroup[] = [];
    for (const { pk, id, kind } of rows) {
      const role = roles.get(pk);
      if (kind !== 'group' || role === undefined) continue;
      groups.push({ conversationId: id, changed: yield* this.#owners.succeed(pk, role) });
    }
    return { rows: rows.length, groups };
  }

  *#leaveOthers(tenant: number, userId: string, limit: number): Op<number> {
    const rows = yield* all<{ pk: number }>(
      `SELECT c.pk FROM (SELECT conversation FROM member WHERE tenant = ? AND user_id = ? LIMIT ?) m
           JOIN conversation c ON c.pk = m.conversation ORDER BY c.id FOR UPDATE OF c`,
      tenant,
      userId,
      limit,
    );
    yield* this.#drop(userId, rows);
    return rows.length;
  }

  /** Ends a user's memberships of these conversations, which are locked, and keeps nothing of them; returns the roles that it had. */
  *#drop(
    userId: string,
    conversations: readonly { readonly pk: number }[],
  ): Op<ReadonlyMap<number, MemberRole>> {
    if (conversations.length === 0) return new Map();
    const rows = yield* all<{ conversation: number; role: MemberRole }>(
      'SELECT conversation, role FROM member WHERE user_id = ? AND conversation IN INTEGERS(?)',
      userId,
      conversations.map(({ pk }) => pk),
    );
    const keys = rows.map(({ conversation }) => conversation);
    yield* run('DELETE FROM member WHERE user_id = ? AND conversation IN INTEGERS(?)', userId, keys);
    yield* run(
      `UPDATE conversation SET member_count = member_count - 1 WHERE pk IN INTEGERS(?) AND kind <> '${ENDED}'`,
      keys,
    );
    return new Map(rows.map(({ conversation, role }) => [conversation, role]));
  }
}
