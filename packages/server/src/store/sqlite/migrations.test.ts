import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { POSTGRES_MIGRATIONS } from '../postgres/migrations.ts';
import { addFunctions, migrate } from './database.ts';
import { MIGRATIONS } from './migrations.ts';

/** A database as it was before the migration whose SQL has this word. */
function before(word: string): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  addFunctions(db);
  const index = MIGRATIONS.findIndex(({ sql }) => sql.includes(word));
  for (const { sql } of MIGRATIONS.slice(0, index)) db.exec(sql);
  db.exec(`PRAGMA user_version = ${MIGRATIONS[index - 1]?.version}`);
  return db;
}

test('versions ascend, and those of PostgreSQL are the same from its first on', () => {
  const versions = MIGRATIONS.map(({ version }) => version);
  assert.deepEqual(
    versions,
    [...new Set(versions)].sort((a, b) => a - b),
  );
  const postgres = POSTGRES_MIGRATIONS.map(({ version }) => version);
  assert.deepEqual(postgres, versions.slice(-postgres.length));
});

test('pictures of before that would run where they are opened are taken away', () => {
  const db = before('login_network');
  db.exec(`
    INSERT INTO tenant (pk, id) VALUES (1, 'one');
    INSERT INTO user (tenant, id, person, uid, username, nickname, avatar, role, created_at)
      VALUES (1, 'a', 'a', 1, 'a', '', ' JavaScript:alert(1)', 'user', 0), (1, 'b', 'b', 2, 'b', '', 'photos/b.jpg', 'user', 0);
  `);
  migrate(db);
  assert.deepEqual(
    db
      .prepare('SELECT avatar FROM account ORDER BY id')
      .all()
      .map(({ avatar }) => avatar),
    ['', 'photos/b.jpg'],
  );
  db.close();
});

test('pictures of before are held where they are files of those who are shown with them', () => {
  const db = before('user_picture');
  db.exec(`
    INSERT INTO tenant (pk, id) VALUES (1, 'one');
    INSERT INTO file (pk, id, tenant, owner, state, created_at, unused_since)
      VALUES (1, 'own', 1, 'a', 'stored', 0, 5), (2, 'other', 1, 'b', 'stored', 0, 5), (3, 'team', 1, 'a', 'stored', 0, 5);
    INSERT INTO user (tenant, id, person, uid, username, nickname, avatar, role, created_at)
      VALUES (1, 'a', 'a', 1, 'a', '', 'https://here/files/own', 'user', 0), (1, 'c', 'c', 2, 'c', '', '/files/other', 'user', 0);
    INSERT INTO conversation (pk, tenant, id, kind, name, avatar, member_count, created_at)
      VALUES (1, 1, 'team', 'group', '', '/files/team', 1, 0), (2, 1, 'others', 'group', '', '/files/other', 1, 0);
    INSERT INTO member (conversation, user, tenant, role, joined_at, delivered, read, revision)
      VALUES (1, 'a', 1, 'owner', 0, 0, 0, 0), (2, 'b', 1, 'member', 0, 0, 0, 0);
  `);
  migrate(db);
  const values = (sql: string) =>
    db
      .prepare(sql)
      .all()
      .map((row) => Object.values(row)[0]);
  assert.deepEqual(values('SELECT picture FROM account ORDER BY id'), [1, null]);
  assert.deepEqual(values('SELECT picture FROM conversation ORDER BY pk'), [3, null]);
  assert.deepEqual(values('SELECT unused_since FROM file ORDER BY pk'), [null, 5, null]);
  db.close();
});

test('users of before keep usernames that look alike', () => {
  const db = before('username_key');
  db.exec(`
    INSERT INTO tenant (pk, id) VALUES (1, 'one');
    INSERT INTO user (tenant, id, uid, username, nickname, avatar, role, created_at)
      VALUES (1, 'a', 1, 'Alice', '', '', 'user', 0), (1, 'b', 2, 'alice ', '', '', 'user', 0);
  `);
  migrate(db);
  assert.deepEqual(
    db
      .prepare('SELECT username, username_key FROM account ORDER BY id')
      .all()
      .map((row) => Object.values(row)),
    [
      ['Alice', 'alice'],
      ['alice ', 'alice'],
    ],
  );
  db.close();
});

