import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { DeskAck, DeskChat, DeskChatOut, DeskError, DeskSessionStatus } from '@haina/wire';
import { DeskPerson, ERRORS, INBOX } from './support/desk-person.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const REPLY = '/user/queue/reply';
const SEND = '/app/chat.sendMessage';

let server: TestServer;
let app: string;
let apps = 0;
const clients: StompClient[] = [];

before(async () => {
  server = await startTestServer();
});
beforeEach(() => {
  app = `chat${++apps}`;
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
});

/** A client of another server, which subscribes to its queues in any order. */
async function open(
  userId: string,
  role: 'user' | 'agent' = 'user',
  queues: readonly string[] = [REPLY, INBOX, ERRORS],
): Promise<StompClient> {
  const path = role === 'user' ? '/ws/chat' : '/ws/agent';
  const client = await StompClient.connect(server.wsUrl, tokenOf(userId, { app, role }), path);
  clients.push(client);
  for (const queue of queues) await client.subscribe(queue);
  return client;
}

async function come(userId: string, role: 'user' | 'agent'): Promise<DeskPerson> {
  const person = await DeskPerson.come(server.wsUrl, userId, app, role);
  clients.push(person.client);
  return person;
}

const ack = (client: StompClient) => client.nextAt<DeskAck>(REPLY);
const told = (client: StompClient) => client.nextAt<DeskChatOut>(INBOX);

/** The next message, leaving statuses. */
async function said(client: StompClient): Promise<DeskChat> {
  for (;;) {
    const out = await told(client);
    if (out.type === 'CHAT') return out;
  }
}

async function sent(client: StompClient, body: object): Promise<DeskAck> {
  client.sendJson(SEND, { type: 'CHAT', messageType: 'TEXT', chatType: 'CUSTOMER_SERVICE', ...body });
  const answer = await ack(client);
  assert.equal(answer.status, 'SUCCESS', String(answer.errorMessage));
  return answer;
}

/** The next status like this; on coming the one before it may be told twice. */
async function status(client: StompClient, wanted: string): Promise<DeskSessionStatus> {
  for (;;) {
    const out = (await told(client)) as DeskSessionStatus;
    assert.equal(out.type, 'SESSION_STATUS');
    if (out.status === wanted) return out;
  }
}

test('a customer and an agent talk in the style of their own server, from the first message to the end', async () => {
  const [alice, agent] = [await open('alice'), await open('agent1', 'agent')];
  const nickname = '客服小王';
  const patch = { nickname };
  const admin = tokenOf('admin', { role: 'admin', app });
  assert.equal((await server.call('PATCH', '/api/v1/users/agent1', admin, patch)).status, 200);

  const { sessionId, timestamp, ...answer } = await sent(alice, {
    msgId: 'm-1',
    sessionId: '',
    content: 'Hello',
  });
  assert.ok(sessionId !== null && Number.isSafeInteger(timestamp));
  assert.deepEqual(answer, {
    type: 'ACK',
    originalMsgId: 'm-1',
    status: 'SUCCESS',
    errorCode: null,
    errorMessage: null,
  });
  const waiting = await status(alice, 'WAITING');
  const { statusChangeTime, ...rest } = waiting;
  assert.deepEqual(rest, {
    type: 'SESSION_STATUS',
    sessionId,
    status: 'WAITING',
    agentId: null,
    agentName: null,
    closeReason: null,
  });
  assert.ok(Number.isSafeInteger(statusChangeTime));

  agent.sendJson('/app/chat.heartbeat', { type: 'HEARTBEAT', msgId: 'beat' });
  assert.equal((await ack(agent)).originalMsgId, 'beat');
  agent.sendJson('/app/status', { status: 'online' });
  const active = await status(agent, 'ACTIVE');
  assert.deepEqual([active.sessionId, active.agentId, active.agentName], [sessionId, 'agent1', nickname]);
  const hello = await said(agent);
  const { id, timestamp: at, ...chat } = hello;
  assert.ok(id !== '' && Number.isSafeInteger(at));
  assert.deepEqual(chat, {
    type: 'CHAT',
    msgId: 'm-1',
    sessionId,
    conversationId: sessionId,
    seq: 1,
    senderId: 'alice',
    senderName: 'alice',
    messageType: 'TEXT',
    chatType: 'SERVICE',
    content: 'Hello',
    status: 'SENT',
  });
  assert.equal((await status(alice, 'ACTIVE')).agentName, nickname);

  await sent(agent, {
    msgId: 'a-1',
    sessionId,
    content: { url: 'https://example.com/a.jpg' },
    messageType: 'IMAGE',
  });
  const picture = await said(alice);
  assert.deepEqual([picture.messageType, picture.msgId], ['IMAGE', 'a-1']);

  agent.sendJson('/app/close', { sessionId });
  for (const client of [alice, agent]) {
    const closed = await status(client, 'CLOSED');
    assert.deepEqual([closed.agentId, closed.closeReason], ['agent1', 'agent']);
  }
});

