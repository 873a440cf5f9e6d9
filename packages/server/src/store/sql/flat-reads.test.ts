import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { PendingCursor, PendingPage, PendingQuery } from '../../core/ports/store.ts';
import { addFunctions, migrate } from '../sqlite/database.ts';
import { forSqlite } from '../sqlite/dialect.ts';
import { SqliteDriver } from '../sqlite/driver.ts';
import { MAX_ALIKE } from './message-looks.ts';
import { oldestNumber, splitLanes } from './open-lanes.ts';
import { operationsOf } from './operations.ts';
import type { Op, Statement } from './statement.ts';
import { openTables } from './tables.ts';

/** What operations ask a database for, and how much that is. */
class Counted {
  readonly db = new DatabaseSync(':memory:');
  readonly operations = operationsOf(openTables('read'));
  readonly #driver = new SqliteDriver(this.db);
  statements = 0;
  rows = 0;
  readonly texts = new Set<string>();
  /** Of the last operation, in their order. */
  asked: string[] = [];

  constructor(t: TestContext) {
    t.after(() => this.db.close());
    addFunctions(this.db);
    migrate(this.db);
    this.db.exec(`INSERT INTO tenant (pk, id) VALUES (1, 'default')`);
  }

  run<T>(operation: Op<T>): T {
    [this.statements, this.rows, this.asked] = [0, 0, []];
    return this.#driver.run(this.#counted(operation));
  }

  /** What SQLite says of how it runs a statement. */
  plan(text: string): string {
    const sql = forSqlite(text);
    const steps = this.db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    return steps.map(({ detail }) => String(detail)).join('\n');
  }

  *#counted<T>(operation: Op<T>): Op<T> {
    let step = operation.next();
    while (!step.done) {
      const result: unknown = yield step.value;
      this.#count(step.value, result);
      step = operation.next(result);
    }
    return step.value;
  }

  #count(statement: Statement, result: unknown): void {
    this.statements += 1;
    if ('sql' in statement) {
      this.texts.add(statement.sql);
      this.asked.push(statement.sql);
    }
    this.rows += Array.isArray(result) ? result.length : 1;
  }
}

/** Groups of alice and bob, in each of them some messages of alice's, a round after the other. */
function fill({ db }: Counted, conversations: number, each: number): void {
  db.exec('BEGIN');
  const insert = {
    conversation:
      db.prepare(`INSERT INTO conversation (pk, tenant, id, kind, name, avatar, history, member_count, last_seq, created_at, uid, activity)
      VALUES (?1, 1, 'g' || CAST(?1 AS INTEGER), 'group', '', '', 'all', 2, ?2, 1, -?1, ?1)`),
    member:
      db.prepare(`INSERT INTO member (conversation, user_id, tenant, role, joined_at, delivered, read, revision)
      VALUES (?, ?, 1, 'member', 1, 0, 0, 0)`),
    message:
      db.prepare(`INSERT INTO message (conversation, seq, number, id, tenant, client_id, sender, type, text, created_at, changed_at)
      VALUES (?1, ?2, ?3, 'm' || ?3, 1, 'c' || ?3, 'alice', 'text', ?3, ?3, ?3)`),
  };
  for (let pk = 1; pk <= conversations; pk += 1) {
    insert.conversation.run(pk, each);
    for (const user of ['alice', 'bob']) insert.member.run(pk, user);
    for (let seq = 1; seq <= each; seq += 1) insert.message.run(pk, seq, (seq - 1) * conversations + pk);
  }
  db.exec('COMMIT');
}

const QUERY = { tenant: 'default', userId: 'bob', limit: 50 };

function pageOf(counted: Counted, query: PendingQuery, cursor?: PendingCursor): PendingPage {
  return counted.run(counted.operations.listPending({ ...query, ...(cursor ? { cursor } : {}) }));
}

