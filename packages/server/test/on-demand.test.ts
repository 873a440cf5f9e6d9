import assert from 'node:assert/strict';
import { afterEach, beforeEach, type Mock, mock, test } from 'node:test';
import type { ImMessage, XuqmReceipt } from '@haina/wire';
import { Hub } from '../src/hub/hub.ts';
import { MimiClient, makeUser } from './support/mimi-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const INBOX = '/user/queue/messages';
const RECEIPTS = '/user/queue/receipts';
const STATUS = '/user/queue/message-status';
const EVENTS = '/user/queue/events';

let server: TestServer;
let publish: Mock<Hub['publish']>;
let clients: StompClient[];
let isEnded: boolean;

beforeEach(async () => {
  isEnded = false;
  // Counts what reaches the hub, which publishes as ever.
  publish = mock.method(Hub.prototype, 'publish');
  clients = [];
  server = await startTestServer();
});
afterEach(async () => {
  await end();
  mock.restoreAll();
});

/** Whatever is left of deliveries is stored by then, and told where it is told. */
async function end(): Promise<void> {
  if (isEnded) return;
  isEnded = true;
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
}

/** How often the hub was given events on demand, by the time the server has stopped. */
async function publishedInAll(): Promise<{ status: number; receipts: number }> {
  await end();
  const types = publish.mock.calls.map(({ arguments: [, event] }) => event.type);
  const count = (type: string) => types.filter((each) => each === type).length;
  return { status: count('message.status'), receipts: count('receipt') };
}

async function open(path: string, userId: string, ...destinations: string[]): Promise<StompClient> {
  const client = await StompClient.connect(server.wsUrl, tokenOf(userId), path);
  clients.push(client);
  for (const destination of destinations) await client.subscribe(destination);
  return client;
}

const xuqm = (userId: string, ...destinations: string[]) => open('/ws/im', userId, INBOX, ...destinations);
const im = (userId: string, ...destinations: string[]) =>
  open('/ws', userId, '/user/queue/private-messages', ...destinations);

async function mimi(userId: string): Promise<MimiClient> {
  const client = await MimiClient.connect(server, await makeUser(server, userId));
  clients.push(client.stomp);
  return client;
}

const say = (from: StompClient, toId: string, messageId: string) =>
  from.confirmed('/app/chat.send', {
    messageId,
    toId,
    chatType: 'SINGLE',
    msgType: 'TEXT',
    content: messageId,
  });

/** Waits for a message and marks it as read; whatever is told of that was told once this resolves. */
async function read(by: StompClient, messageId: string): Promise<void> {
  await by.nextAt(INBOX);
  await by.confirmed('/app/chat.read', { messageId });
}

async function statusOf(client: StompClient, clientId: string, status: number): Promise<void> {
  for (;;) {
    const message = await client.nextAt<ImMessage>(STATUS);
    if (message.clientMessageId === clientId && message.status === status) return;
  }
}

async function receiptOf(client: StompClient, messageId: string, status: string): Promise<void> {
  for (;;) {
    const receipt = await client.nextAt<XuqmReceipt>(RECEIPTS);
    if (receipt.messageId === messageId && receipt.status === status) return;
  }
}

test('what becomes of a message is no event where none of the sessions shows it', async () => {
  const [alice, bob] = [await xuqm('alice'), await xuqm('bob')];
  await say(alice, 'bob', 'one');
  await read(bob, 'one');
  await alice.confirmed('/app/chat.revoke', { messageId: 'one' });
  assert.deepEqual(await publishedInAll(), { status: 0, receipts: 0 });
});

test('nor where a message goes from one mimi client to another, and is confirmed', async () => {
  const [ann, ben] = [await mimi('ann'), await mimi('ben')];
  await ann.sent(ben.user, 'one');
  await ben.stomp.nextAt(ben.inbox);
  await ben.recived('one');
  assert.deepEqual(await publishedInAll(), { status: 0, receipts: 0 });
});

test('a sender who subscribes to receipts gets them, and the rest is not published', async () => {
  const [alice, bob] = [await xuqm('alice', RECEIPTS), await xuqm('bob')];
  await say(alice, 'bob', 'one');
  await read(bob, 'one');
  await receiptOf(alice, 'one', 'READ');
  const { status, receipts } = await publishedInAll();
  assert.equal(status, 0);
  assert.ok(receipts > 0);
});

test('one session that shows it is enough, whatever protocols the message was sent and read by', async () => {
  const [phone, desktop, ben] = [await xuqm('alice'), await im('alice', STATUS), await mimi('ben')];
  await say(phone, 'ben', 'one');
  await statusOf(desktop, 'one', 2);
  await ben.stomp.nextAt(ben.inbox);
  await ben.recived('one');
  await statusOf(desktop, 'one', 3);
  await phone.confirmed('/app/chat.revoke', { messageId: 'one' });
  await statusOf(desktop, 'one', 6);
});

test('a session that subscribes between two messages is told of the second', async () => {
  const [alice, bob] = [await xuqm('alice'), await xuqm('bob')];
  await say(alice, 'bob', 'one');
  await read(bob, 'one');
  await alice.subscribe(RECEIPTS);
  await say(alice, 'bob', 'two');
  await read(bob, 'two');
  await receiptOf(alice, 'two', 'READ');
});

test('all events of the user bring what became of a message, and no receipts for that', async () => {
  const [alice, bob] = [await xuqm('alice'), await xuqm('bob')];
  const watcher = await im('alice', EVENTS);
  await say(alice, 'bob', 'one');
  await read(bob, 'one');
  await watcher.nextMatching('MESSAGE', ({ body }) =>
    Buffer.from(body).includes('communication.message.sent'),
  );
  const { status, receipts } = await publishedInAll();
  assert.equal(receipts, 0);
  assert.ok(status > 0);
});