test('what came is acknowledged as arrived or read, and the sender in the other style is told', async () => {
  const agent = await come('agent1', 'agent');
  await agent.does('status', { status: 'online' });
  const alice = await open('alice');
  const { sessionId } = await sent(alice, { msgId: 'm-1', content: 'Hello' });
  await status(alice, 'WAITING');
  await status(alice, 'ACTIVE');
  await agent.next('message');
  await agent.does('send', { sessionId, content: 'Hi', clientMsgId: 'a-1' });
  const { msgId } = await said(alice);
  for (const state of ['RECEIVED', 'READ']) {
    alice.sendJson('/app/chat.ack', { type: 'ACK', msgId, sessionId, status: state });
    const answer = await ack(alice);
    assert.deepEqual([answer.originalMsgId, answer.sessionId, answer.status], [msgId, sessionId, 'SUCCESS']);
  }
  await agent.next('receipt', (receipt) => receipt.messageId === 'a-1' && receipt.status === 'read');
  alice.sendJson('/app/chat.ack', { msgId: 'unknown' });
  const refused = await ack(alice);
  assert.deepEqual([refused.status, refused.errorCode, refused.originalMsgId], ['FAIL', 'ENOENT', 'unknown']);
});

test('what is refused is answered with FAIL and its code, and told at the errors too', async () => {
  const alice = await open('alice');
  for (const [body, code, originalMsgId] of [
    [{ type: 'CHAT', msgId: 'm-1', content: '' }, 'EINVAL', 'm-1'],
    [{ type: 'JOIN', msgId: 'm-2', content: 'x' }, 'EINVAL', 'm-2'],
    [{ type: 'CHAT', msgId: 'm-3', sessionId: 'none', content: 'x' }, 'ENOENT', 'm-3'],
    [{ type: 'CHAT', content: 'x'.repeat(3000) }, 'ETOOLONG', null],
  ] as const) {
    alice.sendJson(SEND, body, { receipt: 'never' });
    const answer = await ack(alice);
    const error = await alice.nextAt<DeskError>(ERRORS);
    assert.deepEqual(
      [answer.status, answer.errorCode, answer.originalMsgId, answer.errorMessage],
      ['FAIL', code, originalMsgId, error.message],
    );
    assert.deepEqual([error.code, error.destination, error.messageId], [code, SEND, originalMsgId]);
    assert.ok(!alice.holds(({ headers }) => headers.get('receipt-id') === 'never'));
  }
});

test('a message is stored once by its msgId, with its place in the RECEIPT', async () => {
  const alice = await open('alice');
  const body = { msgId: 'm-1', content: 'once' };
  const { sessionId } = await sent(alice, body);
  alice.sendJson(SEND, { ...body, sessionId }, { receipt: 'r' });
  const { conversationId, seq } = await alice.nextReceipt('r');
  assert.deepEqual([conversationId, seq], [sessionId, '1']);
  assert.equal((await ack(alice)).status, 'SUCCESS');
});

test('the first command decides for the whole session, whatever comes later', async () => {
  const alice = await open('alice');
  alice.sendJson('/app/send', { content: 'Hello', clientMsgId: 'own-1' });
  await alice.nextMatching('sent', ({ body }) => Buffer.from(body).toString().includes('"type":"sent"'));
  alice.sendJson(SEND, { type: 'CHAT', msgId: 'chat-1', content: 'again' }, { receipt: 'r' });
  await alice.nextReceipt('r');
  const types = alice.received(INBOX).map((text) => (JSON.parse(text) as { type: string }).type);
  assert.deepEqual([types.includes('sent'), types.includes('CHAT')], [true, false]);
  assert.deepEqual(alice.received(REPLY), []);
  const other = await open('bob');
  await sent(other, { content: 'Hello' });
  other.sendJson('/app/send', { content: 'own' });
  assert.equal((await ack(other)).type, 'ACK');
});

test('who comes back is told its sessions and what it missed in the style it waits for', async () => {
  const agent = await come('agent1', 'agent');
  await agent.does('status', { status: 'online' });
  const alice = await open('alice');
  const { sessionId } = await sent(alice, { msgId: 'm-1', content: 'Hello' });
  await agent.next('message');
  await alice.close();
  await agent.does('send', { sessionId, content: 'still there?', clientMsgId: 'a-1' });
  const back = await open('alice', 'user', [REPLY, INBOX]);
  assert.equal((await status(back, 'ACTIVE')).sessionId, sessionId);
  const missed = await said(back);
  assert.deepEqual([missed.type, missed.msgId, missed.content], ['CHAT', 'a-1', 'still there?']);
  const later = await open('alice', 'user', [INBOX, REPLY]);
  await sent(later, { msgId: 'm-2', sessionId, content: 'here' });
  await agent.does('send', { sessionId, content: 'good', clientMsgId: 'a-2' });
  for (;;) {
    const out = await told(later);
    if (out.type === 'CHAT' && out.msgId === 'a-2') break;
  }
});