test('a page by conversation costs the same, of however many conversations', (t) => {
  const costs = [300, 3000].map((conversations) => {
    const counted = new Counted(t);
    fill(counted, conversations, 3);
    const first = pageOf(counted, QUERY);
    const second = pageOf(counted, QUERY, first.next);
    assert.equal(second.messages.length, QUERY.limit);
    return [counted.statements, counted.rows];
  });
  assert.deepEqual(costs[1], costs[0]);
});

test('the order of time is begun by as many statements, of however many conversations, and pages grow with what they tell', (t) => {
  const costs = [300, 3000].map((conversations) => {
    const counted = new Counted(t);
    fill(counted, conversations, 3);
    const query = { ...QUERY, order: 'time' as const };
    const { next } = pageOf(counted, query);
    const begun = counted.statements;
    assert.ok(next && !('conversationId' in next));
    const [lanes, others] = splitLanes(next.lanes, QUERY.limit);
    const second = pageOf(counted, query, { lanes, before: oldestNumber(others) });
    assert.equal(second.messages.length, QUERY.limit);
    return [begun, counted.statements, counted.rows];
  });
  assert.deepEqual(costs[1], costs[0]);
  assert.ok((costs[0]?.[0] ?? 0) < 10);
});

test('changed messages are found by their index, a page at a time', (t) => {
  const counted = new Counted(t);
  fill(counted, 1, 2000);
  counted.db.exec('UPDATE message SET revision = seq; UPDATE conversation SET revision = 2000');
  counted.db.exec("UPDATE member SET delivered = 2000 WHERE user_id = 'bob'");
  const page = pageOf(counted, QUERY);
  assert.equal(page.messages.length, QUERY.limit);
  assert.ok(counted.rows < 500, `${counted.rows} rows`);
  const [revised = ''] = [...counted.texts].filter((text) => text.includes('ORDER BY m.revision'));
  assert.match(counted.plan(revised), /SEARCH m USING INDEX message_revision/);
});

test("a user's own message is found by its id without a look at those of others who chose the same", (t) => {
  const counted = new Counted(t);
  fill(counted, 1, 500);
  counted.db.exec("UPDATE message SET client_id = '1', sender = 'sender' || seq WHERE seq > 1");
  counted.db.exec("UPDATE message SET client_id = '1' WHERE seq = 1");
  const look = { tenant: 'default', ref: '1', viewerId: 'alice', prefer: 'own' as const };
  assert.equal(counted.run(counted.operations.findMessage(look))?.message.seq, 1);
  const looks = [...counted.texts].filter((text) => text.includes('m.client_id = ?'));
  assert.equal(looks.length, 1);
  const plan = counted.plan(looks[0] ?? '');
  assert.match(plan, /SEARCH m USING INDEX message_client \(tenant=\? AND client_id=\? AND sender=\?\)/);
});

test('a message id that many others chose is looked for in the viewer’s conversations, each by an index', (t) => {
  const counted = new Counted(t);
  fill(counted, 1, 2 * MAX_ALIKE);
  counted.db.exec("UPDATE message SET client_id = '1', sender = 'sender' || seq");
  const look = { tenant: 'default', ref: '1', prefer: 'received' as const };
  assert.equal(counted.run(counted.operations.findMessage({ ...look, viewerId: 'carol' })), undefined);
  const bobs = counted.run(counted.operations.findMessage({ ...look, viewerId: 'bob' }));
  assert.equal(bobs?.message.seq, 2 * MAX_ALIKE);
  const [newest = ''] = [...counted.texts].filter((text) => text.includes('own.conversation'));
  assert.match(
    counted.plan(newest),
    /SEARCH a USING (COVERING )?INDEX message_short_client \(conversation=\? AND client_id=\?\)/,
  );
  // Nothing else than the unique index of one's own is asked for the id.
  assert.equal([...counted.texts].filter((text) => text.includes('m.created_at DESC')).length, 1);
});

