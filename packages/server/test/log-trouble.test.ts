import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startChildServer } from './support/child-server.ts';
import { StompClient } from './support/stomp-client.ts';

const LONG = 'x'.repeat(4000);

async function droppedLines(url: string): Promise<number> {
  const figures = await (await fetch(`${url}/metrics`)).text();
  return Number(/^haina_log_lines_dropped_total (\d+)$/m.exec(figures)?.[1]);
}

test('a reader of the log that stalls holds nobody up, and learns how much it missed once it reads again', async () => {
  const server = await startChildServer({ HAINA_LOG_LEVEL: 'debug' }, { stderr: 'unread' });
  try {
    for (let dropped = 0; dropped === 0; dropped = await droppedLines(server.url)) {
      await Promise.all(Array.from({ length: 100 }, () => fetch(`${server.url}/healthz?${LONG}`)));
    }
    const alice = await StompClient.of(server.wsUrl, 'alice');
    await alice.drop();
    await server.readLogUntil('lines of this log were dropped');
  } finally {
    await server.stop();
  }
});

test('a reader of the log that stalls does not hold up a stop', async () => {
  const server = await startChildServer({ HAINA_LOG_LEVEL: 'debug' }, { stderr: 'unread' });
  for (let i = 0; i < 3; i++) {
    await Promise.all(Array.from({ length: 100 }, () => fetch(`${server.url}/healthz?${LONG}`)));
  }
  assert.equal((await server.signal('SIGTERM')).code, 0);
  await server.stop();
});
