import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import type { Store } from '../../core/ports/store.ts';
import { newMessage, newUser, toUser } from '../contract/fixture.ts';
import { quickCheckInThread } from './check-thread.ts';
import { quickCheckDatabase } from './quick-check.ts';
import { openSqliteStore } from './store.ts';

let dataDir: string;
let store: Store;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'haina-quick-'));
  store = await openSqliteStore({ dataDir, busyTimeout: 1000 });
  for (const id of ['alice', 'bob']) await store.createUser(newUser('t', id));
  for (const text of ['one', 'two', 'three']) {
    await store.appendMessage(newMessage('t', 'alice', toUser('bob'), text));
  }
});

afterEach(async () => {
  await store.close();
  await rm(dataDir, { recursive: true });
});

function change(sql: string): void {
  const db = new DatabaseSync(join(dataDir, 'haina.db'), { timeout: 1000 });
  db.exec(sql);
  db.close();
}

test('the quick check finds a sound database well, and says what it looked at and what not', async () => {
  const checks: string[] = [];
  const report = await quickCheckInThread(dataDir, (what) => checks.push(what));
  assert.deepEqual([report.ok, report.findings], [true, []]);
  assert.deepEqual(checks, ['structure of small tables', 'newest conversations', 'newest files']);
  assert.match(report.checked.join('; '), /^structure of (\d+) of \1 tables; 1 conversations /);
  assert.match(report.leftOut.join('; '), /all other conversations, older messages/);
});

for (const [name, { sql, finds }] of Object.entries({
  'a gap in a sequence': {
    sql: 'DELETE FROM message WHERE seq = 2',
    finds: /^conversation single:alice:bob: 2 messages from 1 on, expected 3$/,
  },
  'numbers that do not ascend': {
    sql: 'UPDATE message SET number = 1 WHERE seq = 3',
    finds: /^conversation single:alice:bob: message 3 has no number above those before it$/,
  },
  'a wrong count of members': {
    sql: 'UPDATE conversation SET member_count = 7',
    finds: /^conversation single:alice:bob: 2 members, expected 7$/,
  },
  'positions beyond the end': {
    sql: "UPDATE member SET read = 9 WHERE user_id = 'bob'",
    finds: /^conversation single:alice:bob: 1 members have acknowledged more than there is$/,
  },
  'a file that counts as held and is not': {
    sql: "INSERT INTO file (id, tenant, owner, created_at) VALUES ('f', 1, 'alice', 1)",
    finds: /^file f: nothing holds it$/,
  },
})) {
  test(`the quick check finds ${name}`, () => {
    change(sql);
    const { ok, findings } = quickCheckDatabase(dataDir);
    assert.equal(ok, false);
    assert.equal(findings.length, 1, findings.join('; '));
    assert.match(findings[0] as string, finds);
  });
}

test('what was removed as it was too old is no gap to the quick check', () => {
  change('DELETE FROM message WHERE seq < 3; INSERT INTO gone SELECT pk, 1, 2 FROM conversation');
  assert.deepEqual(quickCheckDatabase(dataDir).findings, []);
});

test('the quick check begins nothing more once its time is over, and says so', () => {
  let now = 0;
  const report = quickCheckDatabase(
    dataDir,
    (what) => {
      if (what === 'newest conversations') now = 1e9;
    },
    () => now,
  );
  assert.match(report.checked.join('; '), /; 0 conversations /);
  assert.match(report.leftOut.join('; '), /1 more of these conversations.*whether files are held/);
});