test('what was closed at the desk is not looked at when its agent comes', (t) => {
  const counted = new Counted(t);
  fill(counted, 500, 0);
  counted.db.exec(`UPDATE conversation SET kind = 'service'; UPDATE member SET user_id = 'agent' WHERE user_id = 'bob';
    INSERT INTO service_session (conversation, tenant, id, customer, agent, state, skill, waiting_since, opened_at)
      SELECT pk, 1, id, 'alice' || pk, 'agent', 'active', '', 1, 1 FROM conversation`);
  const { closeService } = operationsOf(openTables('write'));
  for (let n = 2; n <= 500; n += 1) {
    const act = { tenant: 'default', sessionId: `g${n}`, actorId: 'boss', isManager: true, at: 9 };
    counted.run(closeService(act));
  }
  const query = { tenant: 'default', userId: 'agent', limit: 200 };
  const memberships = counted.run(counted.operations.listMemberships(query));
  assert.deepEqual(memberships, { conversationIds: ['g1'] });
  const [text = ''] = [...counted.texts].filter((sql) => sql.includes('INDEXED BY member_many'));
  assert.match(
    counted.plan(text),
    /^SEARCH m USING (COVERING )?INDEX member_many \(tenant=\? AND user_id=\? AND conversation>\?\)/,
  );
  const left = counted.db.prepare("SELECT count(*) AS n FROM member WHERE user_id = 'agent' AND many").get();
  assert.equal(left?.n, 1);
});

test('a page of memberships looks at no more than it is asked for, and the next goes on by the index', (t) => {
  const counted = new Counted(t);
  fill(counted, 100, 0);
  counted.db.exec("UPDATE conversation SET kind = 'deleted' WHERE pk <= 10");
  const query = { tenant: 'default', userId: 'bob', limit: 20 };
  const first = counted.run(counted.operations.listMemberships(query));
  assert.deepEqual([first.conversationIds.length, counted.rows], [10, 21]);
  const second = counted.run(
    counted.operations.listFurtherMemberships({ ...query, after: first.next as number }),
  );
  assert.deepEqual([second.conversationIds.length, counted.rows], [20, 20]);
  assert.equal(new Set([...first.conversationIds, ...second.conversationIds]).size, 30);
});

