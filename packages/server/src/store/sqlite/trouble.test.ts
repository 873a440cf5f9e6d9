import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import type { Store } from '../../core/ports/store.ts';
import { newMessage, newUser, toUser } from '../contract/fixture.ts';
import { checkDatabase, migrateDatabase } from './maintenance.ts';
import { MIGRATIONS } from './migrations.ts';
import { openSqliteStore } from './store.ts';

const NEWEST = MIGRATIONS.at(-1)?.version ?? 0;

let dataDir: string;
let store: Store;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'haina-trouble-'));
  store = await openSqliteStore({ dataDir, busyTimeout: 20 });
  for (const id of ['alice', 'bob']) await store.createUser(newUser('t', id));
});

afterEach(async () => {
  await store.close();
  await rm(dataDir, { recursive: true });
});

function send(text: string) {
  return store.appendMessage(newMessage('t', 'alice', toUser('bob'), text));
}

/** Texts that the store holds, after checking that the file is sound. */
async function stored(): Promise<string[]> {
  const messages = await store.listMessages({
    tenant: 't',
    conversationId: 'single:alice:bob',
    viewerId: 'alice',
    limit: 1000,
  });
  assert.deepEqual(
    messages.map(({ seq }) => seq),
    messages.map((_, index) => index + 1),
  );
  assert.deepEqual(checkDatabase(dataDir).findings, []);
  return messages.map(({ content }) => content.text);
}

test('a locked file refuses sends with EINTERNAL, and takes them again once it is free', async () => {
  await send('before');
  const other = new DatabaseSync(join(dataDir, 'haina.db'));
  other.exec('BEGIN IMMEDIATE');
  const refused = await Promise.allSettled([send('while'), send('while'), store.ping()]);
  for (const outcome of refused)
    assert.equal(outcome.status === 'rejected' && outcome.reason.code, 'EINTERNAL');
  other.exec('ROLLBACK');
  other.close();
  await send('after');
  assert.deepEqual(await stored(), ['before', 'after']);
});

const canLimit = process.platform === 'linux';

test('a disk that takes no more refuses sends with EINTERNAL, and takes them again once there is room', {
  skip: canLimit ? false : 'the limit on file sizes is set by prlimit, which only Linux has',
}, async () => {
  const confirmed: string[] = [];
  const limitFiles = (bytes: string) =>
    execFileSync('prlimit', [`--fsize=${bytes}:`, '--pid', String(process.pid)]);
  limitFiles('300000');
  try {
    await assert.rejects(
      async () => {
        for (let i = 0; i < 1000; i++) {
          const text = `${i} ${'x'.repeat(2000)}`;
          await send(text);
          confirmed.push(text);
        }
      },
      { code: 'EINTERNAL' },
    );
    assert.ok(confirmed.length > 0, 'some were stored before the disk was full');
    await assert.rejects(send('still full'.padEnd(5000, 'x')), { code: 'EINTERNAL' });
  } finally {
    limitFiles('unlimited');
  }
  await send('room again');
  assert.deepEqual(await stored(), [...confirmed, 'room again']);
});

test('one operation that SQLite itself refuses does not take the others of its commit with it', async () => {
  const unstorable = newMessage('t', 'alice', toUser('bob'), 'no');
  const results = await Promise.allSettled([
    send('one'),
    store.appendMessage({ ...unstorable, createdAt: 1.5 }),
    send('two'),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(await stored(), ['one', 'two']);
});

test('a data directory serves one process at a time', async () => {
  await assert.rejects(openSqliteStore({ dataDir }), { name: 'DataDirInUse' });
  assert.throws(() => migrateDatabase(dataDir), { name: 'DataDirInUse' });
});

test('the doctor finds what is wrong with a file', async () => {
  await send('one');
  await send('two');
  await store.reserveFile({ tenant: 't', id: 'a-file', ownerId: 'alice', createdAt: 1 });
  assert.deepEqual(checkDatabase(dataDir).findings, []);
  assert.equal(checkDatabase(dataDir).messages, 2);
  const db = new DatabaseSync(join(dataDir, 'haina.db'));
  db.exec('UPDATE message SET number = 0 WHERE seq = 2');
  assert.deepEqual(checkDatabase(dataDir).findings, [
    'conversation single:alice:bob: message 2 has no number above those before it',
  ]);
  db.exec(
    'DELETE FROM message WHERE seq = 1; UPDATE message SET number = 2; UPDATE member SET read = 9; UPDATE file SET unused_since = NULL',
  );
  db.close();
  const { ok, findings } = checkDatabase(dataDir);
  assert.equal(ok, false);
  assert.deepEqual(findings, [
    'conversation single:alice:bob: 1 messages up to sequence 2, expected 2',
    'conversation single:alice:bob: alice has acknowledged more than there is',
    'conversation single:alice:bob: bob has acknowledged more than there is',
    'file a-file: nothing holds it',
  ]);
});

test('the doctor says when there is no database, or one of another version', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'haina-empty-'));
  assert.match(checkDatabase(empty).findings[0] ?? '', /there is no database/);
  assert.deepEqual(migrateDatabase(empty), { from: 0, to: NEWEST });
  assert.equal(checkDatabase(empty).ok, true);
  const db = new DatabaseSync(join(empty, 'haina.db'));
  db.exec('PRAGMA user_version = 99');
  db.close();
  const finding = checkDatabase(empty).findings[0] ?? '';
  assert.match(finding, new RegExp(`version 99, this haina knows ${NEWEST}: use a newer haina`));
  assert.throws(() => migrateDatabase(empty), /use a newer haina/);
  await rm(empty, { recursive: true });
});

test('what was removed as it was too old is no gap to the doctor', async () => {
  const room = { tenant: 't', id: 'r', name: 'r', description: '', isOpen: true, owner: null, createdAt: 1 };
  await store.createRoom(room);
  const guest = { name: '', number: '', nickname: 'g', avatar: '' };
  for (let n = 0; n < 3; n++)
    await store.appendMessage({
      ...newMessage('t', 'guest:g', { kind: 'conversation', conversationId: 'r' }, 'x'),
      guest,
    });
  assert.equal(await store.purgeGuestMessages({ before: 6, at: 9, limit: 9 }), 3);
  assert.deepEqual(checkDatabase(dataDir).findings, []);
});
