/** Tables that don't grow with use: that a plan goes through them says nothing. */
export const SMALL_TABLES: Readonly<Record<string, string>> = {
  tenant: 'the applications of a server',
  webhook: 'a bounded number for each application',
  outbox_waiting: 'a row for each webhook',
  chat_setting: 'a handful for each application',
  outbox_lease: 'one for each target that has an order',
  number_slot: 'one for each writing connection',
  write_probe: 'one row',
  desk_agent: 'those who work at the desk',
  remains: 'what was deleted and is being swept',
};

/** Indexes that hold only what is going on: whoever goes through one looks at what is open now, whatever was before. */
export const OPEN_INDEXES: Readonly<Record<string, string>> = {
  service_session_alive: 'sessions that are not closed',
  service_session_queue: 'sessions that wait',
  service_session_turn: 'sessions that wait and are present',
  service_session_agent: 'sessions with an agent',
  notification_due: 'notifications that are not published yet',
};

/** Tables that a single conversation may have any number of rows in. */
export const MANY_IN_CONVERSATION: ReadonlySet<string> = new Set([
  'message',
  'member',
  'former_member',
  'hidden',
  'pin',
  'file_use',
]);

export interface ScanReason {
  /** What the statement has in its text, spaces and line breaks alike, and others with the same finding may have, too. */
  readonly statement: string;
  readonly finding: string;
  readonly why: string;
}

/**
 * Statements that go through a table that grows, or sort, and may: each with its reason. What neither database does any more is to be
 * removed here; the test tells.
 */
