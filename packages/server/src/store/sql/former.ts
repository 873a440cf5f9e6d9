import { type Op, run } from './statement.ts';

/** What to do with a column that bears users' ids. Messages and single chats bear persons instead. */
interface Bearer {
  readonly table: string;
  readonly column: string;
  /** `move` puts it under the former user's marked id, `remove` deletes the row. */
  readonly fate: 'move' | 'remove';
  /** Whether the table names the tenant; else its conversation does. */
  readonly hasTenant: boolean;
}

const moved = (table: string, column: string, hasTenant = true): Bearer => ({
  table,
  column,
  fate: 'move',
  hasTenant,
});
const removed = (table: string, hasTenant = true): Bearer => ({
  table,
  column: 'user_id',
  fate: 'remove',
  hasTenant,
});

/** In the order of what is done: a pin of the user's own is removed, whoever else's it pinned stays. */
export const BEARERS: readonly Bearer[] = [
  removed('member'),
  removed('former_member'),
  removed('notification_user'),
  removed('chat_permission'),
  removed('desk_agent'),
  removed('login_network'),
  removed('hidden', false),
  removed('pin', false),
  moved('pin', 'pinned_by', false),
  moved('room', 'owner', false),
  moved('service_session', 'customer'),
  moved('service_session', 'agent'),
  moved('service_session', 'closed_by'),
  moved('service_note', 'author'),
  moved('file', 'owner'),
];

/**
 * Puts whatever a deleted user left under another id, or away: its own is about to be somebody else's. Each finds its rows by an index.
 */
export function* handOver(tenant: number, id: string, formerId: string): Op<void> {
  for (const { table, column, fate, hasTenant } of BEARERS) {
    const ofTenant = hasTenant
      ? 'tenant = ?2'
      : `(SELECT c.tenant FROM conversation c WHERE c.pk = ${table}.conversation) = ?2`;
    const its = `WHERE ${column} = ?1 AND ${ofTenant}`;
    if (fate === 'remove') yield* run(`DELETE FROM ${table} ${its}`, id, tenant);
    else yield* run(`UPDATE ${table} SET ${column} = ?3 ${its}`, id, tenant, formerId);
  }
}