test('members of before see all of before in groups, and in rooms what comes', () => {
  const db = before('former_member');
  db.exec(`
    INSERT INTO tenant (pk, id) VALUES (1, 'one');
    INSERT INTO conversation (pk, tenant, id, kind, name, avatar, member_count, last_seq, created_at)
      VALUES (1, 1, 'g', 'group', '', '', 1, 7, 0), (2, 1, 'r', 'room', '', '', 1, 7, 0);
    INSERT INTO member (conversation, user, tenant, role, joined_at, delivered, read, revision)
      VALUES (1, 'a', 1, 'member', 0, 0, 0, 0), (2, 'a', 1, 'member', 0, 0, 0, 0);
  `);
  migrate(db);
  assert.deepEqual(
    db
      .prepare(
        'SELECT c.id, c.history, m.joined_seq FROM conversation c JOIN member m ON m.conversation = c.pk ORDER BY c.id',
      )
      .all()
      .map((row) => Object.values(row)),
    [
      ['g', 'all', 0],
      ['r', 'since_join', 7],
    ],
  );
  db.close();
});

test('messages from before are numbered by time, in each conversation by sequence whatever the clocks said', () => {
  const db = before('last_number');
  db.exec(`
    INSERT INTO tenant (pk, id) VALUES (1, 'one'), (2, 'other'), (3, 'empty');
    INSERT INTO conversation (pk, tenant, id, kind, name, avatar, member_count, created_at)
      VALUES (1, 1, 'a', 'group', '', '', 0, 0), (2, 1, 'b', 'group', '', '', 0, 0), (3, 2, 'c', 'group', '', '', 0, 0);
    INSERT INTO message (conversation, seq, id, tenant, client_id, sender, type, text, created_at, changed_at)
      VALUES (1, 1, 'a1', 1, 'a1', 'x', 'text', '', 10, 0), (1, 2, 'a2', 1, 'a2', 'x', 'text', '', 30, 0),
        (1, 3, 'a3', 1, 'a3', 'x', 'text', '', 5, 0), (2, 1, 'b1', 1, 'b1', 'x', 'text', '', 20, 0),
        (2, 2, 'b2', 1, 'b2', 'x', 'text', '', 40, 0), (3, 1, 'c1', 2, 'c1', 'x', 'text', '', 1, 0);
  `);
  migrate(db);
  assert.deepEqual(
    db
      .prepare('SELECT id, number FROM message ORDER BY tenant, number')
      .all()
      .map((row) => Object.values(row)),
    [
      ['a1', 1],
      ['b1', 2],
      ['a2', 3],
      ['a3', 4],
      ['b2', 5],
      ['c1', 1],
    ],
  );
  db.close();
});

test('who was made again before the upgrade does not get the chat that its id had with others', async () => {
  const db = before('generation');
  const user = (id: string, deleted: number) =>
    `(1, '${id}', ${id.length}, '${id}', '', '', 'user', 0, ${deleted})`;
  db.exec(`
    INSERT INTO tenant (pk, id) VALUES (1, 'one');
    INSERT INTO user (tenant, id, uid, username, nickname, avatar, role, created_at, deleted)
      VALUES ${[user('al', 0), user('.bo', 0), user('gone', 1), user('other', 0)].join()};
    INSERT INTO conversation (pk, tenant, id, kind, name, avatar, member_count, created_at)
      VALUES (1, 1, 'single:.bo:al', 'single', '', '', 1, 0), (2, 1, 'single:al:gone', 'single', '', '', 1, 0),
        (3, 1, 'single:al:other', 'single', '', '', 2, 0);
    INSERT INTO member (conversation, user, tenant, role, joined_at, delivered, read, revision)
      VALUES (1, 'al', 1, 'member', 0, 0, 0, 0), (2, 'al', 1, 'member', 0, 0, 0, 0), (3, 'al', 1, 'member', 0, 0, 0, 0),
        (3, 'other', 1, 'member', 0, 0, 0, 0);
    INSERT INTO message (conversation, seq, id, tenant, client_id, sender, type, text, created_at, changed_at)
      VALUES (1, 1, 'm1', 1, 'm1', '.bo', 'text', '', 0, 0), (1, 2, 'm2', 1, 'm2', 'al', 'text', '', 0, 0),
        (2, 1, 'm3', 1, 'm3', 'gone', 'text', '', 0, 0), (3, 1, 'm4', 1, 'm4', 'other', 'text', '', 0, 0);
  `);
  const earliest = Date.now();
  migrate(db);
  const values = (sql: string) =>
    db
      .prepare(sql)
      .all()
      .map((row) => Object.values(row)[0]);
  assert.deepEqual(values('SELECT id FROM conversation ORDER BY pk'), [
    'single:.bo~0:al',
    'single:al:gone',
    'single:al:other',
  ]);
  assert.deepEqual(values('SELECT sender FROM message ORDER BY id'), ['.bo~0', 'al', 'gone', 'other']);
  assert.deepEqual(values('SELECT id FROM account WHERE tokens_after IS NOT NULL ORDER BY id'), [
    '.bo',
    'gone',
  ]);
  assert.ok(Number(values('SELECT max(tokens_after) FROM account')[0]) >= earliest);
  db.close();
});

