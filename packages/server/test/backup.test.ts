import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { appendFile, mkdtemp, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { run, start } from '../src/cli/cli-fixture.ts';
import { checkDatabase } from '../src/store/sqlite/index.ts';
import { type ChildServer, startChildServer } from './support/child-server.ts';
import { type HeldFile, LOAD_GROUP, SERVICE, SendLoad } from './support/send-load.ts';
import { mountSmallDisk, type SmallDisk } from './support/small-disk.ts';
import { TEST_SECRET, tokenOf } from './support/token.ts';

/** What a server has before the backup begins, and gets while it runs. */
const MESSAGES_BEFORE = 4000;
const MESSAGES_MEANWHILE = 1000;
/** Slow enough that a copy can be broken off. */
const SLOW = '512KiB';
const LARGE_FILE = 8_000_000;

let folder: string;
let dataDir: string;
let backup: string;
/** What the server had confirmed before the backup began. */
let confirmed: ReadonlyMap<string, HeldFile | undefined>;
let server: ChildServer;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'haina-backup-'));
  dataDir = join(folder, 'data');
  backup = join(folder, 'backup');
  server = await startChildServer({ HAINA_DATA_DIR: dataDir });
  const load = new SendLoad(server.url);
  await load.start();
  await load.upload('xuqm-0', new Uint8Array(randomBytes(LARGE_FILE)));
  await load.reach(MESSAGES_BEFORE);
  confirmed = new Map(load.confirmed);
  const { ended } = start(['backup', '--data-dir', dataDir, '--to', backup, '--rate', '8MiB']);
  await load.reach(MESSAGES_MEANWHILE);
  const { code, stdout, stderr } = await ended;
  assert.deepEqual([code, stderr], [0, ''], stdout);
  await load.stop();
});

