import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

test('a repeat of what is forbidden by now takes one send of the rate, not two', async (t) => {
  // Two sends at once.
  const server = await startTestServer({ sendRate: 1 });
  t.after(() => server.stop());
  const alice = await StompClient.of(server.wsUrl, 'alice');
  const message = { messageId: 'm-1', toId: 'bob', chatType: 'SINGLE', msgType: 'TEXT', content: 'hello' };
  await alice.confirmed('/app/chat.send', message);
  const settings = { configType: 'chat_settings', newConfig: { maxMessageLength: 1 }, reason: 'short ones' };
  const admin = tokenOf('admin', { role: 'admin' });
  const { status } = await server.call('PUT', '/api/v1/admin/settings', admin, settings);
  assert.equal(status, 200);
  await alice.confirmed('/app/chat.send', message);
  await alice.drop();
});
