import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { XuqmMessage, XuqmSyncDone } from '@haina/wire';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';

const INBOX = '/user/queue/messages';
/** More than the buffers of the operating system and the server take together. */
const MESSAGES = 600;
const CONTENT = { padding: 'x'.repeat(30_000) };

let server: TestServer;

before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

async function figure(name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

test('who does not read is closed and counted, delays nobody, and misses nothing at its next sync', async () => {
  const alice = await StompClient.of(server.wsUrl, 'alice');
  const reader = await StompClient.of(server.wsUrl, 'bob');
  const sleeper = await StompClient.of(server.wsUrl, 'carol');
  await reader.subscribe('/topic/group/demo');
  await sleeper.subscribe('/topic/group/demo');
  sleeper.socket.pause();

  for (let seq = 1; seq <= MESSAGES; seq++) {
    const message = {
      messageId: `big-${seq}`,
      toId: 'demo',
      chatType: 'GROUP',
      msgType: 'CUSTOM',
      content: CONTENT,
    };
    alice.sendJson('/app/chat.send', message);
    assert.equal((await reader.nextAt<XuqmMessage>('/topic/group/demo')).seq, seq);
  }
  assert.equal(await figure('haina_slow_consumers_total'), 1);
  sleeper.socket.resume();
  await sleeper.closed;
  const got = sleeper.received('/topic/group/demo').map((body) => (JSON.parse(body) as XuqmMessage).seq);

  const again = await StompClient.of(server.wsUrl, 'carol');
  await again.subscribe(INBOX);
  again.sendJson('/app/chat.sync', {});
  const seqs: number[] = [];
  for (;;) {
    const message = await again.nextAt<XuqmMessage | XuqmSyncDone>(INBOX);
    if (message.msgType === 'SYNC_DONE') break;
    seqs.push(message.seq);
  }
  assert.ok(seqs.length > 0, 'what was queued when it was closed is not taken as delivered');
  // What was on its way when the connection closed may come once more, and nothing may be missing.
  const all = [...new Set([...got, ...seqs])];
  assert.deepEqual(
    all,
    Array.from({ length: MESSAGES }, (_, i) => i + 1),
  );
  await Promise.all([alice, reader, again].map((client) => client.close()));
});