export const SCAN_REASONS: readonly ScanReason[] = [
  {
    finding: 'sort',
    statement: 'LIMIT ?) m JOIN conversation c ON c.pk = m.conversation ORDER BY c.id FOR UPDATE OF c',
    why: 'one share of what a deleted user leaves, locked in the order of messages',
  },
  {
    finding: 'sort',
    statement: 'FROM remains ORDER BY pk LIMIT 1',
    why: 'PostgreSQL reckons with the few that there are',
  },
  {
    finding: 'sort',
    statement: 'FROM remains WHERE kind = ? AND name = ? AND tenant = ? ORDER BY pk LIMIT 1',
    why: 'PostgreSQL reckons with the few that there are',
  },
  {
    finding: 'scan member',
    statement: 'UPDATE member SET delivered = ? WHERE conversation = ? AND user_id IN TEXTS(?)',
    why: 'moves the positions of many members at once',
  },
  {
    finding: 'scan former_member',
    statement: 'FROM former_member WHERE conversation = ? AND user_id IN TEXTS(?)',
    why: 'PostgreSQL reckons with few who left',
  },
  {
    finding: 'scan former_member',
    statement: 'DELETE FROM former_member WHERE conversation = ?',
    why: 'the conversation is deleted, with all that is its',
  },
  {
    finding: 'scan member',
    statement: 'DELETE FROM member WHERE conversation = ?',
    why: 'the conversation is deleted, with all that is its',
  },
  {
    finding: 'scan member',
    statement: 'UPDATE member SET many = FALSE WHERE conversation = ?',
    why: 'the few who are in a service session',
  },
  {
    finding: 'scan member',
    statement: 'SELECT user_id FROM member WHERE conversation = ?',
    why: 'asks for all members, whom something is told, or for the few owners',
  },
  {
    finding: 'scan member',
    statement: 'WHERE v.conversation = :conversation AND v.user_id <> :user_id',
    why: 'the other one of two',
  },
  {
    finding: 'scan member',
    statement: "WHERE c.pk = ? AND c.history = 'since_join'",
    why: 'asks for all who may not see what is pinned, hidden or changed',
  },
  {
    finding: 'scan member',
    statement: 'FROM member WHERE conversation = ? AND role = ? AND NOT EXISTS',
    why: 'the last owner goes, which is seldom',
  },
  {
    finding: 'sort',
    statement: 'FROM member WHERE conversation = ? AND role = ? AND NOT EXISTS',
    why: 'the last owner goes, which is seldom',
  },
  {
    finding: 'scan member',
    statement: 'SELECT DISTINCT other.user_id AS id FROM member own',
    why: 'groups above a size are left out, and it stops at its limit',
  },
  {
    finding: 'sort',
    statement: "WHERE conversation = ? AND role = 'owner' ORDER BY joined_at",
    why: 'the few owners of a group',
  },
  {
    finding: 'sort',
    statement: "WHERE c.pk = ? AND c.history = 'since_join' AND v.joined_seq >= ?",
    why: 'sorts what it returns',
  },
  {
    finding: 'sort',
    statement: "FROM member WHERE conversation = ? AND role = 'owner' AND NOT",
    why: 'the few owners of a group',
  },
  {
    finding: 'sort',
    statement: 'WHERE guest IS NOT NULL AND created_at < ? ORDER BY created_at, conversation, seq',
    why: 'the index gives the order, but for what was said in one millisecond',
  },
  { finding: 'sort', statement: 'FROM chat_setting WHERE tenant = ? ORDER BY name', why: 'a handful' },
  {
    finding: 'sort',
    statement: "FROM service_session WHERE tenant = t.pk AND state = 'queued') ORDER BY t.pk",
    why: 'the applications of a server',
  },
  {
    finding: 'sort',
    statement: 'SELECT DISTINCT other.user_id AS id FROM member own',
    why: 'groups above a size are left out, and it stops at its limit',
  },
  {
    finding: 'scan member',
    statement: 'SELECT m.conversation, m.user_id FROM room r',
    why: 'once, when the server starts: nobody is in a room then',
  },
  {
    finding: 'scan room',
    statement: 'SELECT m.conversation, m.user_id FROM room r',
    why: 'once, when the server starts: nobody is in a room then',
  },
  { finding: 'sort', statement: 'DELETE FROM login_network', why: 'a few networks of a user' },
  {
    finding: 'scan change_log',
    statement: 'FROM change_log WHERE version <= ?',
    why: 'stops at its limit, in the order of the key',
  },
  {
    finding: 'scan message',
    statement: 'WHERE m.conversation = ? ORDER BY m.seq DESC LIMIT ?',
    why: 'stops at its limit, in the order of the key',
  },
  {
    finding: 'scan message',
    statement: 'SELECT created_at FROM message WHERE conversation = s.conversation ORDER BY seq DESC LIMIT 1',
    why: 'the last message only',
  },
  {
    finding: 'scan message',
    statement: 'NOT EXISTS (SELECT 1 FROM message m WHERE m.conversation = c.pk)',
    why: 'ends with the first one found',
  },
  {
    finding: 'scan audit',
    statement: 'FROM audit WHERE tenant = ? ORDER BY pk DESC LIMIT ?',
    why: 'stops at its limit, in the order of the index',
  },
  {
    finding: 'scan service_session',
    statement:
      'FROM service_session INDEXED BY service_session_opened WHERE tenant = ? ORDER BY opened_at DESC',
    why: 'stops at its limit, in the order of the index',
  },
  {
    finding: 'sort',
    statement: 'FROM service_session INDEXED BY service_session_customer WHERE tenant = ?',
    why: 'the sessions of one customer',
  },
  {
    finding: 'sort',
    statement: 'FROM service_session INDEXED BY service_session_queue WHERE tenant = ?',
    why: 'sessions that are open',
  },
  {
    finding: 'sort',
    statement: "FROM service_session INDEXED BY service_session_agent WHERE tenant = ? AND state = 'active'",
    why: 'sessions that are open',
  },
  {
    finding: 'sort',
    statement: "INDEXED BY service_session_agent WHERE tenant = ? AND agent = ? AND state = 'active'",
    why: 'as many as an agent may have at a time',
  },
  {
    finding: 'sort',
    statement: 'FROM service_session s INDEXED BY service_session_agent',
    why: 'sessions that are open',
  },
  {
    finding: 'sort',
    statement: 'FROM service_session s INDEXED BY service_session_queue',
    why: 'sessions that are open',
  },
  {
    finding: 'sort',
    statement: 'FROM service_session s JOIN tenant t ON t.pk = s.tenant LEFT JOIN desk_agent a',
    why: 'sessions that are open',
  },
  { finding: 'sort', statement: 'AS may_serve FROM desk_agent a', why: 'the agents of one tenant' },
  {
    finding: 'sort',
    statement: 'count(absent_at) AS absent, min(waiting_since) AS since',
    why: 'a row for each skill that somebody waits for',
  },
  {
    finding: 'sort',
    statement: 'SELECT tenant, id, url, events, secret, created_by, created_at FROM webhook ORDER BY pk',
    why: 'a bounded number for each application',
  },
  {
    finding: 'sort',
    statement: 'FROM account WHERE tenant = ? AND id IN TEXTS(?)',
    why: 'as many as were asked for',
  },
  {
    finding: 'sort',
    statement: 'WHERE c.tenant = ? AND c.id = ? AND h.user_id = ? ORDER BY h.seq DESC LIMIT ?',
    why: 'what one user hid in one conversation',
  },
  {
    finding: 'sort',
    statement: 'WHERE NOT n.published AND n.due_at <= ? ORDER BY n.due_at, n.pk LIMIT ?',
    why: 'notifications that are not published yet',
  },
  {
    finding: 'sort',
    statement: 'FROM member v JOIN pin p ON p.conversation = v.conversation',
    why: "the pins of one user's conversations",
  },
  {
    finding: 'sort',
    statement: 'AS in_sight, EXISTS (SELECT 1 FROM hidden h',
    why: 'of one id, of which few were counted before, or of one conversation each',
  },
  {
    finding: 'sort',
    statement: 'FROM conversation WHERE pk IN INTEGERS(?) ORDER BY tenant, id FOR UPDATE',
    why: 'as many as are asked for',
  },
  { finding: 'sort', statement: 'FROM outbox WHERE pk IN INTEGERS(?)', why: 'as many as are taken at once' },
  {
    finding: 'sort',
    statement: 'FROM file_use u JOIN file f ON f.pk = u.file WHERE u.conversation = ? AND u.seq = ?',
    why: 'the files of one message',
  },
  { finding: 'sort', statement: 'FROM file f WHERE f.id IN TEXTS(?)', why: 'the files of one message' },
  { finding: 'sort', statement: "WHERE kind = 'group' AND id > ? AND pk IN", why: 'the groups of one user' },
  { finding: 'sort', statement: 'AND many) AND activity < ?', why: 'the groups and sessions of one user' },
  {
    finding: 'sort',
    statement: 'ORDER BY activity_hour DESC, activity DESC LIMIT ?',
    why: "what is of one hour, or few by PostgreSQL's reckoning",
  },
  {
    finding: 'scan conversation',
    statement: 'WHERE g.picture = f.pk',
    why: 'found by the index of pictures or by the members, as PostgreSQL reckons',
  },
];
