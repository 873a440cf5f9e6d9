import type { MemberRole } from '../../core/model.ts';
import type { NewMember } from '../../core/ports/store.ts';
import { successorOf } from '../../core/rules/group-rights.ts';
import { IS_NOBODY, MEMBER_COLUMNS, type MemberRow, type MemberTable } from './members.ts';
import { all, mapped, type Op } from './statement.ts';

/** SQL of who owns a group, and of who does once an owner has gone. */
export class GroupOwners {
  readonly #members: MemberTable;

  constructor(members: MemberTable) {
    this.#members = members;
  }

  *of(pk: number): Op<string[]> {
    const rows = yield* all(
      `SELECT user_id FROM member WHERE conversation = ? AND role = 'owner' AND NOT ${IS_NOBODY} ORDER BY user_id`,
      pk,
    );
    return (rows as unknown as { user_id: string }[]).map(({ user_id }) => user_id);
  }

  /** Whoever becomes owner where one of this role has gone and no other is left. */
  *succeed(pk: number, role: MemberRole, successorId?: string): Op<NewMember[]> {
    const heir = successorId ?? (role === 'owner' ? yield* this.#successor(pk) : undefined);
    if (heir === undefined || (yield* this.#members.row(pk, heir))?.role === 'owner') return [];
    return [yield* this.#members.setRole(pk, heir, 'owner')];
  }

  /** Whom the rules name in a group without owners: they need the longest-standing of each role to choose from. */
  *#successor(pk: number): Op<string | undefined> {
    if ((yield* this.of(pk)).length > 0) return undefined;
    const best = `SELECT ${MEMBER_COLUMNS} FROM member WHERE conversation = ? AND role = ? AND NOT ${IS_NOBODY} ORDER BY joined_at, user_id LIMIT 1`;
    const candidates = yield* mapped(['admin', 'member'], (role) => all<MemberRow>(best, pk, role));
    return successorOf(yield* mapped(candidates.flat(), (row) => this.#members.toMember(pk, row)))?.userId;
  }
}
