/** One step of the schema. Steps are never changed once released: a later one corrects an earlier one. */
export interface Migration {
  readonly version: number;
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    sql: `
      CREATE TABLE tenant (
        pk INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        last_uid INTEGER NOT NULL DEFAULT 0
      ) STRICT;

      CREATE TABLE user (
        tenant INTEGER NOT NULL,
        id TEXT NOT NULL,
        uid INTEGER NOT NULL,
        username TEXT NOT NULL,
        nickname TEXT NOT NULL,
        avatar TEXT NOT NULL,
        role TEXT NOT NULL,
        password TEXT,
        created_at INTEGER NOT NULL,
        deleted INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (tenant, id)
      ) STRICT, WITHOUT ROWID;
      CREATE UNIQUE INDEX user_uid ON user (tenant, uid);
      CREATE UNIQUE INDEX user_username ON user (tenant, username) WHERE NOT deleted;

      CREATE TABLE conversation (
        pk INTEGER PRIMARY KEY,
        tenant INTEGER NOT NULL,
        id TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        avatar TEXT NOT NULL,
        member_count INTEGER NOT NULL,
        last_seq INTEGER NOT NULL DEFAULT 0,
        revision INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL
      ) STRICT;
      CREATE UNIQUE INDEX conversation_id ON conversation (tenant, id);

      CREATE TABLE member (
        conversation INTEGER NOT NULL,
        user TEXT NOT NULL,
        tenant INTEGER NOT NULL,
        role TEXT NOT NULL,
        joined_at INTEGER NOT NULL,
        delivered INTEGER NOT NULL,
        delivered_above TEXT NOT NULL DEFAULT '[]',
        read INTEGER NOT NULL,
        read_above TEXT NOT NULL DEFAULT '[]',
        revision INTEGER NOT NULL,
        PRIMARY KEY (conversation, user)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX member_user ON member (tenant, user);

      CREATE TABLE message (
        conversation INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        id TEXT NOT NULL,
        tenant INTEGER NOT NULL,
        client_id TEXT NOT NULL,
        sender TEXT NOT NULL,
        type TEXT NOT NULL,
        text TEXT NOT NULL,
        extra TEXT,
        state TEXT NOT NULL DEFAULT 'normal',
        revision INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        -- Digest of what was first sent, kept once it was changed: a repeated send is told from a reused id by it.
        original BLOB,
        PRIMARY KEY (conversation, seq)
      ) STRICT, WITHOUT ROWID;
      CREATE UNIQUE INDEX message_id ON message (id);
      CREATE UNIQUE INDEX message_client ON message (tenant, client_id, sender);
      CREATE INDEX message_revision ON message (conversation, revision) WHERE revision > 0;
    `,
  },
  {
    version: 2,
    sql: `
      ALTER TABLE message ADD COLUMN ref_kind TEXT;
      ALTER TABLE message ADD COLUMN ref_id TEXT;
      ALTER TABLE message ADD COLUMN ref_reason TEXT;
      ALTER TABLE message ADD COLUMN change_reason TEXT NOT NULL DEFAULT '';
      ALTER TABLE message ADD COLUMN fields TEXT;
      ALTER TABLE message ADD COLUMN source TEXT NOT NULL DEFAULT '';
      ALTER TABLE message ADD COLUMN device TEXT NOT NULL DEFAULT '';

      CREATE TABLE hidden (
        conversation INTEGER NOT NULL,
        user TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (conversation, user, seq)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE pin (
        conversation INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        -- Whose pin it is; empty for everyone's. No user's id is empty.
        user TEXT NOT NULL,
        pinned_by TEXT NOT NULL,
        pinned_at INTEGER NOT NULL,
        PRIMARY KEY (conversation, seq, user)
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    version: 3,
    sql: `
      CREATE TABLE notification (
        pk INTEGER PRIMARY KEY,
        tenant INTEGER NOT NULL,
        id TEXT NOT NULL UNIQUE,
        type TEXT NOT NULL,
        body TEXT NOT NULL,
        to_all INTEGER NOT NULL,
        due_at INTEGER NOT NULL,
        expires_at INTEGER,
        published INTEGER NOT NULL,
        created_by TEXT NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX notification_all ON notification (tenant, due_at, id) WHERE to_all;
      CREATE INDEX notification_due ON notification (due_at) WHERE NOT published;

      -- One row a listed recipient from the start; of those to all of a tenant, one a user who was told or has read it.
      CREATE TABLE notification_user (
        notification INTEGER NOT NULL,
        user TEXT NOT NULL,
        tenant INTEGER NOT NULL,
        told_at INTEGER,
        read_at INTEGER,
        PRIMARY KEY (notification, user)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX notification_user_user ON notification_user (tenant, user);
    `,
  },
  {
    version: 4,
    sql: `
      CREATE TABLE chat_setting (
        tenant INTEGER NOT NULL,
        name TEXT NOT NULL,
        value INTEGER NOT NULL,
        PRIMARY KEY (tenant, name)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE chat_permission (
        tenant INTEGER NOT NULL,
        user TEXT NOT NULL,
        permission TEXT NOT NULL,
        PRIMARY KEY (tenant, user)
      ) STRICT, WITHOUT ROWID;

      -- Every change of an administrator; entries are only added.
      CREATE TABLE audit (
        pk INTEGER PRIMARY KEY,
        tenant INTEGER NOT NULL,
        id TEXT NOT NULL UNIQUE,
        type TEXT NOT NULL,
        user TEXT,
        old_value TEXT NOT NULL,
        new_value TEXT NOT NULL,
        actor TEXT NOT NULL,
        reason TEXT NOT NULL,
        at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX audit_tenant ON audit (tenant, pk);
    `,
  },
  {
    version: 5,
    sql: `
      CREATE TABLE file (
        pk INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        tenant INTEGER NOT NULL,
        -- Empty once that user was deleted. No user's id is empty.
        owner TEXT NOT NULL,
        -- 'reserved' until the bytes are there, then 'stored'; 'unused' once they are being removed.
        state TEXT NOT NULL DEFAULT 'reserved',
        name TEXT NOT NULL DEFAULT '',
        type TEXT NOT NULL DEFAULT '',
        size INTEGER NOT NULL DEFAULT 0,
        sha256 TEXT NOT NULL DEFAULT '',
        extension TEXT NOT NULL DEFAULT '',
        format TEXT,
        width INTEGER,
        height INTEGER,
        created_at INTEGER NOT NULL,
        -- Since when no message holds it; null while one does.
        unused_since INTEGER
      ) STRICT;
      CREATE INDEX file_owner ON file (tenant, owner);
      CREATE INDEX file_unused ON file (unused_since) WHERE unused_since IS NOT NULL;

      -- Which messages hold a file.
      CREATE TABLE file_use (
        file INTEGER NOT NULL,
        conversation INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (file, conversation, seq)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX file_use_message ON file_use (conversation, seq);
    `,
  },
  {
    version: 6,
    sql: `
      ALTER TABLE tenant ADD COLUMN last_number INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE message ADD COLUMN number INTEGER NOT NULL DEFAULT 0;

      -- Ascending with the sequence in each conversation, whatever the clocks of its senders said.
      WITH numbered AS (
        SELECT conversation, seq, row_number() OVER (PARTITION BY tenant ORDER BY at, conversation, seq) AS number
          FROM (SELECT tenant, conversation, seq,
                  max(created_at) OVER (PARTITION BY conversation ORDER BY seq) AS at FROM message)
      )
      UPDATE message SET number = numbered.number FROM numbered
        WHERE numbered.conversation = message.conversation AND numbered.seq = message.seq;
      UPDATE tenant SET last_number =
        coalesce((SELECT max(number) FROM message WHERE message.tenant = tenant.pk), 0);
    `,
  },
  {
    version: 7,
    sql: `
      -- What a room has beside its conversation.
      CREATE TABLE room (
        conversation INTEGER PRIMARY KEY,
        description TEXT NOT NULL,
        open INTEGER NOT NULL,
        owner TEXT,
        -- How an owner who is a guest is shown, as JSON.
        owner_profile TEXT
      ) STRICT;

      -- How a sender who is a guest is shown, as JSON.
      ALTER TABLE message ADD COLUMN guest TEXT;
    `,
  },
  {
    version: 8,
    sql: `
      CREATE TABLE webhook (
        pk INTEGER PRIMARY KEY,
        tenant TEXT NOT NULL,
        id TEXT NOT NULL UNIQUE,
        url TEXT NOT NULL,
        events TEXT NOT NULL,
        secret TEXT NOT NULL,
        created_by TEXT NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX webhook_tenant ON webhook (tenant);

      -- Events that wait to leave, one row an event and target, and those that were given up.
      CREATE TABLE outbox (
        -- Never given twice: a dead letter's id stays its own.
        pk INTEGER PRIMARY KEY AUTOINCREMENT,
        tenant TEXT NOT NULL,
        -- A webhook's id; empty for the message bus.
        target TEXT NOT NULL,
        event_id TEXT NOT NULL,
        event_type TEXT NOT NULL,
        body TEXT NOT NULL,
        at INTEGER NOT NULL,
        due_at INTEGER NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0,
        dead INTEGER NOT NULL DEFAULT 0,
        failure TEXT NOT NULL DEFAULT ''
      ) STRICT;
      CREATE INDEX outbox_due ON outbox (target, due_at) WHERE NOT dead;
      CREATE INDEX outbox_dead ON outbox (target) WHERE dead;
      CREATE INDEX outbox_dead_tenant ON outbox (tenant) WHERE dead;
    `,
  },
  {
    version: 9,
    sql: `
      CREATE TABLE service_session (
        conversation INTEGER PRIMARY KEY,
        tenant INTEGER NOT NULL,
        id TEXT NOT NULL,
        customer TEXT NOT NULL,
        agent TEXT,
        state TEXT NOT NULL,
        skill TEXT NOT NULL,
        -- 0 for those put back at the head of the queue.
        place INTEGER NOT NULL DEFAULT 1,
        waiting_since INTEGER NOT NULL,
        opened_at INTEGER NOT NULL,
        assigned_at INTEGER,
        answered_at INTEGER,
        closed_at INTEGER,
        closed_by TEXT,
        score INTEGER,
        comment TEXT,
        rated_at INTEGER
      ) STRICT;
      CREATE UNIQUE INDEX service_session_id ON service_session (tenant, id);
      CREATE UNIQUE INDEX service_session_open ON service_session (tenant, customer) WHERE state <> 'closed';
      CREATE INDEX service_session_queue ON service_session (tenant, skill, place, waiting_since, conversation)
        WHERE state = 'queued';
      CREATE INDEX service_session_agent ON service_session (tenant, agent) WHERE state = 'active';
      CREATE INDEX service_session_opened ON service_session (tenant, opened_at);
      CREATE INDEX service_session_customer ON service_session (tenant, customer, opened_at);

      CREATE TABLE desk_agent (
        tenant INTEGER NOT NULL,
        user TEXT NOT NULL,
        status TEXT NOT NULL,
        capacity INTEGER NOT NULL,
        skills TEXT NOT NULL,
        -- Where it is connected.
        node TEXT,
        seen_at INTEGER NOT NULL,
        idle_since INTEGER NOT NULL,
        PRIMARY KEY (tenant, user)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE service_note (
        pk INTEGER PRIMARY KEY,
        tenant INTEGER NOT NULL,
        conversation INTEGER NOT NULL,
        id TEXT NOT NULL,
        client_id TEXT NOT NULL,
        author TEXT NOT NULL,
        content TEXT NOT NULL,
        at INTEGER NOT NULL
      ) STRICT;
      CREATE UNIQUE INDEX service_note_client ON service_note (tenant, author, client_id);
      CREATE INDEX service_note_session ON service_note (conversation, pk);
    `,
  },
  {
    version: 10,
    sql: `
      -- What protocols with numeric ids call what is no single chat; negative, so that it is nobody's uid.
      ALTER TABLE tenant ADD COLUMN last_group_uid INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE conversation ADD COLUMN uid INTEGER;
      UPDATE conversation SET uid = numbered.uid
        FROM (SELECT pk, -row_number() OVER (PARTITION BY tenant ORDER BY pk) AS uid FROM conversation WHERE kind <> 'single')
          AS numbered
        WHERE numbered.pk = conversation.pk;
      UPDATE tenant SET last_group_uid =
        coalesce((SELECT min(uid) FROM conversation WHERE conversation.tenant = tenant.pk), 0);
      CREATE UNIQUE INDEX conversation_uid ON conversation (tenant, uid) WHERE uid IS NOT NULL;
    `,
  },
  {
    version: 11,
    sql: `
      -- What became of messages and is not in the outbox yet.
      CREATE TABLE untold (
        message TEXT NOT NULL,
        revision INTEGER NOT NULL,
        became TEXT NOT NULL,
        actor TEXT NOT NULL,
        PRIMARY KEY (message, revision)
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    version: 12,
    sql: `
      -- Ranges of revisions that are known beyond a gap, as JSON.
      ALTER TABLE member ADD COLUMN revision_above TEXT NOT NULL DEFAULT '[]';
    `,
  },
  {
    version: 13,
    sql: `
      -- What look-alike usernames have in common. Not unique: users of before, and those made by tokens, may share one.
      ALTER TABLE user ADD COLUMN username_key TEXT NOT NULL DEFAULT '';
      UPDATE user SET username_key = username_key(username);
      CREATE INDEX user_username_key ON user (tenant, username_key) WHERE NOT deleted;
    `,
  },
  {
    version: 14,
    sql: `
      -- What members see of before they came: 'all' or 'since_join'.
      ALTER TABLE conversation ADD COLUMN history TEXT NOT NULL DEFAULT 'all';
      UPDATE conversation SET history = 'since_join' WHERE kind = 'room';

      -- The conversation's last sequence when the member came. Who was a member before this version counts as there from the
      -- start, but in rooms, which showed nothing of before.
      ALTER TABLE member ADD COLUMN joined_seq INTEGER NOT NULL DEFAULT 0;
      -- Ranges of sequences that were said while it was a member before, as JSON.
      ALTER TABLE member ADD COLUMN stays TEXT NOT NULL DEFAULT '[]';
      UPDATE member SET joined_seq = c.last_seq FROM conversation c WHERE c.pk = member.conversation AND c.kind = 'room';

      -- What is kept of those who left, for when they come again. Goes with the user or the conversation.
      CREATE TABLE former_member (
        conversation INTEGER NOT NULL,
        user TEXT NOT NULL,
        tenant INTEGER NOT NULL,
        left_seq INTEGER NOT NULL,
        stays TEXT NOT NULL,
        delivered INTEGER NOT NULL,
        delivered_above TEXT NOT NULL,
        read INTEGER NOT NULL,
        read_above TEXT NOT NULL,
        revision INTEGER NOT NULL,
        revision_above TEXT NOT NULL,
        PRIMARY KEY (conversation, user)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX former_member_user ON former_member (tenant, user);
    `,
  },
  {
    version: 15,
    sql: `
      -- Counts those who had the id one after the other; all but the last have a marked id.
      ALTER TABLE user ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;
      -- What messages and single chats bear: the id, and its generation from the second on.
      ALTER TABLE user ADD COLUMN person TEXT NOT NULL DEFAULT '';
      UPDATE user SET person = id;
      CREATE UNIQUE INDEX user_person ON user (tenant, person);
      ALTER TABLE user ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
      -- Tokens issued until then are refused. When a user was deleted was not kept before.
      ALTER TABLE user ADD COLUMN tokens_after INTEGER;
      UPDATE user SET tokens_after = CAST(unixepoch('subsec') * 1000 AS INTEGER) WHERE deleted;

      -- Single chats of users who were deleted and made again, and have not met since: who had the id then is nobody now.
      CREATE TEMP TABLE lost AS
        SELECT p.pk, p.tenant, u.id FROM (
          SELECT pk, tenant, substr(id, 8, instr(substr(id, 8), ':') - 1) AS user FROM conversation WHERE kind = 'single'
          UNION SELECT pk, tenant, substr(id, 8 + instr(substr(id, 8), ':')) FROM conversation WHERE kind = 'single'
        ) p JOIN user u ON u.tenant = p.tenant AND u.id = p.user AND NOT u.deleted
        WHERE NOT EXISTS (SELECT 1 FROM member m WHERE m.conversation = p.pk AND m.user = p.user);
      UPDATE message SET sender = sender || '~0' WHERE conversation IN (SELECT pk FROM lost)
        AND EXISTS (SELECT 1 FROM lost WHERE lost.pk = message.conversation AND lost.id = message.sender);
      UPDATE conversation SET id = rtrim(replace(conversation.id || ':', ':' || lost.id || ':', ':' || lost.id || '~0:'), ':')
        FROM lost WHERE lost.pk = conversation.pk;
      UPDATE user SET tokens_after = created_at
        WHERE EXISTS (SELECT 1 FROM lost WHERE lost.tenant = user.tenant AND lost.id = user.id);
      DROP TABLE lost;

      -- Whatever else is older than the user who has its id now is of one who had it before.
      UPDATE message SET sender = sender || '~0' FROM user u
        WHERE u.tenant = message.tenant AND u.id = sender AND NOT u.deleted AND message.created_at < u.created_at;
      UPDATE service_session SET customer = customer || '~0' FROM user u
        WHERE u.tenant = service_session.tenant AND u.id = customer AND NOT u.deleted AND opened_at < u.created_at;
      UPDATE service_session SET agent = agent || '~0' FROM user u
        WHERE u.tenant = service_session.tenant AND u.id = agent AND NOT u.deleted AND assigned_at < u.created_at;
      UPDATE service_session SET closed_by = closed_by || '~0' FROM user u
        WHERE u.tenant = service_session.tenant AND u.id = closed_by AND NOT u.deleted AND closed_at < u.created_at;
      UPDATE service_note SET author = author || '~0' FROM user u
        WHERE u.tenant = service_note.tenant AND u.id = author AND NOT u.deleted AND at < u.created_at;
    `,
  },
  {
    version: 16,
    sql: `
      -- The number of the last message, or one of its own where there is none yet: a user's conversations are listed by it.
      ALTER TABLE conversation ADD COLUMN activity INTEGER NOT NULL DEFAULT 0;
      UPDATE conversation SET activity = coalesce((SELECT m.number FROM message m
        WHERE m.conversation = conversation.pk AND m.seq = conversation.last_seq), -pk);

      -- The two users of a single chat; the second is null in a talk with oneself.
      ALTER TABLE conversation ADD COLUMN user_a TEXT;
      ALTER TABLE conversation ADD COLUMN user_b TEXT;
      UPDATE conversation SET user_a = substr(id, 8, instr(substr(id, 8), ':') - 1),
        user_b = substr(id, 8 + instr(substr(id, 8), ':')) WHERE kind = 'single';
      UPDATE conversation SET
        user_a = coalesce((SELECT u.id FROM user u WHERE u.tenant = conversation.tenant AND u.person = user_a), user_a),
        user_b = coalesce((SELECT u.id FROM user u WHERE u.tenant = conversation.tenant AND u.person = user_b), user_b)
        WHERE kind = 'single';
      UPDATE conversation SET user_b = NULL WHERE user_b = user_a;
      CREATE INDEX conversation_user_a ON conversation (tenant, user_a, activity) WHERE user_a IS NOT NULL;
      CREATE INDEX conversation_user_b ON conversation (tenant, user_b, activity) WHERE user_b IS NOT NULL;

      -- Whether the conversation is one of many, and no single chat.
      ALTER TABLE member ADD COLUMN many INTEGER NOT NULL DEFAULT 1;
      UPDATE member SET many = 0 WHERE conversation IN (SELECT pk FROM conversation WHERE kind = 'single');
      CREATE INDEX member_many ON member (tenant, user) WHERE many;
    `,
  },
  {
    version: 17,
    sql: `
      -- Where the customer is connected, as desk_agent has it; since when it is given to nobody, being away.
      ALTER TABLE service_session ADD COLUMN customer_node TEXT;
      ALTER TABLE service_session ADD COLUMN customer_seen_at INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE service_session ADD COLUMN absent_at INTEGER;
      -- Nobody could write before this while the server was down.
      ALTER TABLE service_session ADD COLUMN idle_from INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE service_session ADD COLUMN close_reason TEXT;
      UPDATE service_session SET close_reason = CASE closed_by WHEN customer THEN 'customer' WHEN agent THEN 'agent' ELSE 'manager' END
        WHERE state = 'closed';
      CREATE INDEX service_session_alive ON service_session (conversation) WHERE state <> 'closed';
      CREATE INDEX service_session_turn ON service_session (tenant, skill, place, waiting_since, conversation)
        WHERE state = 'queued' AND absent_at IS NULL;
    `,
  },
  {
    version: 18,
    sql: `
      -- What guests said, by age, to be removed once it is older than it is kept.
      CREATE INDEX message_guest ON message (created_at) WHERE guest IS NOT NULL;
      -- Sequences whose messages were removed: closed ranges, never next to each other.
      CREATE TABLE gone (
        conversation INTEGER NOT NULL,
        from_seq INTEGER NOT NULL,
        to_seq INTEGER NOT NULL,
        PRIMARY KEY (conversation, from_seq)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX room_of_guest ON room (conversation) WHERE owner_profile IS NOT NULL;
    `,
  },
  {
    version: 19,
    sql: `
      -- Where users logged in from, the newest few of each.
      CREATE TABLE login_network (
        tenant INTEGER NOT NULL,
        user TEXT NOT NULL,
        network TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (tenant, user, network)
      ) STRICT, WITHOUT ROWID;

      -- Pictures that run or read something where they are opened.
      UPDATE user SET avatar = '' WHERE unsafe_link(avatar);
      UPDATE conversation SET avatar = '' WHERE unsafe_link(avatar);
      UPDATE room SET owner_profile = json_set(owner_profile, '$.avatar', '')
        WHERE owner_profile IS NOT NULL AND unsafe_link(json_extract(owner_profile, '$.avatar'));
      UPDATE message SET guest = json_set(guest, '$.avatar', '')
        WHERE guest IS NOT NULL AND unsafe_link(json_extract(guest, '$.avatar'));
    `,
  },
  {
    version: 20,
    sql: `
      -- Written again and again to find out whether anything can be written.
      CREATE TABLE write_probe (pk INTEGER PRIMARY KEY, filler BLOB NOT NULL) STRICT;
    `,
  },
  {
    version: 21,
    sql: `
      -- The file that somebody's picture is, which is held by it.
      ALTER TABLE user ADD COLUMN picture INTEGER;
      ALTER TABLE conversation ADD COLUMN picture INTEGER;
      CREATE INDEX user_picture ON user (picture) WHERE picture IS NOT NULL;
      CREATE INDEX conversation_picture ON conversation (picture) WHERE picture IS NOT NULL;
      -- Who chose the pictures that there are is not known: nobody's own file is shown to others by another's word.
      UPDATE user SET picture = (SELECT f.pk FROM file f WHERE f.id = file_named(user.avatar) AND f.tenant = user.tenant
        AND f.owner = user.id AND f.state = 'stored') WHERE avatar <> '';
      UPDATE conversation SET picture = (SELECT f.pk FROM file f JOIN member m ON m.conversation = conversation.pk AND m.user = f.owner
        WHERE f.id = file_named(conversation.avatar) AND f.tenant = conversation.tenant AND f.state = 'stored'
          AND m.role <> 'member') WHERE avatar <> '' AND kind = 'group';
      UPDATE file SET unused_since = NULL WHERE pk IN (SELECT picture FROM user WHERE picture IS NOT NULL
        UNION ALL SELECT picture FROM conversation WHERE picture IS NOT NULL);
    `,
  },
  {
    version: 22,
    sql: `
      -- Names that mean something else to other databases.
      ALTER TABLE user RENAME TO account;
      ALTER TABLE member RENAME COLUMN user TO user_id;
      ALTER TABLE former_member RENAME COLUMN user TO user_id;
      ALTER TABLE hidden RENAME COLUMN user TO user_id;
      ALTER TABLE pin RENAME COLUMN user TO user_id;
      ALTER TABLE notification_user RENAME COLUMN user TO user_id;
      ALTER TABLE chat_permission RENAME COLUMN user TO user_id;
      ALTER TABLE audit RENAME COLUMN user TO user_id;
      ALTER TABLE desk_agent RENAME COLUMN user TO user_id;
      ALTER TABLE login_network RENAME COLUMN user TO user_id;
    `,
  },
  {
    version: 23,
    sql: `
      -- Up to where the numbers of messages are given, or reserved, by each of those who give them.
      CREATE TABLE number_slot (slot INTEGER PRIMARY KEY, ceiling INTEGER NOT NULL) STRICT;
      ALTER TABLE tenant DROP COLUMN last_number;
    `,
  },
  {
    version: 27,
    sql: `
      -- The hour of the last message's number, by which conversations are indexed: a message seldom moves its conversation.
      ALTER TABLE conversation ADD COLUMN activity_hour INTEGER NOT NULL DEFAULT 0;
      UPDATE conversation SET activity_hour = activity / 14745600000;
      DROP INDEX conversation_user_a;
      DROP INDEX conversation_user_b;
      CREATE INDEX conversation_user_a ON conversation (tenant, user_a, activity_hour) WHERE user_a IS NOT NULL;
      CREATE INDEX conversation_user_b ON conversation (tenant, user_b, activity_hour) WHERE user_b IS NOT NULL;
    `,
  },
  {
    version: 31,
    sql: `
      -- What bears a user's id is found by it when the id is handed over.
      CREATE INDEX hidden_user ON hidden (user_id);
      CREATE INDEX pin_user ON pin (user_id);
      CREATE INDEX pin_by ON pin (pinned_by);
      CREATE INDEX room_owner ON room (owner) WHERE owner IS NOT NULL;
      CREATE INDEX service_session_closed_by ON service_session (tenant, closed_by) WHERE closed_by IS NOT NULL;
      -- Lists of sessions, the newest first, however few of them there are among all.
      CREATE INDEX service_session_of_agent ON service_session (tenant, agent, opened_at) WHERE agent IS NOT NULL;
      CREATE INDEX service_session_state ON service_session (tenant, state, opened_at);
      CREATE INDEX service_session_skill ON service_session (tenant, skill, opened_at);
      -- Groups and rooms by their ids, past everything else that has one.
      CREATE INDEX conversation_group ON conversation (tenant, id) WHERE kind = 'group';
      CREATE INDEX conversation_room ON conversation (tenant, id) WHERE kind = 'room';
      -- Those of a message that is removed.
      CREATE INDEX hidden_message ON hidden (conversation, seq);
      -- The newest are kept.
      DROP INDEX outbox_dead;
      CREATE INDEX outbox_dead ON outbox (target, pk) WHERE dead;
      -- The few who own a group of many.
      CREATE INDEX member_owner ON member (conversation) WHERE role = 'owner';
      -- What is over, to be removed.
      CREATE INDEX notification_published ON notification (due_at) WHERE published;
      CREATE INDEX notification_expiring ON notification (expires_at) WHERE published AND expires_at IS NOT NULL;
    `,
  },
  {
    version: 33,
    sql: `
      -- A sync goes through a user's memberships by their conversations.
      DROP INDEX member_user;
      CREATE INDEX member_user ON member (tenant, user_id, conversation);
    `,
  },
  {
    version: 41,
    sql: `
      -- What transactions did, for other systems to be told. What \`untold\` was for is in it; a later step may drop that table.
      CREATE TABLE change_log (
        ordinal INTEGER NOT NULL,
        writer TEXT NOT NULL,
        n INTEGER NOT NULL,
        version INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (ordinal, writer, n)
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    version: 42,
    sql: `
      -- A client's id that many senders chose, in one conversation. Most ids are long, and nobody else's.
      CREATE INDEX message_short_client ON message (conversation, client_id, seq) WHERE length(client_id) < 16;

      -- A service session that is closed is none of the many conversations that its people have.
      UPDATE member SET many = FALSE WHERE conversation IN (SELECT conversation FROM service_session WHERE state = 'closed');
      CREATE INDEX service_session_agent_skill ON service_session (tenant, agent, skill, opened_at) WHERE agent IS NOT NULL;

      -- How many events wait for each target.
      CREATE TABLE outbox_waiting (
        target TEXT NOT NULL PRIMARY KEY,
        waiting INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      INSERT INTO outbox_waiting (target, waiting) SELECT target, count(*) FROM outbox WHERE NOT dead GROUP BY target;
    `,
  },
  {
    version: 43,
    sql: `
      -- What was deleted and has rows left, which are removed bit by bit; nobody sees them any more.
      CREATE TABLE remains (
        pk INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        tenant INTEGER NOT NULL,
        -- The id that it had.
        name TEXT NOT NULL,
        -- The key of a group or room.
        conversation INTEGER,
        -- Who deleted it.
        actor TEXT NOT NULL
      ) STRICT;
      CREATE INDEX remains_name ON remains (kind, name, tenant);
    `,
  },
  {
    version: 44,
    sql: `
      -- Until when a delivery is in the hands of who took it; NULL where it is in nobody's.
      ALTER TABLE outbox ADD COLUMN claimed_until INTEGER;
      -- Of targets whose deliveries leave in their order: until when one node delivers there alone.
      CREATE TABLE outbox_lease (
        target TEXT PRIMARY KEY,
        claimed_until INTEGER NOT NULL
      ) STRICT;
    `,
  },
  {
    version: 45,
    sql: `
      -- A user's notifications in the order of their lists: when each was due is noted with its user. Ties are broken by key.
      ALTER TABLE notification_user ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
      UPDATE notification_user SET due_at = coalesce((SELECT n.due_at FROM notification n WHERE n.pk = notification), 0);
      CREATE INDEX notification_user_untold ON notification_user (tenant, user_id, due_at, notification) WHERE told_at IS NULL;
      CREATE INDEX notification_user_unread ON notification_user (tenant, user_id, due_at, notification) WHERE read_at IS NULL;
      CREATE INDEX notification_user_read ON notification_user (tenant, user_id, due_at, notification) WHERE read_at IS NOT NULL;
      DROP INDEX notification_all;
      CREATE INDEX notification_all ON notification (tenant, due_at, pk) WHERE to_all;
    `,
  },
  {
    version: 46,
    sql: `
      -- A user's groups are read a page at a time, by their keys.
      DROP INDEX member_many;
      CREATE INDEX member_many ON member (tenant, user_id, conversation) WHERE many;
    `,
  },
  {
    version: 47,
    sql: `
      -- The change log took its place.
      DROP TABLE untold;
    `,
  },
  {
    version: 48,
    // What several nodes need is in PostgreSQL only: a file has one.
    sql: '',
  },
];

/** The version of the schema that this haina knows, on either database. */
export function newestVersion(): number {
  return MIGRATIONS.at(-1)?.version ?? 0;
}
