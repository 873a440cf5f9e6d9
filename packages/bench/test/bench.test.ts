import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, globSync, mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SKIP_POSTGRES } from '../../server/test/support/postgres.ts';
import { START } from '../src/growth/measure.ts';
import { OPERATIONS } from '../src/growth/operations.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MAIN = join(ROOT, 'packages/bench/src/main.ts');
const TINY = ['--pairs', '2', '--subscribers', '2', '--turns', '1', '--seconds', '0.1', '--warm-up', '0'];

/** Where a bench keeps its data. PostgreSQL runs under another account, which must get in. */
const folder = mkdtempSync(join(tmpdir(), 'bench-test-'));
chmodSync(folder, 0o755);
after(() => rmdirSync(folder));

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...TINY, ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function run(...args: string[]): Promise<{ code: number; table: string[]; complaint: string }> {
  const child = start(...args);
  const [output, complaint] = await Promise.all([child.stdout, child.stderr].map(textOf));
  if (child.exitCode === null) await once(child, 'exit');
  return {
    code: child.exitCode as number,
    table: (output as string).split('\n'),
    complaint: complaint as string,
  };
}

async function textOf(stream: Readable | null): Promise<string> {
  return (await stream?.setEncoding('utf8').toArray())?.join('') ?? '';
}

/** Cells of the row that begins so. */
function cellsOf(table: readonly string[], title: string): string[] {
  const row = table.find((line) => line.startsWith(`${title}  `));
  assert.ok(row, `no row ${title} in ${table.join('\n')}`);
  return row.slice(title.length).trim().split(/ {2,}/);
}

/** Processes whose environment names a folder; none where the system doesn't tell. */
function processesOn(path: string): string[] {
  return globSync('/proc/[0-9]*/environ').filter((file) => {
    try {
      return readFileSync(file, 'latin1').includes(path);
    } catch {
      // It is somebody else's, or has ended.
      return false;
    }
  });
}

test('fan-out stands beside the raw limit, and another checkout beside this one', async () => {
  const { code, table, complaint } = await run('--only', 'fan-out', '--beside', ROOT);
  assert.equal(code, 0, complaint);
  for (const inFlight of [1, 10, 50]) {
    for (const title of [`raw limit, ${inFlight} gathered`, `fan-out, ${inFlight} in flight, this`]) {
      assert.ok(Number(cellsOf(table, title)[0]?.replaceAll(',', '')) > 0);
    }
    assert.match(table.join('\n'), new RegExp(`fan-out, ${inFlight} in flight, ${basename(ROOT)} .* %`));
  }
  assert.deepEqual(readdirSync(folder), []);
});

test('PostgreSQL stands beside SQLite, with what its processes take', { skip: SKIP_POSTGRES }, async () => {
  const { code, table, complaint } = await run('--only', 'one-to-one', '--store', 'postgres');
  assert.equal(code, 0, complaint);
  for (const pairs of ['2 pairs', '1 pair']) {
    for (const store of ['SQLite', 'PostgreSQL']) {
      assert.ok(cellsOf(table, `durable one-to-one, ${pairs}, ${store}`).length >= 6);
    }
  }
  assert.deepEqual(readdirSync(folder), []);
});

test('growth is told of each operation, small beside large', async () => {
  const { code, table, complaint } = await run('--growth', '1000');
  assert.equal(code, 0, complaint);
  const rows = [START, ...OPERATIONS.map(({ name }) => name)].map((name) => cellsOf(table, name));
  for (const [small = '', , , large = ''] of rows.slice(1)) {
    assert.match(`${small} ${large}`, /^[\d.]+ [\d.]+$/, table.join('\n'));
  }
  assert.deepEqual(readdirSync(folder), []);
});

test('what is no checkout is told in a line', async () => {
  const { code, complaint } = await run('--beside', folder);
  assert.equal(code, 1);
  assert.match(complaint, /^\S+ is no checkout of haina: .*\n$/);
});

test('a bench that is killed takes its servers and their data along', { timeout: 60_000 }, async () => {
  const child = start('--only', 'one-to-one', '--seconds', '60');
  while (globSync('haina-bench-*/haina.db', { cwd: folder }).length === 0) await delay(10);
  child.kill('SIGKILL');
  await once(child, 'exit');
  // The test's time limit ends this where something stays.
  while (readdirSync(folder).length > 0 || processesOn(folder).length > 0) await delay(10);
});
