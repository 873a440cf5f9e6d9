import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ImMessage, XuqmSyncDone } from '@haina/wire';
import { RoomClient } from './support/room-client.ts';
import { person } from './support/room-fixture.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const ADMIN = tokenOf('admin', { role: 'admin' });
const NUMBER = 'R1';

let dataDir: string;
let server: TestServer;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'haina-retention-'));
  server = await startTestServer({ dataDir });
  const room = { number: NUMBER, name: 'x', description: '', open: true, history: 'all' };
  assert.equal((await server.call('POST', '/api/v1/rooms', ADMIN, room)).status, 201);
  const [guest, alice] = [await RoomClient.connect(server.wsUrl), await enter('alice')];
  await guest.join(person(1), NUMBER);
  for (const text of ['g1', 'g2']) await say(guest, person(1), text);
  await say(alice, { id: 'alice' }, 'a3');
  await say(guest, person(1), 'g4');
  await Promise.all([guest.drop(), alice.drop()]);
  await server.stop();
  // What was said is older than it is kept when the next server begins.
  server = await startTestServer({ dataDir, guestMessageRetention: 1 });
});
after(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true });
});

async function enter(userId: string): Promise<RoomClient> {
  const client = await RoomClient.connect(server.wsUrl, { token: tokenOf(userId) });
  await client.join({ id: userId }, NUMBER);
  return client;
}

async function say(client: RoomClient, from: { id: string }, text: string): Promise<void> {
  await client.chat(from, NUMBER, text);
  while ((await client.nextChat()).content !== text);
}

async function history(): Promise<number[]> {
  const { body } = await server.call('GET', `/api/v1/conversations/${NUMBER}/messages`, ADMIN);
  return (body as { messages: { seq: number }[] }).messages.map(({ seq }) => seq);
}

test('what guests said goes after its time, and who syncs over the gap is told which range is gone', async () => {
  for (let seqs = await history(); seqs.length > 1; seqs = await history());
  assert.deepEqual(await history(), [3]);
  const alice = await enter('alice');
  const gone = [
    { conversationId: NUMBER, from: 1, to: 2 },
    { conversationId: NUMBER, from: 4, to: 4 },
  ];
  const xuqm = await StompClient.connect(server.wsUrl, tokenOf('alice'), '/ws/im');
  await xuqm.subscribe('/user/queue/messages');
  await xuqm.confirmed('/app/chat.sync', { conversationId: NUMBER, sinceSeq: 0 });
  assert.equal((await xuqm.nextAt<{ seq: number }>('/user/queue/messages')).seq, 3);
  const done = await xuqm.nextAt<XuqmSyncDone>('/user/queue/messages');
  assert.deepEqual([done.count, done.complete, done.gone], [1, true, gone]);

  const im = await StompClient.connect(server.wsUrl, tokenOf('alice'), '/ws');
  await im.subscribe('/user/queue/private-messages');
  await im.confirmed('/app/sync', { conversationId: NUMBER, sinceSequence: 3 });
  const { system } = await im.nextAt<ImMessage>('/user/queue/private-messages');
  assert.deepEqual(JSON.parse(system?.content ?? '').gone, gone.slice(1));
  await Promise.all([alice.drop(), xuqm.drop(), im.drop()]);
});
