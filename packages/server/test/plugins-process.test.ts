import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startChildServer } from './support/child-server.ts';
import { ERRORS } from './support/refusals.ts';
import { StompClient } from './support/stomp-client.ts';

const SELF = join(import.meta.dirname, 'support/plugins/self.ts');
/** No answer is late, however busy the machine is. */
const PATIENT = '60s';

interface Self {
  readonly pid: number;
  readonly variables: readonly string[];
  readonly descriptors: readonly string[];
}

/** A server in a process of its own, whose data is gone after the test. */
async function startServer(t: TestContext, settings: Record<string, string>) {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-plugin-test-'));
  const server = await startChildServer({
    HAINA_DATA_DIR: dataDir,
    HAINA_PLUGIN_TIMEOUT: PATIENT,
    HAINA_AUTO_PROVISION: 'true',
    ...settings,
  });
  t.after(async () => {
    await server.kill().catch(() => {});
    await rm(dataDir, { recursive: true });
  });
  return { server, dataDir };
}

async function connect(url: string): Promise<StompClient> {
  const client = await StompClient.of(url, 'ann');
  for (const destination of [ERRORS, '/user/queue/x.self', '/user/queue/x.loop']) {
    await client.subscribe(destination);
  }
  return client;
}

/** What the plug-in at the other end of the destination answers. */
async function askPlugin<T>(client: StompClient, name: string): Promise<T> {
  client.sendJson(`/app/${name}`, {});
  return client.nextAt<T>(`/user/queue/${name}`);
}

/** Resolves once there is no such process. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await delay(20);
  }
}

test("a plug-in's process has none of the server's secrets and descriptors", async (t) => {
  const { server, dataDir } = await startServer(t, { HAINA_PLUGINS: SELF, OUR_OWN: 'x' });
  const client = await connect(server.wsUrl);
  const { variables, descriptors } = await askPlugin<Self>(client, 'x.self');
  assert.deepEqual(
    variables.filter((name) => name.startsWith('HAINA_')),
    [],
  );
  assert.ok(variables.includes('OUR_OWN'));
  assert.deepEqual(
    descriptors.filter((path) => path.startsWith(dataDir)),
    [],
  );
  await client.drop();
});

for (const what of ['idle', 'looping'] as const) {
  test(`a plug-in that is ${what} ends with a server that is killed`, async (t) => {
    const { server } = await startServer(t, { HAINA_PLUGINS: SELF });
    const client = await connect(server.wsUrl);
    const { pid } = await askPlugin<Self>(client, 'x.self');
    if (what === 'looping') await askPlugin(client, 'x.loop');
    await server.kill();
    await gone(pid);
    await client.drop();
  });
}

test('a plug-in that was killed is replaced, and the server goes on', async (t) => {
  const { server } = await startServer(t, { HAINA_PLUGINS: SELF, HAINA_LOG_LEVEL: 'silent' });
  const client = await connect(server.wsUrl);
  const { pid } = await askPlugin<Self>(client, 'x.self');
  process.kill(pid, 'SIGKILL');
  await gone(pid);
  const next = await untilAnswered(client);
  assert.notEqual(next.pid, pid);
  await client.drop();
});

/** Asks until the new process answers. */
async function untilAnswered(client: StompClient): Promise<Self> {
  for (;;) {
    client.sendJson('/app/x.self', {});
    const { headers, body } = await client.nextMatching('an answer or refusal', () => true);
    if (headers.get('destination') !== ERRORS) return JSON.parse(Buffer.from(body).toString()) as Self;
  }
}

test('signals that reach all processes at once leave the audit log its time, and so does the end of the server', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'haina-audit-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'audit.jsonl');
  const { server } = await startServer(t, {
    HAINA_PLUGINS: `audit-log,${SELF}`,
    HAINA_PLUGIN_OPTIONS: JSON.stringify({ 'audit-log': { file } }),
  });
  const client = await connect(server.wsUrl);
  const { pid } = await askPlugin<Self>(client, 'x.self');
  process.kill(pid, 'SIGTERM');
  for (let sent = 0; sent < 20; sent++) {
    const message = { messageId: `m${sent}`, toId: 'ann', chatType: 'SINGLE', msgType: 'TEXT', content: 'x' };
    await client.confirmed('/app/chat.send', message);
  }
  assert.equal((await askPlugin<Self>(client, 'x.self')).pid, pid, 'it is there still');
  await server.kill();
  await gone(pid);
  while ((await readFile(file, 'utf8')).split('\n').length <= 20) await delay(20);
  await client.drop();
});