test('what is older than the user who has its id now is of a former one after the upgrade', () => {
  const db = before('generation');
  db.exec(`
    INSERT INTO tenant (pk, id) VALUES (1, 'one');
    INSERT INTO user (tenant, id, uid, username, nickname, avatar, role, created_at)
      VALUES (1, 'bo', 1, 'bo', '', '', 'user', 50), (1, 'ann', 2, 'ann', '', '', 'agent', 50), (1, 'old', 3, 'old', '', '', 'agent', 1);
    INSERT INTO conversation (pk, tenant, id, kind, name, avatar, member_count, created_at)
      VALUES (1, 1, 's1', 'service', '', '', 0, 9), (2, 1, 's2', 'service', '', '', 0, 60), (3, 1, 's3', 'service', '', '', 0, 9);
    INSERT INTO message (conversation, seq, id, tenant, client_id, sender, type, text, created_at, changed_at)
      VALUES (1, 1, 'm1', 1, 'm1', 'bo', 'text', '', 9, 9), (2, 1, 'm2', 1, 'm2', 'bo', 'text', '', 60, 60);
    INSERT INTO service_session (conversation, tenant, id, customer, agent, state, skill, waiting_since, opened_at, assigned_at, closed_at, closed_by)
      VALUES (1, 1, 's1', 'bo', 'old', 'closed', '', 9, 9, 9, 20, 'bo'), (2, 1, 's2', 'bo', 'ann', 'active', '', 60, 60, 60, NULL, NULL),
        (3, 1, 's3', 'x', 'ann', 'closed', '', 9, 9, 9, 70, 'ann');
    INSERT INTO service_note (tenant, conversation, id, client_id, author, content, at)
      VALUES (1, 1, 'n1', 'n1', 'ann', '', 9), (1, 1, 'n2', 'n2', 'old', '', 9), (1, 1, 'n3', 'n3', 'ann', '', 60);
  `);
  migrate(db);
  const rows = (sql: string) =>
    db
      .prepare(sql)
      .all()
      .map((row) => Object.values(row));
  assert.deepEqual(rows('SELECT id, sender FROM message ORDER BY id'), [
    ['m1', 'bo~0'],
    ['m2', 'bo'],
  ]);
  assert.deepEqual(rows('SELECT customer, agent, closed_by FROM service_session ORDER BY id'), [
    ['bo~0', 'old', 'bo~0'],
    ['bo', 'ann', null],
    ['x', 'ann~0', 'ann'],
  ]);
  assert.deepEqual(rows('SELECT author FROM service_note ORDER BY id'), [['ann~0'], ['old'], ['ann']]);
  assert.deepEqual(rows('SELECT id FROM account WHERE tokens_after IS NOT NULL'), []);
  db.close();
});

test('conversations from before are listed by their last message, single chats for both of their users', () => {
  const db = before('user_a');
  db.exec(`
    INSERT INTO tenant (pk, id) VALUES (1, 'one');
    INSERT INTO user (tenant, id, person, uid, username, nickname, avatar, role, created_at)
      VALUES (1, 'a', 'a', 1, 'a', '', '', 'user', 0), (1, 'b', 'b~2', 2, 'b', '', '', 'user', 0);
    INSERT INTO conversation (pk, tenant, id, kind, name, avatar, member_count, last_seq, created_at)
      VALUES (1, 1, 'single:a:b~2', 'single', '', '', 2, 2, 0), (2, 1, 'single:a:a', 'single', '', '', 1, 1, 0),
        (3, 1, 'team', 'group', '', '', 1, 0, 0);
    INSERT INTO member (conversation, user, tenant, role, joined_at, delivered, read, revision)
      VALUES (1, 'a', 1, 'member', 0, 0, 0, 0), (3, 'a', 1, 'owner', 0, 0, 0, 0);
    INSERT INTO message (conversation, seq, number, id, tenant, client_id, sender, type, text, created_at, changed_at)
      VALUES (1, 1, 1, 'm1', 1, 'm1', 'a', 'text', '', 0, 0), (2, 1, 2, 'm2', 1, 'm2', 'a', 'text', '', 0, 0),
        (1, 2, 3, 'm3', 1, 'm3', 'b~2', 'text', '', 0, 0);
  `);
  migrate(db);
  const rows = (sql: string) =>
    db
      .prepare(sql)
      .all()
      .map((row) => Object.values(row));
  assert.deepEqual(rows('SELECT activity, user_a, user_b FROM conversation ORDER BY pk'), [
    [3, 'a', 'b'],
    [2, 'a', null],
    [-3, null, null],
  ]);
  assert.deepEqual(rows('SELECT conversation, many FROM member ORDER BY conversation'), [
    [1, 0],
    [3, 1],
  ]);
  db.close();
});
