/** How much of everything a database is filled with. */
export interface Shape {
  /** Of the conversation `deep`. */
  readonly messages: number;
  readonly users: number;
  /** Of the group `crowd`, each of whom wrote there once, with the client's id `hi`. */
  readonly members: number;
  /** `g1`, `g2`, … : `u2` and `u12` are members of all, with all of their messages before them. */
  readonly groups: number;
  /** The first so many groups, at most all of them, are those of `u1` too. */
  readonly joined: number;
  /** Single chats of `u1`. */
  readonly chats: number;
  /** Single chats among others; fewer than users. */
  readonly others: number;
  readonly rooms: number;
  /** To everybody, and as many to `u1` alone. */
  readonly notifications: number;
  /** Events that wait for webhooks, and as many dead ones. */
  readonly outbox: number;
  /** Closed ones, a hundredth of as many more are open. Twenty agents share them. */
  readonly services: number;
}

/** From one message's number to the next: a hundred messages an hour, as those of before have them. */
const NUMBER = 147_456_000;
const HOUR = 100 * NUMBER;
/** ms. */
const DAY = 86_400_000;
/** Messages of each group. */
const GROUP_MESSAGES = 5;
const CHAT_MESSAGES = 2;
/** Of each chat among others. */
const OTHER_MESSAGES = 52;
const AGENTS = 20;
/** Where the keys of each kind of conversation begin. */
const DEEP = 1;
const CROWD = 2;
const GROUPS = 1_000_000;
const CHATS = 2_000_000;
const ROOMS = 3_000_000;
const SERVICES = 4_000_000;
const OTHERS = 5_000_000;

/**
 * Statements that fill an empty database of either kind, straight into the store's tables: a store that is asked for each row takes
 * hours for what this takes seconds for. All is of the tenant `default`, and was long ago unless it would be
 * removed then.
 */
export function fillStatements(shape: Shape): string[] {
  return [
    `INSERT INTO tenant (pk, id, last_uid, last_group_uid)
      VALUES (1, 'default', ${shape.users}, ${-(shape.groups + shape.rooms + 2)})`,
    ...users(shape),
    ...deepGroup(shape),
    ...crowd(shape),
    ...manyGroups(shape),
    ...chats(shape),
    ...othersChats(shape),
    ...rooms(shape),
    ...notifications(shape),
    ...events(shape),
    ...services(shape),
    ...files(shape),
  ];
}

/** What makes PostgreSQL's own counters follow the keys that were given by hand. */
export const FOLLOW_KEYS = [
  'audit',
  'conversation',
  'file',
  'notification',
  'outbox',
  'service_note',
  'tenant',
  'webhook',
].map(
  (table) => `SELECT setval(pg_get_serial_sequence('${table}', 'pk'), (SELECT max(pk) + 1 FROM ${table}))`,
);

/** The numbers from 1 on as `n.i`, in a way that both databases have. */
function counted(count: number, insert: string, select: string): string {
  return `INSERT INTO ${insert} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) ${select}`;
}

function users({ users: count }: Shape): string[] {
  return [
    counted(
      count,
      'account (tenant, id, uid, username, nickname, avatar, role, created_at, username_key, person)',
      `SELECT 1, 'u' || i, i, 'name' || i, 'Nick ' || i, '', 'user', i, 'name' || i, 'u' || i FROM n`,
    ),
    counted(
      Math.ceil(count / 10),
      'audit (pk, tenant, id, type, user_id, old_value, new_value, actor, reason, at)',
      `SELECT i, 1, 'audit' || i, 'user_access', 'u' || i, '{"role":"user","disabled":true}',
        '{"role":"user","disabled":false,"sessionsEnded":true,"passwordChanged":false}', 'u1', '', i FROM n`,
    ),
    counted(
      count,
      'login_network (tenant, user_id, network, at)',
      `SELECT 1, 'u' || i, '10.0.0.0/24', i FROM n`,
    ),
    counted(
      count,
      'chat_permission (tenant, user_id, permission)',
      `SELECT 1, 'u' || i, 'full_access' FROM n`,
    ),
  ];
}

const CONVERSATION =
  'conversation (pk, tenant, id, kind, name, avatar, member_count, last_seq, created_at, uid, activity, user_a, user_b, activity_hour)';
