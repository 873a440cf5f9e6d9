import assert from 'node:assert/strict';
import {
  closeSync,
  copyFileSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import type { Store } from '../../core/ports/store.ts';
import { newMessage, newUser, toUser } from '../contract/fixture.ts';
import { openDatabase } from './database.ts';
import { PageSample } from './page-sample.ts';
import { openSqliteStore } from './store.ts';

const PAGE = 4096;

let parent: string;
let dataDir: string;
let database: string;
let store: Store;
let troubles: string[];
let onTrouble: () => void;
let threads: Worker[];

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'haina-lost-'));
  dataDir = join(parent, 'data');
  database = join(dataDir, 'haina.db');
  await open();
  for (const id of ['alice', 'bob']) await store.createUser(newUser('t', id));
});
afterEach(async () => {
  await store.close();
  await rm(parent, { recursive: true });
});

async function open(): Promise<void> {
  troubles = [];
  onTrouble = () => {};
  threads = [];
  const tell = (trouble: string): void => {
    troubles.push(trouble);
    onTrouble();
  };
  const remember = (worker: Worker) => threads.push(worker);
  process.on('worker', remember);
  store = await openSqliteStore({
    dataDir,
    troubles: {
      lost: (reason) => tell(reason ?? 'back'),
      damaged: tell,
      down: () => tell('down'),
      up: () => tell('up'),
    },
  });
  process.off('worker', remember);
}

async function told(trouble: string): Promise<void> {
  while (!troubles.includes(trouble)) {
    await new Promise<void>((resolve) => {
      onTrouble = resolve;
    });
  }
}

function send(text: string) {
  return store.appendMessage(newMessage('t', 'alice', toUser('bob'), text));
}

async function isRefused(): Promise<void> {
  await assert.rejects(send('lost'), { code: 'EINTERNAL' });
  await assert.rejects(store.probe(), { code: 'EINTERNAL' });
}

const LOSSES: readonly (readonly [what: string, lose: () => void, told: RegExp])[] = [
  ['is cut to nothing', () => truncateSync(database), /^haina.db was cut from \d+ to 0 bytes$/],
  [
    'is cut in the middle',
    () => truncateSync(database, 3 * PAGE),
    /^haina.db was cut from \d+ to 12288 bytes$/,
  ],
  ['is removed', () => unlinkSync(database), /^haina.db was removed$/],
  ['is removed with its folder', () => rmSync(dataDir, { recursive: true }), /^haina.db was removed$/],
  [
    'is replaced by a copy',
    () => {
      copyFileSync(database, `${database}.copy`);
      renameSync(`${database}.copy`, database);
    },
    /^haina.db was replaced by another file$/,
  ],
  ['loses its write-ahead log', () => unlinkSync(`${database}-wal`), /^haina.db-wal was removed$/],
  ['has its write-ahead log emptied', () => truncateSync(`${database}-wal`), /^haina.db-wal was/],
  ['loses its shared memory', () => unlinkSync(`${database}-shm`), /^haina.db-shm was removed$/],
];

for (const [what, lose, expected] of LOSSES) {
  test(`a database that ${what} beneath a running server confirms nothing any more, and says so`, async () => {
    // So that there is a main file to lose, and something in the write-ahead log.
    checkpoint('PASSIVE');
    await send('before');
    lose();
    await isRefused();
    assert.match(troubles[0] ?? '', expected);
    assert.equal(troubles.length, 1);
  });
}

test('a database that is lost while nobody writes is noticed, too', async () => {
  unlinkSync(database);
  await told('haina.db was removed');
});

test('a folder that was moved away is lost until it is back', async () => {
  await send('before');
  renameSync(dataDir, `${dataDir}-elsewhere`);
  await isRefused();
  renameSync(`${dataDir}-elsewhere`, dataDir);
  await send('after');
  await store.probe();
  assert.deepEqual(troubles, ['haina.db was removed', 'back']);
});

