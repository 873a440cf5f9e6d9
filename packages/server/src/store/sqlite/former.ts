import type { Statements } from './database.ts';

/** What bears the id of a user beside its messages and single chats, which bear its person. */
const MOVED: readonly (readonly [table: string, column: string])[] = [
  ['service_session', 'customer'],
  ['service_session', 'agent'],
  ['service_session', 'closed_by'],
  ['service_note', 'author'],
  ['file', 'owner'],
];
const OF_TENANT = 'conversation IN (SELECT pk FROM conversation WHERE tenant = ?)';

/**
 * Puts whatever a deleted user left under another id, or away: its own is about to be somebody else's. Rare, so it may
 * read whole tables.
 */
export function handOver(sql: Statements, tenant: number, id: string, formerId: string): void {
  for (const [table, column] of MOVED) {
    sql.get(`UPDATE ${table} SET ${column} = ? WHERE tenant = ? AND ${column} = ?`).run(formerId, tenant, id);
  }
  for (const [table, column] of [
    ['room', 'owner'],
    ['pin', 'pinned_by'],
  ]) {
    sql
      .get(`UPDATE ${table} SET ${column} = ? WHERE ${column} = ? AND ${OF_TENANT}`)
      .run(formerId, id, tenant);
  }
  for (const table of ['member', 'former_member', 'notification_user', 'chat_permission', 'desk_agent']) {
    sql.get(`DELETE FROM ${table} WHERE tenant = ? AND user = ?`).run(tenant, id);
  }
  for (const table of ['hidden', 'pin']) {
    sql.get(`DELETE FROM ${table} WHERE user = ? AND ${OF_TENANT}`).run(id, tenant);
  }
}
