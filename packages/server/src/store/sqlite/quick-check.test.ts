import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import type { Store } from '../../core/ports/store.ts';
import { fillSound, PLANTED_FAULTS, REMOVED_AS_OLD } from '../contract/planted-faults.ts';
import { quickCheckInThread } from './check-thread.ts';
import { checkDatabase } from './maintenance.ts';
import { quickCheckDatabase } from './quick-check.ts';
import { openSqliteStore } from './store.ts';

let dataDir: string;
let store: Store;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'haina-quick-'));
  store = await openSqliteStore({ dataDir, busyTimeout: 1000 });
  await fillSound(store);
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

for (const [name, { sql, whole, newest }] of Object.entries(PLANTED_FAULTS)) {
  test(`the checks find ${name}`, () => {
    change(sql);
    assert.match(checkDatabase(dataDir).findings.join('; '), whole);
    if (!newest) return;
    const { ok, findings } = quickCheckDatabase(dataDir);
    assert.equal(ok, false);
    assert.equal(findings.length, 1, findings.join('; '));
    assert.match(findings[0] as string, newest);
  });
}

test('what was removed as it was too old is no gap to the quick check', () => {
  change(REMOVED_AS_OLD);
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