const MEMBER = 'member (conversation, user_id, tenant, role, joined_at, delivered, read, revision, many)';
const MESSAGE =
  'message (conversation, seq, id, tenant, client_id, sender, type, text, created_at, changed_at, number, revision)';

/** A conversation's last number, its users, and its hour. */
function activity(count: string | number, users = 'NULL, NULL'): string {
  return `${count} * CAST(${NUMBER} AS BIGINT), ${users}, ${count} * CAST(${NUMBER} AS BIGINT) / ${HOUR}`;
}

function deepGroup({ messages }: Shape): string[] {
  return [
    `INSERT INTO ${CONVERSATION} VALUES (${DEEP}, 1, 'deep', 'group', 'Deep', '', 10, ${messages}, 0, -1, ${activity(messages)})`,
    counted(
      10,
      MEMBER,
      `SELECT ${DEEP}, 'u' || i, 1, CASE i WHEN 1 THEN 'owner' ELSE 'member' END, 0, ${messages}, ${messages}, 0, TRUE FROM n`,
    ),
    counted(
      messages,
      MESSAGE,
      `SELECT ${DEEP}, i, 'deep' || i, 1, 'd' || i, 'u' || (i % 10 + 1), 'text', 'What was said as number ' || i, i, i, i * CAST(${NUMBER} AS BIGINT), 0 FROM n`,
    ),
  ];
}

function crowd({ members, users: known }: Shape): string[] {
  const count = Math.min(members, known);
  return [
    `INSERT INTO ${CONVERSATION} VALUES (${CROWD}, 1, 'crowd', 'group', 'Crowd', '', ${count}, ${count}, 0, -2, ${activity(count)})`,
    counted(
      count,
      MEMBER,
      `SELECT ${CROWD}, 'u' || i, 1, CASE i WHEN 1 THEN 'owner' ELSE 'member' END, 0, ${count}, ${count}, 0, TRUE FROM n`,
    ),
    counted(
      count,
      MESSAGE,
      `SELECT ${CROWD}, i, 'crowd' || i, 1, 'hi', 'u' || i, 'text', 'Hello', i, i, i * CAST(${NUMBER} AS BIGINT), 0 FROM n`,
    ),
    // Some who left, some that are hidden and pinned.
    counted(
      count,
      'former_member (conversation, user_id, tenant, left_seq, stays, delivered, delivered_above, read, read_above, revision, revision_above)',
      `SELECT ${GROUPS} + i, 'left' || i, 1, 1, '[]', 1, '[]', 1, '[]', 0, '[]' FROM n`,
    ),
    counted(count, 'hidden (conversation, user_id, seq)', `SELECT ${CROWD}, 'u' || i, i FROM n`),
    counted(count, 'gone (conversation, from_seq, to_seq)', `SELECT ${ROOMS} + i, 1, 1 FROM n`),
    counted(
      count,
      'pin (conversation, seq, user_id, pinned_by, pinned_at)',
      `SELECT ${CROWD}, i, 'u' || i, 'u' || i, i FROM n`,
    ),
  ];
}

function manyGroups({ groups, joined, messages }: Shape): string[] {
  const last = GROUP_MESSAGES;
  return [
    counted(
      groups,
      CONVERSATION,
      `SELECT ${GROUPS} + i, 1, 'g' || i, 'group', 'Group ' || i, '', 3, ${last}, i, -i - 2, ${activity(`(${messages} + i * ${last} + ${last})`)} FROM n`,
    ),
    counted(
      Math.min(joined, groups),
      MEMBER,
      `SELECT ${GROUPS} + i, 'u1', 1, 'owner', 0, ${last}, ${last}, 0, TRUE FROM n`,
    ),
    ...['u2', 'u12'].map((user) =>
      counted(groups, MEMBER, `SELECT ${GROUPS} + i, '${user}', 1, 'member', 0, 0, 0, 0, TRUE FROM n`),
    ),
    counted(
      groups * last,
      MESSAGE,
      `SELECT ${GROUPS} + (i - 1) / ${last} + 1, (i - 1) % ${last} + 1, 'group' || i, 1, 'g' || i, 'u1', 'text', 'In a group ' || i, i, i,
        (${messages} + ((i - 1) / ${last} + 1) * ${last} + (i - 1) % ${last} + 1) * CAST(${NUMBER} AS BIGINT), 0 FROM n`,
    ),
  ];
}