after(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

/** What a command that is refused says. */
async function refusal(...args: string[]): Promise<string> {
  const { code, stderr } = await run(args, { env: { HAINA_SECRET: TEST_SECRET } });
  assert.equal(code, 1, stderr);
  assert.match(stderr, /^haina: [^\n]+\n$/);
  return stderr.slice('haina: '.length, -1);
}

function restore(from: string, to: string) {
  return run(['restore', '--from', from, '--data-dir', to]);
}

async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${SERVICE}` } });
  assert.equal(response.status, 200, url);
  return response.json();
}

interface HistoryMessage {
  readonly clientId: string;
  readonly seq: number;
}

async function history(url: string, conversationId: string): Promise<HistoryMessage[]> {
  const all: HistoryMessage[] = [];
  for (let before = ''; ; ) {
    const page = (await getJson(
      `${url}/api/v1/conversations/${conversationId}/messages?limit=200${before}`,
    )) as { messages: HistoryMessage[]; hasMore: boolean };
    all.unshift(...page.messages);
    if (!page.hasMore) return all;
    before = `&before=${page.messages[0]?.seq}`;
  }
}

/** Waits for something on disk that nobody tells of. */
async function seen(isThere: () => boolean): Promise<void> {
  while (!isThere()) await new Promise((resolve) => setImmediate(resolve));
}

test('what was confirmed before a backup under load is there after a restore, in sequence, with its files', async () => {
  const restored = join(folder, 'restored');
  const { code, stderr } = await restore(backup, restored);
  assert.deepEqual([code, stderr], [0, '']);
  assert.deepEqual(checkDatabase(restored).findings, []);
  const other = await startChildServer({ HAINA_DATA_DIR: restored });
  try {
    const pairs = [0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].map((b) => `single:im-${a}:xuqm-${b}`));
    const stored = new Set<string>();
    for (const conversationId of [LOAD_GROUP, ...pairs]) {
      const messages = await history(other.url, conversationId).catch((error) => {
        // Not every two of them talk to each other.
        if (conversationId === LOAD_GROUP) throw error;
        return [];
      });
      assert.deepEqual(
        messages.map(({ seq }) => seq),
        messages.map((_, index) => index + 1),
        conversationId,
      );
      for (const { clientId } of messages) {
        assert.ok(!stored.has(clientId), `${clientId} is stored once`);
        stored.add(clientId);
      }
    }
    assert.deepEqual(
      [...confirmed.keys()].filter((id) => !stored.has(id)),
      [],
    );
    const files = [...confirmed.values()].filter((file) => file !== undefined);
    assert.ok(files.length > 5, `${files.length} files`);
    for (const { url, sha256, owner } of files) {
      const response = await fetch(other.url + url, {
        headers: { authorization: `Bearer ${tokenOf(owner)}` },
      });
      assert.equal(response.status, 200, url);
      const bytes = Buffer.from(await response.arrayBuffer());
      assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256);
    }
  } finally {
    await other.stop();
  }
});

test('a backup is for its owner alone, and says what it holds', () => {
  for (const name of readdirSync(backup, { recursive: true, withFileTypes: true })) {
    const { mode } = statSync(join(name.parentPath, name.name));
    assert.equal(mode & 0o777, name.isDirectory() ? 0o700 : 0o600, name.name);
  }
  assert.equal(statSync(backup).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(backup).sort(), ['files', 'haina.db', 'manifest.json']);
  const manifest = JSON.parse(readFileSync(join(backup, 'manifest.json'), 'utf8'));
  assert.equal(manifest.counts.messages >= confirmed.size, true);
  assert.equal(manifest.files.count, globSync('files/??/*', { cwd: backup }).length);
  assert.equal(manifest.database.bytes, statSync(join(backup, 'haina.db')).size);
});

test('a backup that is there is replaced only where that is asked for', async () => {
  const args = ['backup', '--data-dir', dataDir, '--to', backup];
  assert.match(
    await refusal(...args),
    /^there is a backup at .* already: choose another --to, or --replace it$/,
  );
  const copy = join(folder, 'to-replace');
  cpSync(backup, copy, { recursive: true });
  const replaced = await run(['backup', '--data-dir', dataDir, '--to', copy, '--replace', '--rate', '0']);
  assert.equal(replaced.code, 0, replaced.stderr);
  const takenAt = (place: string) => JSON.parse(readFileSync(join(place, 'manifest.json'), 'utf8')).takenAt;
  assert.ok(takenAt(copy) > takenAt(backup));
  mkdirSync(join(folder, 'other'));
  await writeFile(join(folder, 'other', 'letter.txt'), 'dear');
  for (const more of [[], ['--replace']]) {
    const to = join(folder, 'other');
    assert.match(
      await refusal('backup', '--data-dir', dataDir, '--to', to, ...more),
      /is there already, and is no backup$/,
    );
    assert.deepEqual(readdirSync(to), ['letter.txt']);
  }
  assert.match(
    await refusal('backup', '--data-dir', dataDir, '--to', join(dataDir, 'inside')),
    /^the backup can't be in the data folder/,
  );
});

/** Some file of a backup, the large one or another. */
function someFile(place: string, isLarge: boolean): string {
  const paths = globSync('files/??/*', { cwd: place }).map((name) => join(place, name));
  return paths.find((path) => (statSync(path).size === LARGE_FILE) === isLarge) as string;
}

async function flip(path: string, place: number): Promise<void> {
  const bytes = readFileSync(path);
  bytes[place] = (bytes[place] as number) ^ 1;
  await writeFile(path, bytes);
}

const DAMAGES: Record<string, { damage(place: string): Promise<unknown>; says: RegExp }> = {
  'a flipped bit in the database': {
    damage: (place) => flip(join(place, 'haina.db'), 200_000),
    says: /haina\.db is not as it was written/,
  },
  'a database that was cut': {
    damage: (place) => truncate(join(place, 'haina.db'), 400_000),
    says: /haina\.db has 400000 bytes, not \d+/,
  },
  'no database': { damage: (place) => unlink(join(place, 'haina.db')), says: /haina\.db is missing/ },
  'a flipped bit in a file': {
    damage: (place) => flip(someFile(place, true), 6_000_000),
    says: /files\/..\/\S+ is not as it was written/,
  },
  'a file that was cut': {
    damage: (place) => truncate(someFile(place, false), 10),
    says: /files\/..\/\S+ has 10 bytes, not 40000/,
  },
  'a file with more at its end': {
    damage: (place) => appendFile(someFile(place, false), 'x'),
    says: /has 40001 bytes, not 40000/,
  },
  'a missing file': {
    damage: (place) => unlink(someFile(place, false)),
    says: /files\/..\/\S+ is missing/,
  },
  'another number in the manifest': {
    async damage(place) {
      const path = join(place, 'manifest.json');
      await writeFile(path, readFileSync(path, 'utf8').replace(/"messages": \d+/, '"messages": 1'));
    },
    says: /its manifest\.json is not as it was written/,
  },
  'half a manifest': {
    damage: (place) => truncate(join(place, 'manifest.json'), 100),
    says: /its manifest\.json is not as it was written/,
  },
  'no manifest': {
    damage: (place) => unlink(join(place, 'manifest.json')),
    says: /is no backup, or one that was not finished/,
  },
};

for (const [name, { damage, says }] of Object.entries(DAMAGES)) {
  test(`a backup with ${name} is refused, and leaves nothing`, async () => {
    const [damaged, target] = [join(folder, 'damaged'), join(folder, 'nothing')];
    cpSync(backup, damaged, { recursive: true });
    try {
      await damage(damaged);
      assert.match(await refusal('restore', '--from', damaged, '--data-dir', target), says);
      assert.equal(existsSync(target), false);
      mkdirSync(target);
      await refusal('restore', '--from', damaged, '--data-dir', target);
      assert.deepEqual(readdirSync(target), []);
    } finally {
      await rm(damaged, { recursive: true });
      await rm(target, { recursive: true, force: true });
    }
  });
}

test('a restore refuses a data folder that is in use, or has something in it', async () => {
  assert.match(
    await refusal('restore', '--from', backup, '--data-dir', dataDir),
    /is in use by another haina$/,
  );
  const target = join(folder, 'full');
  mkdirSync(target);
  await writeFile(join(target, 'letter.txt'), 'dear');
  assert.match(
    await refusal('restore', '--from', backup, '--data-dir', target),
    /is not empty, it has letter\.txt/,
  );
  assert.deepEqual(readdirSync(target), ['letter.txt']);
});

for (const { phase, rate, isThere } of [
  {
    phase: 'database',
    rate: SLOW,
    isThere: (part: string) =>
      existsSync(join(part, 'haina.db')) && statSync(join(part, 'haina.db')).size > 0,
  },
  {
    phase: 'files',
    rate: '4MiB',
    isThere: (part: string) => globSync('files/??/*', { cwd: part }).length > 0,
  },
]) {
  test(`a backup that is killed at its ${phase} leaves nothing that a restore takes`, async () => {
    const to = join(folder, `killed-${phase}`);
    const part = `${to}.part`;
    const { child, ended } = start(['backup', '--data-dir', dataDir, '--to', to, '--rate', rate]);
    await seen(() => isThere(part));
    child.kill('SIGKILL');
    assert.equal((await ended).signal, 'SIGKILL');
    assert.equal(existsSync(to), false);
    for (const from of [to, part]) {
      const target = join(folder, 'nothing');
      assert.match(
        await refusal('restore', '--from', from, '--data-dir', target),
        /is no backup, or one that was not finished: it has no manifest\.json$/,
      );
      assert.equal(existsSync(target), false);
    }
    const again = await run(['backup', '--data-dir', dataDir, '--to', to, '--rate', '0']);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(existsSync(part), false);
    const target = join(folder, `after-killed-${phase}`);
    assert.equal((await restore(to, target)).code, 0);
  });
}

test('a backup that is stopped by a signal leaves nothing, and another one to the same place waits for its turn', async () => {
  const to = join(folder, 'stopped');
  const { child, ended } = start(['backup', '--data-dir', dataDir, '--to', to, '--rate', SLOW]);
  await seen(() => existsSync(join(`${to}.part`, 'haina.db')));
  assert.match(
    await refusal('backup', '--data-dir', dataDir, '--to', to),
    /^another haina is making the backup stopped just now$/,
  );
  child.kill('SIGTERM');
  assert.equal((await ended).signal, 'SIGTERM');
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('stopped')),
    [],
  );
});

test('no server starts on half of a restored backup, and the restore can be run again', async () => {
  const target = join(folder, 'half');
  const { child, ended } = start(['restore', '--from', backup, '--data-dir', target]);
  await seen(() => existsSync(join(target, 'restore.part', 'haina.db')));
  child.kill('SIGKILL');
  assert.equal((await ended).signal, 'SIGKILL');
  for (const command of ['serve', 'migrate']) {
    assert.match(
      await refusal(command, '--data-dir', target),
      /^a restore into .* is under way, or was broken off/,
    );
  }
  const again = await restore(backup, target);
  assert.deepEqual([again.code, again.stderr], [0, '']);
  assert.deepEqual(readdirSync(target).sort(), ['files', 'haina.db', 'lock']);
  assert.deepEqual(checkDatabase(target).findings, []);
});

test('a file that the server has lost is named, and left out only where that is asked for', async () => {
  const copy = join(folder, 'with-loss');
  assert.equal((await restore(backup, copy)).code, 0);
  const gone = someFile(copy, false);
  await unlink(gone);
  await flip(someFile(copy, true), 5);
  const to = join(folder, 'loss');
  const refused = await refusal('backup', '--data-dir', copy, '--to', to);
  assert.match(
    refused,
    /^2 files of .* are missing or damaged: .*; --skip-damaged makes a backup without them$/,
  );
  assert.equal(existsSync(to), false);
  const skipped = await run(['backup', '--data-dir', copy, '--to', to, '--skip-damaged']);
  assert.equal(skipped.code, 2);
  assert.match(skipped.stdout, /^damaged +2 files are not in it$/m);
  assert.ok(skipped.stdout.includes(gone.slice(-20)));
  const target = join(folder, 'after-loss');
  const restored = await restore(to, target);
  assert.deepEqual([restored.code, restored.stderr], [0, '']);
  assert.match(restored.stdout, /^damaged +2 files were lost before the backup$/m);
});

test('files in a bucket are said not to be part of it, and another store is refused', async () => {
  const to = join(folder, 'bucket');
  const made = await run(['backup', '--data-dir', dataDir, '--to', to, '--rate', '0'], {
    env: { HAINA_FILE_STORAGE: 's3', HAINA_S3_BUCKET: 'pictures' },
  });
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /^files +not part of the backup: they are in the bucket pictures/m);
  assert.deepEqual(readdirSync(to).sort(), ['haina.db', 'manifest.json']);
  const restored = await restore(to, join(folder, 'from-bucket'));
  assert.equal(restored.code, 0);
  assert.match(restored.stdout, /^files +not part of the backup/m);
  assert.match(
    await refusal('backup', '--to', join(folder, 'pg'), '--store', 'postgres://a:b@127.0.0.1/c'),
    /pg_dump/,
  );
});

/** Runs with a disk of its own, where this machine lets anybody have one. */
async function onDisk(t: TestContext, megabytes: number, run: (disk: SmallDisk) => Promise<void>) {
  const disk = mountSmallDisk(megabytes);
  if (typeof disk === 'string') return t.skip(disk);
  try {
    await run(disk);
  } finally {
    disk.dispose();
  }
}

test('a disk that has no room is told, and nothing is left on it', (t) =>
  onDisk(t, 8, async ({ folder: small }) => {
    const to = join(small, 'backup');
    assert.match(
      await refusal('backup', '--data-dir', dataDir, '--to', to),
      /^there is no room for the backup: /,
    );
    assert.deepEqual(readdirSync(small), []);
  }));

test('a disk that fills up meanwhile is told, and nothing is left on it', (t) =>
  onDisk(t, 64, async (disk) => {
    const to = join(disk.folder, 'backup');
    const { child, ended } = start(['backup', '--data-dir', dataDir, '--to', to, '--rate', '4MiB']);
    await seen(() => globSync('files/??/*', { cwd: `${to}.part` }).length > 0);
    // It must not write while the disk is being filled.
    child.kill('SIGSTOP');
    await seen(() => / T /.test(readFileSync(`/proc/${child.pid}/stat`, 'utf8')));
    disk.fill();
    child.kill('SIGCONT');
    const { code, stderr } = await ended;
    disk.free();
    assert.equal(code, 1);
    assert.match(stderr, /^haina: the disk of .* is full: make room there, and start again\n$/);
    assert.deepEqual(readdirSync(disk.folder), []);
  }));