test("another program's checkpoint or compaction is no loss", async () => {
  for (let i = 0; i < 50; i++) await send('x'.repeat(10_000));
  checkpoint('TRUNCATE');
  assert.equal(statSync(`${database}-wal`).size, 0);
  await send('after a checkpoint');
  await store.deleteUser('t', 'bob', 1);
  const db = new DatabaseSync(database);
  db.exec('DELETE FROM message; VACUUM');
  db.close();
  const before = statSync(database).size;
  checkpoint('TRUNCATE');
  assert.ok(statSync(database).size < before);
  await store.probe();
  await store.createUser(newUser('t', 'carol'));
  assert.deepEqual(troubles, []);
});

test('a damaged file is told once, and is nothing to serve from', async () => {
  for (let i = 0; i < 50; i++) await send('x'.repeat(10_000));
  await store.close();
  // The threads have read nothing of it yet that they could keep.
  await open();
  const file = openSync(database, 'r+');
  const garbage = Buffer.alloc(PAGE, 0xa5);
  for (let page = 2; page * PAGE < statSync(database).size; page++)
    writeSync(file, garbage, 0, PAGE, page * PAGE);
  await assert.rejects(send('lost'), { code: 'EINTERNAL' });
  await assert.rejects(send('lost'), { code: 'EINTERNAL' });
  await told('database disk image is malformed');
  await assert.rejects(store.probe(), { code: 'EINTERNAL', message: 'the database is damaged' });
  assert.deepEqual(troubles, ['database disk image is malformed']);
});

test('a file that is mostly damaged is noticed although nobody asks for what is', {
  timeout: 30_000,
}, async () => {
  for (let i = 0; i < 50; i++) await send('x'.repeat(10_000));
  checkpoint('TRUNCATE');
  const file = openSync(database, 'r+');
  const garbage = Buffer.alloc(PAGE, 0xa5);
  for (let page = 1; page * PAGE < statSync(database).size; page++)
    writeSync(file, garbage, 0, PAGE, page * PAGE);
  closeSync(file);
  await told('database disk image is malformed');
  await assert.rejects(store.probe(), { code: 'EINTERNAL', message: 'the database is damaged' });
});

test('reading by chance finds nothing wrong with what is whole, while others write and compact', async () => {
  const reading = openDatabase({ dataDir, readOnly: true, busyTimeout: 1000 });
  const sample = new PageSample(reading);
  sample.read();
  const sending = Promise.all(Array.from({ length: 300 }, () => send('x'.repeat(5000))));
  let isSent = false;
  void sending.then(() => {
    isSent = true;
  });
  while (!isSent) {
    sample.read();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await sending;
  const other = new DatabaseSync(database);
  other.exec('DELETE FROM message WHERE seq % 2 = 0; VACUUM');
  for (let i = 0; i < 100; i++) sample.read();
  other.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  for (let i = 0; i < 100; i++) sample.read();
  other.close();
  reading.close();
  assert.deepEqual(troubles, []);
});

for (const [index, what] of ['writes', 'reads'].entries()) {
  test(`a thread that ${what} and ends is started again, and what it was told still holds`, async () => {
    await store.keepLog(true);
    await send('before');
    await threads[index]?.terminate();
    await assert.rejects(store.probe(), { code: 'EINTERNAL' });
    await told('up');
    await send('after');
    await store.probe();
    assert.equal((await store.listLog(10)).length, 2);
    assert.equal((await store.listUsers('t', { limit: 10 })).length, 2);
    assert.deepEqual(troubles, ['down', 'up']);
  });
}

/** As another program does it; a file is never opened by itself in a process that has SQLite's locks on it. */
function checkpoint(mode: 'PASSIVE' | 'TRUNCATE'): void {
  const db = new DatabaseSync(database);
  db.exec(`PRAGMA wal_checkpoint(${mode})`);
  db.close();
}