function chats({ chats: count, messages }: Shape): string[] {
  const last = CHAT_MESSAGES;
  return [
    counted(
      count,
      CONVERSATION,
      `SELECT ${CHATS} + i, 1, 'single:u1:u' || (i + 1), 'single', '', '', 2, ${last}, i, NULL, ${activity(`(${messages} + i * ${last} + ${last})`, `'u1', 'u' || (i + 1)`)} FROM n`,
    ),
    counted(count, MEMBER, `SELECT ${CHATS} + i, 'u1', 1, 'member', 0, ${last}, ${last}, 0, FALSE FROM n`),
    counted(
      count,
      MEMBER,
      `SELECT ${CHATS} + i, 'u' || (i + 1), 1, 'member', 0, ${last}, ${last}, 0, FALSE FROM n`,
    ),
    counted(
      count * last,
      MESSAGE,
      `SELECT ${CHATS} + (i - 1) / ${last} + 1, (i - 1) % ${last} + 1, 'chat' || i, 1, 'c' || i, 'u1', 'text', 'To one ' || i, i, i,
        (${messages} + ((i - 1) / ${last} + 1) * ${last} + (i - 1) % ${last} + 1) * CAST(${NUMBER} AS BIGINT), 0 FROM n`,
    ),
  ];
}

/** Between `u12` and `u123` and the like: the one's id begins the other's, so that they are in order. */
function othersChats({ others: count, messages }: Shape): string[] {
  const last = OTHER_MESSAGES;
  const [a, b] = ["'u' || ((i + 19) / 10)", "'u' || (i + 19)"];
  const member = (user: string) =>
    counted(
      count,
      MEMBER,
      `SELECT ${OTHERS} + i, ${user}, 1, 'member', 0, ${last}, ${last}, 0, FALSE FROM n`,
    );
  return [
    counted(
      count,
      CONVERSATION,
      `SELECT ${OTHERS} + i, 1, 'single:' || ${a} || ':' || ${b}, 'single', '', '', 2, ${last}, i, NULL, ${activity(`(${messages} + i * ${last} + ${last})`, `${a}, ${b}`)} FROM n`,
    ),
    member(a),
    member(b),
    counted(
      count * last,
      MESSAGE,
      `SELECT ${OTHERS} + (i - 1) / ${last} + 1, (i - 1) % ${last} + 1, 'other' || i, 1, 'o' || i, 'u' || ((i - 1) / ${last} + 20), 'text', 'Among others ' || i, i, i,
        (${messages} + ((i - 1) / ${last} + 1) * ${last} + (i - 1) % ${last} + 1) * CAST(${NUMBER} AS BIGINT), 0 FROM n`,
    ),
  ];
}

function rooms({ rooms: count, groups }: Shape): string[] {
  return [
    counted(
      count,
      CONVERSATION,
      `SELECT ${ROOMS} + i, 1, 'room' || i, 'room', 'Room ' || i, '', 1, 0, i, -i - ${groups + 2}, ${activity('i')} FROM n`,
    ),
    counted(count, MEMBER, `SELECT ${ROOMS} + i, 'u3', 1, 'owner', 0, 0, 0, 0, TRUE FROM n`),
    counted(
      count,
      'room (conversation, description, open, owner)',
      `SELECT ${ROOMS} + i, '', TRUE, 'u' || i FROM n`,
    ),
  ];
}

function notifications({ notifications: count, users: known }: Shape): string[] {
  const columns =
    'notification (pk, tenant, id, type, body, to_all, due_at, published, created_by, created_at)';
  // Old ones would be removed by the sweep.
  const at = `${Date.now() - 10 * DAY} + i`;
  const told = `'announcement', '{"title":"News","content":"What is new"}'`;
  return [
    counted(count, columns, `SELECT i, 1, 'all' || i, ${told}, TRUE, ${at}, TRUE, 'u1', ${at} FROM n`),
    counted(
      count,
      columns,
      `SELECT ${count} + i, 1, 'one' || i, ${told}, FALSE, ${at}, TRUE, 'u1', ${at} FROM n`,
    ),
    counted(
      count,
      'notification_user (notification, user_id, tenant, told_at, read_at)',
      `SELECT ${count} + i, 'u' || (CASE i % 2 WHEN 0 THEN 1 ELSE i % ${known} + 1 END), 1, i, NULL FROM n`,
    ),
  ];
}

