import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Haina, type StartOptions, start } from './cli-fixture.ts';

const SECRET = 'q7Zt2mX9vLr4Kc8sWb1nYd6fHj3gPa5e';
const LISTENING = /^haina listening on (http:\/\/127\.0\.0\.1:\d+)$/m;

const folder = mkdtempSync(join(tmpdir(), 'haina-serve-'));
const started: Haina[] = [];
after(() => {
  for (const { child } of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

function serve(dataDir: string, args: readonly string[] = [], options: StartOptions = {}): Haina {
  const haina = start(['serve', '--port', '0', '--data-dir', join(folder, dataDir), ...args], options);
  started.push(haina);
  return haina;
}

async function urlOf(haina: Haina): Promise<string> {
  const [, url = ''] = LISTENING.exec(await haina.printed(LISTENING)) ?? [];
  return url;
}

function login(url: string, name: string): Promise<Response> {
  return fetch(`${url}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: name, password: name }),
  });
}

test('production starts quietly, has no demo accounts, logs who is refused and nothing else, and stops cleanly', async () => {
  const haina = serve('production', [], { env: { HAINA_SECRET: SECRET } });
  const url = await urlOf(haina);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  assert.equal((await login(url, 'alice')).status, 401);
  haina.child.kill('SIGTERM');
  const { code, stdout, stderr } = await haina.ended;
  assert.deepEqual([code, stdout], [0, `haina listening on ${url}\n`]);
  const { level, user, why } = JSON.parse(stderr) as Record<string, string>;
  assert.deepEqual([level, user, why], ['warn', 'alice', 'wrong username or password']);
});

test('what a hash of a password took goes back to the system', {
  skip: process.platform !== 'linux',
}, async () => {
  const haina = serve('allocator', [], { env: { HAINA_SECRET: SECRET } });
  await urlOf(haina);
  const environment = readFileSync(`/proc/${haina.child.pid}/environ`, 'utf8').split('\0');
  assert.ok(environment.includes('MALLOC_MMAP_THRESHOLD_=1048576'));
  haina.child.kill('SIGTERM');
  assert.equal((await haina.ended).code, 0);
});

test('the demo says where it is, who may log in, and what to try; tokens survive a restart', async () => {
  const first = serve('demo', ['--demo']);
  const url = await urlOf(first);
  const banner = await first.printed(/"password":"alice"}'\n/);
  for (const part of [
    '/ws/im',
    '/docs',
    'alice bob carol',
    'agent1 agent2',
    'admin',
    'user_001 user_002',
    'curl -s ',
  ]) {
    assert.ok(banner.includes(part), part);
  }
  assert.doesNotMatch(banner, /\u001b/, 'no colours where nobody looks');
  const { token } = (await (await login(url, 'alice')).json()) as { token: string };
  first.child.kill('SIGINT');
  const { code, stderr } = await first.ended;
  assert.deepEqual([code, stderr], [0, '']);

  const second = serve('demo', ['--demo']);
  const answer = await fetch(`${await urlOf(second)}/api/v1/users/me`, {
    headers: { authorization: `Bearer ${token}` },
  });
  assert.equal(answer.status, 200);
  const printed = await start([
    'token',
    '--sub',
    'admin',
    '--role',
    'admin',
    '--data-dir',
    join(folder, 'demo'),
  ]).ended;
  const users = await fetch(`${await urlOf(second)}/api/v1/users`, {
    headers: { authorization: `Bearer ${printed.stdout.trimEnd()}` },
  });
  assert.equal(users.status, 200, 'haina token signs with the secret of the demo');
  second.child.kill('SIGTERM');
  assert.equal((await second.ended).code, 0);
});

test('the several signals of one Ctrl-C are one wish', async () => {
  const haina = serve('signals', ['--demo']);
  await urlOf(haina);
  for (let i = 0; i < 3; i++) haina.child.kill('SIGINT');
  const { code, signal, stderr } = await haina.ended;
  assert.deepEqual([code, signal, stderr], [0, null, '']);
});

test('a port in use is one line and the code 1', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const { code, stdout, stderr } = await serve('port', ['--demo', '--port', String(port)]).ended;
  taken.close();
  assert.deepEqual([code, stdout], [1, '']);
  assert.equal(
    stderr,
    `haina: port ${port} on 127.0.0.1 is in use; choose another by --port or HAINA_PORT (0 takes any free one)\n`,
  );
});

test('a host that is not this machine is one line and the code 1', async () => {
  for (const host of ['192.0.2.1', 'no-such-host.invalid']) {
    const { code, stderr } = await serve('host', ['--demo', '--host', host]).ended;
    assert.equal(code, 1);
    assert.match(stderr, /^haina: [^\n]+choose another by --host or HAINA_HOST\n$/);
  }
});

test('a data folder in use is one line and the code 1', async () => {
  const first = serve('shared', ['--demo']);
  await urlOf(first);
  const { code, stdout, stderr } = await serve('shared', ['--demo']).ended;
  first.child.kill('SIGTERM');
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^haina: the data directory [^\n]+ is in use[^\n]+\n$/);
  await first.ended;
});

test('it ends when the process that started it is gone', async () => {
  const haina = serve('orphan', ['--demo'], { ipc: true });
  await urlOf(haina);
  haina.child.disconnect();
  assert.equal((await haina.ended).code, 0);
});

test('it goes on when nobody reads its output any more', async () => {
  const haina = serve('unread', ['--demo', '--log-level', 'debug']);
  const url = await urlOf(haina);
  haina.child.stdout?.destroy();
  haina.child.stderr?.destroy();
  for (let i = 0; i < 3; i++) assert.equal((await fetch(`${url}/healthz`)).status, 200);
  haina.child.kill('SIGTERM');
  assert.equal((await haina.ended).code, 0);
});
