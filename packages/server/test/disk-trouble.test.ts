import assert from 'node:assert/strict';
import { openSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startChildServer } from './support/child-server.ts';
import { mountSmallDisk } from './support/small-disk.ts';
import { StompClient } from './support/stomp-client.ts';

const ERRORS = '/user/queue/errors';
const disk = mountSmallDisk(24);

function text(messageId: string) {
  return {
    appId: 'default',
    messageId,
    toId: 'bob',
    chatType: 'SINGLE',
    msgType: 'TEXT',
    content: 'x'.repeat(1900),
  };
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}

test('a full partition that has the data and the log refuses sends, is not ready, and works again once there is room', {
  skip: typeof disk === 'string' ? disk : false,
}, async () => {
  if (typeof disk === 'string') return;
  const log = join(disk.folder, 'haina.log');
  const settings = { HAINA_DATA_DIR: join(disk.folder, 'data'), HAINA_LOG_LEVEL: 'warn' };
  const server = await startChildServer(settings, { stderr: openSync(log, 'a') });
  try {
    const [alice, bob] = [
      await StompClient.of(server.wsUrl, 'alice'),
      await StompClient.of(server.wsUrl, 'bob'),
    ];
    await alice.subscribe(ERRORS);
    await alice.confirmed('/app/chat.send', text('before'));
    assert.equal(await statusOf(`${server.url}/readyz`), 200);
    disk.fill();
    for (let i = 0; i < 50; i++) alice.sendJson('/app/chat.send', text(`full ${i}`));
    for (let i = 0; i < 50; i++)
      assert.equal((await alice.nextAt<{ code: string }>(ERRORS)).code, 'EINTERNAL');
    assert.equal(await statusOf(`${server.url}/readyz`), 503);
    assert.equal(await statusOf(`${server.url}/healthz`), 200);
    disk.free();
    await alice.confirmed('/app/chat.send', text('after'));
    assert.equal(await statusOf(`${server.url}/readyz`), 200);
    await bob.drop();
    assert.equal((await server.signal('SIGTERM')).code, 0);
    // What had waited was written once there was room, and a storm of refusals is not a storm of lines.
    const lines = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line.includes('a command failed'));
    assert.ok(lines.length >= 1 && lines.length < 20, `${lines.length} lines`);
    for (const line of lines) JSON.parse(line);
  } finally {
    await server.kill();
    disk.dispose();
  }
});

test('a server whose data folder was deleted confirms nothing more, is not ready, and says why', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-deleted-'));
  const server = await startChildServer({ HAINA_DATA_DIR: dataDir });
  try {
    const alice = await StompClient.of(server.wsUrl, 'alice');
    await StompClient.of(server.wsUrl, 'bob');
    await alice.subscribe(ERRORS);
    await alice.confirmed('/app/chat.send', text('before'));
    rmSync(dataDir, { recursive: true });
    alice.sendJson('/app/chat.send', text('after'), { receipt: 'never' });
    assert.equal((await alice.nextAt<{ code: string }>(ERRORS)).code, 'EINTERNAL');
    assert.equal(await statusOf(`${server.url}/readyz`), 503);
    const { code, logged } = await server.signal('SIGTERM');
    assert.match(logged, /"reason":"haina.db was removed"/);
    assert.equal(code, 0);
  } finally {
    await server.kill();
    await rm(dataDir, { recursive: true, force: true });
  }
});