function events({ outbox: count }: Shape): string[] {
  const columns = 'outbox (pk, tenant, target, event_id, event_type, body, at, due_at, tries, dead)';
  const target = `CASE i % 2 WHEN 0 THEN 'hook1' ELSE 'hook' || (i % 100) END`;
  return [
    counted(
      10,
      'webhook (pk, tenant, id, url, events, secret, created_by, created_at)',
      // Nobody listens there, and the events wait for long.
      `SELECT i, 'default', 'hook' || i, 'http://127.0.0.1:9/', '[]', 'a secret of the webhook', 'u1', i FROM n`,
    ),
    counted(
      count,
      columns,
      `SELECT i, 'default', ${target}, 'event' || i, 'message.created', '{}', i, 9000000000000 + i, 1, FALSE FROM n`,
    ),
    counted(
      count,
      columns,
      `SELECT ${count} + i, 'default', ${target}, 'dead' || i, 'message.created', '{}', i, i, 9, TRUE FROM n`,
    ),
    'INSERT INTO outbox_waiting (target, waiting) SELECT target, count(*) FROM outbox WHERE NOT dead GROUP BY target',
    counted(
      Math.ceil(count / 10),
      'change_log (ordinal, writer, n, version, body)',
      `SELECT i, 'w', i, 1, '[]' FROM n`,
    ),
  ];
}

function services({ services: count, users: known }: Shape): string[] {
  const open = Math.ceil(count / 100);
  const columns =
    'service_session (conversation, tenant, id, customer, agent, state, skill, waiting_since, opened_at, assigned_at, answered_at, closed_at, closed_by, score, rated_at, customer_seen_at)';
  const key = `${SERVICES} + i`;
  const customer = `'u' || (i % ${known} + 1)`;
  const agent = `'agent' || (i % ${AGENTS})`;
  const all = count + open;
  return [
    counted(
      all,
      CONVERSATION,
      `SELECT ${key}, 1, 'service' || i, 'service', 'Service', '', 2, 0, i, NULL, ${activity('i')} FROM n`,
    ),
    counted(
      all,
      MEMBER,
      `SELECT ${key}, 's' || i, 1, 'member', 0, 0, 0, 0, CASE WHEN i <= ${count} THEN FALSE ELSE TRUE END FROM n`,
    ),
    counted(count, MEMBER, `SELECT ${key}, ${agent}, 1, 'member', 0, 0, 0, 0, FALSE FROM n`),
    counted(
      count,
      columns,
      `SELECT ${key}, 1, 'service' || i, ${customer}, ${agent}, 'closed', 'skill' || (i % 50), i, i, i + 1, i + 2, i + 3, 'agent' || i, i % 5 + 1, i + 4, i FROM n`,
    ),
    counted(
      open,
      columns,
      `SELECT ${SERVICES + count} + i, 1, 'service' || (${count} + i), 'u' || i,
        CASE i % 2 WHEN 0 THEN NULL ELSE ${agent} END, CASE i % 2 WHEN 0 THEN 'queued' ELSE 'active' END,
        '', i, ${count} + i, CASE i % 2 WHEN 0 THEN NULL ELSE i END, NULL, NULL, NULL, NULL, NULL, i FROM n`,
    ),
    counted(
      AGENTS,
      'desk_agent (tenant, user_id, status, capacity, skills, seen_at, idle_since)',
      `SELECT 1, 'agent' || (i - 1), 'offline', 5, '[]', 0, 0 FROM n`,
    ),
    counted(
      count,
      'service_note (pk, tenant, conversation, id, client_id, author, content, at)',
      `SELECT i, 1, ${key}, 'note' || i, 'n' || i, ${agent}, 'A note', i FROM n`,
    ),
  ];
}

function files({ users: known, members }: Shape): string[] {
  const count = Math.min(members, known);
  return [
    counted(
      known,
      'file (pk, id, tenant, owner, state, created_at, unused_since)',
      `SELECT i, 'file' || i, 1, 'u' || i, 'stored', i, CASE i % 50 WHEN 0 THEN 9000000000000 ELSE NULL END FROM n`,
    ),
    counted(count, 'file_use (file, conversation, seq)', `SELECT i, ${CROWD}, i FROM n`),
    `UPDATE account SET picture = uid WHERE uid % 100 = 0`,
    `UPDATE conversation SET picture = pk WHERE pk % 100 = 0`,
  ];
}
