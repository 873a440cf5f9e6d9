import type { Role, User } from '../../core/model.ts';
import type { AccountFacts } from '../../core/rules/users.ts';

export interface UserRow {
  id: string;
  uid: number;
  username: string;
  nickname: string;
  avatar: string;
  role: string;
  password: string | null;
  created_at: number;
  disabled: 0 | 1;
  tokens_after: number | null;
}

/** A user, or what is left of one who was deleted. */
export interface AccountRow extends UserRow {
  person: string;
  deleted: 0 | 1;
  generation: number;
}

export const USER_COLUMNS =
  'id, uid, username, nickname, avatar, role, password, created_at, disabled, tokens_after';
export const ACCOUNT_COLUMNS = `${USER_COLUMNS}, person, deleted, generation`;

export function toUser(tenant: string, row: UserRow): User {
  return {
    tenant,
    id: row.id,
    uid: row.uid,
    username: row.username,
    nickname: row.nickname,
    avatar: row.avatar,
    role: row.role as Role,
    isDisabled: row.disabled === 1,
    tokensAfter: row.tokens_after,
    createdAt: row.created_at,
  };
}

export function factsOf({ deleted, generation, password }: AccountRow): AccountFacts {
  return { isDeleted: Boolean(deleted), generation, passwordHash: password };
}
