import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DeskMessage, ImMessage, MimiMessage, XuqmMessage } from '@haina/wire';
import { INBOX as IM_INBOX, openIm } from './support/im-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

/** Bodies as Jackson, Newtonsoft and Dart write them: null for what is absent, numbers where texts are meant and texts for numbers. */

let server: TestServer;
const clients: StompClient[] = [];

before(async () => {
  server = await startTestServer({ presenceGrace: 0 });
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
});

async function open(path: string, token: string, ...destinations: string[]): Promise<StompClient> {
  const client = await StompClient.connect(server.wsUrl, token, path);
  clients.push(client);
  for (const destination of destinations) await client.subscribe(destination);
  return client;
}

test('xuqm takes null for what may be absent, and numbers for ids', async () => {
  const bob = await open('/ws/im', tokenOf('1001'), '/user/queue/messages');
  const alice = await open('/ws/im', tokenOf('alice'));
  await alice.confirmed('/app/chat.send', {
    appId: null,
    messageId: null,
    toId: 1001,
    chatType: 'SINGLE',
    msgType: null,
    content: 42,
  });
  const { content, msgType } = await bob.nextAt<XuqmMessage>('/user/queue/messages');
  assert.deepEqual([content, msgType], ['42', 'TEXT']);
  await bob.confirmed('/app/chat.sync', { appId: null, conversationId: null, sinceSeq: null });
});

test('im takes null for what may be absent, texts for numbers, and anything in fields it does not look at', async () => {
  const bob = await openIm(server.wsUrl, 'bob', [IM_INBOX]);
  const alice = await openIm(server.wsUrl, 'alice', []);
  clients.push(bob, alice);
  await alice.confirmed('/app/private-message', {
    receiverId: 'bob',
    msgType: '1',
    clientMsgId: null,
    timestamp: '2026-11-30T12:00:00',
    content: {
      content: 'x',
      contentExtra: { url: 'https://example.com/a.png', width: null, height: '20', size: null, format: null },
    },
  });
  const { chat, type } = await bob.nextAt<ImMessage>(IM_INBOX);
  assert.equal(type, 1);
  assert.deepEqual(JSON.parse(chat?.content ?? '').contentExtra, {
    url: 'https://example.com/a.png',
    height: 20,
  });
  await bob.confirmed('/app/heartbeat', { timestamp: {}, deviceId: 7 });
  await bob.confirmed('/app/sync', { conversationId: null, sinceSequence: null, timestamp: null });
});

test('mimi takes a uid as text, and a number for an id', async () => {
  const { uid } = (await server.call('GET', '/api/v1/users/me', tokenOf('ben'))).body as { uid: number };
  const inbox = `/user/${uid}/recive`;
  const ben = await open('/Mimi/client', tokenOf('ben'), inbox);
  const ann = await open('/Mimi/client', tokenOf('ann'));
  await ann.confirmed('/socket/chat/send', { msgID: 7, reciverId: `${uid}`, content: null, message: 'hi' });
  const { chatID, content } = await ben.nextAt<MimiMessage>(inbox);
  assert.deepEqual([chatID, content], ['7', 'hi']);
});

test('desk takes null for what may be absent', async () => {
  const messages = '/user/queue/messages';
  const agent = await open('/ws/agent', tokenOf('agent', { role: 'agent' }), messages);
  await agent.confirmed('/app/status', { status: 'online', capacity: null, skills: null });
  const customer = await open('/ws/chat', tokenOf('customer'));
  await customer.confirmed('/app/send', {
    sessionId: null,
    conversationId: null,
    skill: null,
    topic: null,
    content: 'help',
    msgType: null,
    clientMsgId: null,
  });
  let told: Partial<DeskMessage>;
  do told = await agent.nextAt<Partial<DeskMessage>>(messages);
  while (told.content !== 'help');
});

test('the HTTP API takes null for what may be absent, and stays strict otherwise', async () => {
  const admin = tokenOf('admin', { role: 'admin' });
  const call = (body: object) => server.call('POST', '/api/v1/users', admin, body);
  assert.equal(
    (await call({ id: 'nil', username: 'nil', nickname: null, avatar: null, uid: null })).status,
    201,
  );
  assert.equal((await call({ id: 5, username: 'five' })).status, 400);
  const changed = await server.call('PATCH', '/api/v1/users/nil', admin, { nickname: 'Nil', avatar: null });
  assert.equal((changed.body as { nickname: string }).nickname, 'Nil');
});
