import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import pg from 'pg';
import { startChildServer } from '../../test/support/child-server.ts';
import { SKIP_POSTGRES, sharedPostgres } from '../../test/support/postgres.ts';
import { migrateDatabase } from '../store/sqlite/index.ts';
import { run, start } from './cli-fixture.ts';

/** HAINA_COPY_MESSAGES=1000000 makes this a measurement. */
const MESSAGES = Number(process.env.HAINA_COPY_MESSAGES ?? 40_000);

const folder = mkdtempSync(join(tmpdir(), 'haina-copy-cli-'));
after(() => rmSync(folder, { recursive: true }));

test('a copy that was killed goes on where it was, both ways, and a server starts on it', {
  skip: SKIP_POSTGRES,
}, async (t) => {
  const url = await (await sharedPostgres()).createDatabase();
  const [origin, back] = [join(folder, 'origin'), join(folder, 'back')];
  fill(origin);
  const env = { HAINA_STORE: url };

  await killMidway(['copy', '--from', `sqlite:${origin}`, '--to', 'store'], env, () => copiedTo(url));
  await finish(t, ['copy', '--from', `sqlite:${origin}`, '--to', 'store'], env);

  await killMidway(['copy', '--from', url, '--to', `sqlite:${back}`], {}, async () => copiedInto(back));
  const refused = await run(['migrate', '--data-dir', back]);
  assert.match(refused.stderr, /^haina: the database has only a part of what is copied into it/);
  await finish(t, ['copy', '--from', url, '--to', `sqlite:${back}`], {});

  const unlike = await run(['copy', '--from', `sqlite:${back}`, '--to', 'store'], { env });
  assert.match(unlike.stderr, /^haina: postgres:.* is not empty/);
  for (const settings of [{ HAINA_STORE: url, HAINA_DATA_DIR: folder }, { HAINA_DATA_DIR: back }]) {
    const server = await startChildServer(settings);
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
    await server.kill();
  }
});

test('copy refuses what is no store, and a copy onto itself', async () => {
  for (const [from, to, message] of [
    ['mysql://x', 'store', /^haina: --from must be store, sqlite:FOLDER or a URL/],
    ['sqlite:a', 'sqlite:a', /^haina: --from and --to are the same/],
    ['sqlite:a', 'postgres://host', /^haina: --to names no/],
  ] as const) {
    const { code, stderr } = await run(['copy', '--from', from, '--to', to], { cwd: folder });
    assert.equal(code, 1);
    assert.match(stderr, message);
  }
});

test('migrate makes the schema on PostgreSQL, once', { skip: SKIP_POSTGRES }, async () => {
  const env = { HAINA_STORE: await (await sharedPostgres()).createDatabase() };
  assert.match((await run(['migrate'], { env })).stdout, /PostgreSQL database went from version 0 to [1-9]/);
  assert.match((await run(['migrate'], { env })).stdout, /has version [1-9]\d* already/);
});

/** A group of one tenant with many messages. */
function fill(dataDir: string): void {
  migrateDatabase(dataDir);
  const db = new DatabaseSync(join(dataDir, 'haina.db'));
  db.exec(`
    INSERT INTO tenant (pk, id) VALUES (1, 'default');
    INSERT INTO conversation (pk, tenant, id, kind, name, avatar, member_count, last_seq, created_at)
      VALUES (1, 1, 'team', 'group', 'Team', '', 0, ${MESSAGES}, 1);
    INSERT INTO message (conversation, seq, id, tenant, client_id, sender, type, text, created_at, changed_at, number)
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MESSAGES})
      SELECT 1, i, 'message-' || i, 1, 'client-' || i, 'alice', 'text', 'Message number ' || i || ' says a few words, as people do.', i, i, i FROM n;
  `);
  db.close();
}

/** Kills the command once some messages, not all of them, are copied. */
async function killMidway(args: string[], env: Record<string, string>, copied: () => Promise<number>) {
  const copying = start(args, { env });
  let isOver = false;
  void copying.ended.then(() => {
    isOver = true;
  });
  while (!isOver && (await copied()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  copying.child.kill('SIGKILL');
  const { signal, stderr } = await copying.ended;
  assert.equal(signal, 'SIGKILL', stderr);
  const rows = await copied();
  assert.ok(rows > 0 && rows < MESSAGES, `${rows} were copied`);
}

async function finish(t: { diagnostic(text: string): void }, args: string[], env: Record<string, string>) {
  const began = performance.now();
  const copying = start(args, { env });
  let highest = 0;
  const timer = setInterval(() => {
    highest = Math.max(highest, memoryOf(copying.child.pid));
  }, 100);
  const { code, stdout, stderr } = await copying.ended;
  clearInterval(timer);
  assert.deepEqual([code, stderr], [0, ''], stdout);
  assert.match(stdout, /^going on with a copy that was broken off$/m);
  assert.match(stdout, new RegExp(`^message +${MESSAGES} rows  [0-9a-f]{32}  equal$`, 'm'));
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  t.diagnostic(`${MESSAGES} messages in ${seconds} s with ${Math.round(highest / 1024)} MiB at most`);
  t.diagnostic(
    stdout
      .split('\n')
      .filter((line) => line.includes('ing message:'))
      .join('; '),
  );
}

/** The most that a process had in memory, in KiB; 0 where nobody tells. */
function memoryOf(pid = 0): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

const PROGRESS = "SELECT copied FROM copy_progress WHERE name = 'message'";

async function copiedTo(url: string): Promise<number> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return Number((await client.query(PROGRESS)).rows[0]?.copied ?? 0);
  } catch (error) {
    assert.equal((error as { code?: string }).code, '42P01');
    return 0;
  } finally {
    await client.end();
  }
}

function copiedInto(dataDir: string): number {
  try {
    const db = new DatabaseSync(join(dataDir, 'haina.db'), { readOnly: true });
    try {
      return Number(db.prepare(PROGRESS).get()?.copied ?? 0);
    } finally {
      db.close();
    }
  } catch {
    // It is not there yet, or is being made.
    return 0;
  }
}
