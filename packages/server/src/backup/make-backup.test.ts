import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import type { FileStorage } from '../core/ports/file-storage.ts';
import type { Store } from '../core/ports/store.ts';
import { filesFolder, localPath } from '../files/local-path.ts';
import { openLocalStorage } from '../files/local-storage.ts';
import { newMessage, newUser, toUser } from '../store/contract/fixture.ts';
import { openSqliteStore } from '../store/sqlite/index.ts';
import { BackupPlace } from './backup-place.ts';
import { type BackupReport, makeBackup } from './make-backup.ts';

const TENANT = 't';

let folder: string;
let dataDir: string;
let to: string;
let store: Store;
let storage: FileStorage;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'haina-make-backup-'));
  dataDir = join(folder, 'data');
  to = join(folder, 'backup');
  store = await openSqliteStore({ dataDir, busyTimeout: 1000 });
  storage = await openLocalStorage(filesFolder(dataDir));
  for (const id of ['alice', 'bob']) await store.createUser(newUser(TENANT, id));
});

afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

async function upload(id: string): Promise<void> {
  const bytes = randomBytes(1000);
  await store.reserveFile({ tenant: TENANT, id, ownerId: 'alice', createdAt: 1 });
  await storage.put(id, [bytes] as unknown as AsyncIterable<Uint8Array>);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const facts = { name: 'a.bin', type: 'application/octet-stream', extension: 'bin' };
  await store.completeFile(TENANT, id, { ...facts, size: bytes.length, sha256 });
}

async function hold(id: string): Promise<void> {
  const message = newMessage(TENANT, 'alice', toUser('bob'), `holds ${id}`);
  await store.appendMessage({ ...message, files: [{ id, field: 'extra.url', isOurs: true }] });
}

/** What the sweep of another process does, at this very moment: out of sight, then gone. */
function sweep(id: string): void {
  const db = new DatabaseSync(join(dataDir, 'haina.db'), { timeout: 5000 });
  db.prepare('DELETE FROM file_use WHERE file = (SELECT pk FROM file WHERE id = ?)').run(id);
  db.prepare("UPDATE file SET unused_since = 1, state = 'unused' WHERE id = ?").run(id);
  db.close();
  rmSync(localPath(filesFolder(dataDir), id));
}

/** @param atFiles called each time when the database was copied and the files come next */
async function backup(atFiles: (time: number) => void): Promise<BackupReport> {
  let times = 0;
  return makeBackup(
    new BackupPlace(to, { dataDir, replace: false }),
    { dataDir, storage: { kind: 'local' }, skipDamaged: false, rate: 0 },
    { begin: (what) => what === 'files' && atFiles(++times), reach() {}, end() {} },
  );
}

function statesIn(backupFolder: string): Record<string, unknown> {
  const db = new DatabaseSync(join(backupFolder, 'haina.db'), { readOnly: true });
  const rows = db.prepare('SELECT id, state FROM file ORDER BY id').all();
  db.close();
  return Object.fromEntries(rows.map(({ id, state }) => [String(id), state]));
}

test('a file that was let go of and removed meanwhile is in no backup, nor is a message that holds it', async () => {
  for (const id of ['kept', 'lost']) {
    await upload(id);
    await hold(id);
  }
  let copies = 0;
  const { manifest } = await backup((time) => {
    copies = time;
    if (time === 1) sweep('lost');
  });
  assert.equal(copies, 2);
  assert.deepEqual(statesIn(to), { kept: 'stored', lost: 'unused' });
  assert.deepEqual([manifest.files.storage, 'count' in manifest.files && manifest.files.count], ['local', 1]);
  assert.ok(existsSync(localPath(filesFolder(to), 'kept')));
  const db = new DatabaseSync(join(to, 'haina.db'), { readOnly: true });
  assert.deepEqual(
    db
      .prepare('SELECT f.id FROM file_use u JOIN file f ON f.pk = u.file')
      .all()
      .map(({ id }) => id),
    ['kept'],
  );
  db.close();
});

test('a file that nothing held and that was removed meanwhile is out of sight in the backup', async () => {
  for (const id of ['held', 'loose', 'swept']) await upload(id);
  await hold('held');
  let copies = 0;
  await backup((time) => {
    copies = time;
    sweep('swept');
  });
  assert.equal(copies, 1);
  assert.deepEqual(statesIn(to), { held: 'stored', loose: 'stored', swept: 'unused' });
});

test('a backup gives up where files vanish each time, and leaves nothing', async () => {
  const ids = ['a', 'b', 'c'];
  for (const id of ids) {
    await upload(id);
    await hold(id);
  }
  await assert.rejects(
    backup((time) => sweep(ids[time - 1] as string)),
    { name: 'StartError', message: /^files are removed faster than they are copied, c at last/ },
  );
  assert.deepEqual([existsSync(to), existsSync(`${to}.part`)], [false, false]);
});

test('a copy has what was confirmed when it began and nothing later, and names what else is in the data folder', async () => {
  await store.appendMessage(newMessage(TENANT, 'alice', toUser('bob'), 'before'));
  const writer = new DatabaseSync(join(dataDir, 'haina.db'), { timeout: 5000 });
  writer.exec("CREATE TABLE later (a TEXT); INSERT INTO later VALUES ('x')");
  writeFileSync(join(dataDir, 'audit.jsonl'), '{}');
  const place = new BackupPlace(to, { dataDir, replace: false });
  const { manifest, leftOut } = await makeBackup(
    place,
    { dataDir, storage: { kind: 'local' }, skipDamaged: false, rate: 0 },
    {
      begin: (what) => what === 'database' && writer.exec("INSERT INTO later VALUES ('y')"),
      reach() {},
      end() {},
    },
  );
  writer.close();
  assert.deepEqual([manifest.counts.messages, leftOut], [1, ['audit.jsonl']]);
  const db = new DatabaseSync(join(to, 'haina.db'), { readOnly: true });
  assert.deepEqual(
    db
      .prepare('SELECT a FROM later')
      .all()
      .map(({ a }) => a),
    ['x'],
  );
  db.close();
});

test('a backup that was to be replaced comes back where its replacement did not get its place', async () => {
  await backup(() => {});
  const old = readFileSync(join(to, 'manifest.json'), 'utf8');
  // Between two renames the old one has another name.
  renameSync(to, `${to}.old`);
  const place = new BackupPlace(to, { dataDir, replace: true });
  assert.equal(readFileSync(join(to, 'manifest.json'), 'utf8'), old);
  place.discard();
});
