import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

/** Stands in for npm: says that it began, and ends once it is told to. */
const NPM = `
import { appendFileSync, existsSync, mkdirSync, watch } from 'node:fs';
appendFileSync('begun', 'x');
const finish = () => existsSync('go') && (mkdirSync('node_modules', { recursive: true }), process.exit());
watch('.', finish);
finish();
process.stderr.write('npm runs\\n');
`;

let checkout: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'haina-install-'));
  mkdirSync(join(checkout, 'scripts'));
  for (const file of ['install.mjs', 'lock.mjs'])
    copyFileSync(join(import.meta.dirname, file), join(checkout, 'scripts', file));
  writeFileSync(join(checkout, 'package-lock.json'), '{}');
  writeFileSync(join(checkout, 'npm.mjs'), NPM);
});

afterEach(() => {
  for (const child of children.splice(0)) {
    // Its npm is of its group.
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) end(child);
  }
  rmSync(checkout, { recursive: true });
});

/** Ends an installation with its npm, as a closed terminal does. */
function end(child: ChildProcess): void {
  process.kill(-Number(child.pid), 'SIGKILL');
}

/** Starts an installation; resolves once it has said that. */
async function install(saying: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['scripts/install.mjs'], {
    cwd: checkout,
    detached: true,
    env: { ...process.env, npm_execpath: 'npm.mjs' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  while (!said.includes(saying)) await once(child.stderr, 'data');
  return child;
}

function begun(): number {
  return readFileSync(join(checkout, 'begun'), 'utf8').length;
}

test('an installation waits for another one in the same checkout, and finds everything done', async () => {
  const first = await install('npm runs');
  const second = await install('another process is installing');
  assert.equal(begun(), 1);
  writeFileSync(join(checkout, 'go'), '');
  const [[firstCode], [secondCode]] = await Promise.all([once(first, 'exit'), once(second, 'exit')]);
  assert.deepEqual([firstCode, secondCode, begun()], [0, 0, 1]);
  assert.ok(existsSync(join(checkout, 'node_modules', '.haina-install')));
});

test('an installation that was killed holds up no other one', async () => {
  const first = await install('npm runs');
  const second = await install('another process is installing');
  end(first);
  while (begun() < 2) await once(second.stderr as NodeJS.ReadableStream, 'data');
  writeFileSync(join(checkout, 'go'), '');
  assert.equal((await once(second, 'exit'))[0], 0);
  assert.equal(begun(), 2);
});