test('a list of the desk is read by the index that has all it asks for', (t) => {
  const counted = new Counted(t);
  const query = { tenant: 'default', limit: 9 };
  const wants: [object, RegExp][] = [
    [
      { agentId: 'a', skill: 's', state: 'closed' },
      /service_session_agent_skill \(tenant=\? AND agent=\? AND skill=\?/,
    ],
    [{ skill: 's', state: 'active' }, /service_session_agent \(/],
    [{ skill: 's', state: 'queued' }, /service_session_queue \(tenant=\? AND skill=\?/],
  ];
  for (const [filter, index] of wants) {
    counted.texts.clear();
    counted.run(counted.operations.listServices({ ...query, ...filter }));
    const [text = ''] = [...counted.texts].filter((sql) => sql.includes('FROM service_session'));
    assert.match(counted.plan(text), index);
  }
});

test('a user is made without a look at what was made, and changed and audited after one look', (t) => {
  const counted = new Counted(t);
  const { createUser, updateUser } = operationsOf(openTables('write'));
  const user = { tenant: 'default', id: 'bob', username: 'bob', nickname: 'Bob', role: 'user' } as const;
  counted.run(createUser({ ...user, passwordHash: null, createdAt: 1 }));
  const looks = () => counted.asked.filter((text) => /^SELECT id, .* FROM account WHERE/.test(text)).length;
  assert.equal(looks(), 1, 'who has the id');
  const act = { tenant: 'default', id: 'a1', actorId: 'boss', reason: '', at: 2 };
  const changed = counted.run(updateUser('default', 'bob', { nickname: 'Bobby', isDisabled: true }, act));
  assert.deepEqual([changed.nickname, changed.isDisabled, looks()], ['Bobby', true, 1]);
});

test('an event is recorded without a look at those that wait', (t) => {
  const counted = new Counted(t);
  counted.db.exec(`INSERT INTO outbox (tenant, target, event_id, event_type, body, at, due_at)
    VALUES ('default', 'hook', 'e', 't', '{}', 1, 1)`);
  const { recordDeliveries } = operationsOf(openTables('write'));
  const event = { tenant: 'default', target: 'hook', eventId: 'f', eventType: 't', body: '{}', at: 1 };
  assert.equal(counted.run(recordDeliveries([event], 10)), 0);
  assert.deepEqual(
    [...counted.texts].filter((text) => /FROM outbox\b/.test(text)),
    [],
  );
});

/** Notifications of bob, each told and read where it has an even key, and as many to all whom he was not told of. */
function fillNotifications({ db }: Counted, count: number): void {
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${2 * count})
    INSERT INTO notification (pk, tenant, id, type, body, to_all, due_at, published, created_by, created_at)
    SELECT i, 1, 'n' || i, 'news', '{}', i > ${count}, i % ${count}, 1, 'admin', 1 FROM n`);
  db.exec(`INSERT INTO notification_user (notification, user_id, tenant, due_at, told_at, read_at)
    SELECT pk, 'bob', 1, due_at, CASE pk % 2 WHEN 0 THEN 1 END, CASE pk % 2 WHEN 0 THEN 1 END FROM notification WHERE NOT to_all`);
}

test('notifications are read by their indexes, in their order', (t) => {
  const counted = new Counted(t);
  fillNotifications(counted, 3000);
  const query = { tenant: 'default', userId: 'bob', now: 10_000, limit: 50 };
  assert.equal(counted.run(counted.operations.listNotifications(query)).length, 50);
  const after = { isRead: true, at: 500, id: 'n500' };
  assert.equal(counted.run(counted.operations.listNotifications({ ...query, after })).length, 50);
  assert.equal(counted.run(counted.operations.listUntoldNotifications(query)).length, 50);
  for (const text of counted.texts) assert.doesNotMatch(counted.plan(text), /SCAN|TEMP B-TREE/, text);
});

test('of what was told to all, a user who was not told sees the newest thousand', (t) => {
  const counted = new Counted(t);
  fillNotifications(counted, 1200);
  const query = { tenant: 'default', userId: 'carol', now: 10_000, limit: 2000 };
  const found = counted.run(counted.operations.listNotifications(query));
  assert.deepEqual([found.length, found.at(-1)?.notification.at], [1000, 200]);
});

test('due notifications of very many users are taken some at a time', (t) => {
  const counted = new Counted(t);
  counted.db.exec(`INSERT INTO notification (pk, tenant, id, type, body, to_all, due_at, published, created_by, created_at)
    VALUES (1, 1, 'a', 'news', '{}', 0, 1, 0, 'admin', 1), (2, 1, 'b', 'news', '{}', 0, 2, 0, 'admin', 1),
      (3, 1, 'c', 'news', '{}', 0, 3, 0, 'admin', 1)`);
  counted.db.exec(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 17999)
    INSERT INTO notification_user (notification, user_id, tenant) SELECT i % 3 + 1, 'u' || i, 1 FROM n`);
  const { takeDueNotifications } = operationsOf(openTables('write'));
  const take = () => counted.run(takeDueNotifications(9, 20)).map(({ notification }) => notification.id);
  assert.deepEqual([take(), take(), take()], [['a', 'b'], ['c'], []]);
});

test('what a list of conversations tells of each is looked up for all of them at once', (t) => {
  const [few, many] = [10, 200].map((limit) => {
    const counted = new Counted(t);
    fill(counted, 200, 2);
    counted.db.exec("UPDATE member SET delivered = 2, read = 2 WHERE user_id = 'bob'");
    const views = counted.run(
      counted.operations.listConversations({ tenant: 'default', userId: 'bob', limit }),
    );
    assert.equal(views.length, limit);
    assert.equal(views[0]?.lastMessage?.seq, 2);
    return counted.statements;
  });
  assert.equal(many, few);
});
