import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ImMessage } from '@haina/wire';
import { documentOf, ERRORS, EVENTS, INBOX, openIm, PRESENCE, STATUS } from './support/im-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const ADMIN = tokenOf('admin', { role: 'admin' });

let server: TestServer;
let users = 0;
const clients: StompClient[] = [];

before(async () => {
  server = await startTestServer({ presenceGrace: 0 });
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
});

async function im(userId: string, ...more: string[]): Promise<StompClient> {
  const client = await openIm(server.wsUrl, userId, [INBOX, STATUS, PRESENCE, EVENTS, ERRORS, ...more]);
  clients.push(client);
  return client;
}

const newUser = (name: string): string => `${name}-facts${++users}`;

/** What of an event a client is to see, whatever the server chooses. */
interface Fact {
  readonly eventType: string;
  readonly [field: string]: unknown;
}

/** The next event of this type at a destination. */
async function told(client: StompClient, destination: string, eventType: string): Promise<ImMessage> {
  for (;;) {
    const message = await client.nextAt<ImMessage>(destination);
    if (message.event?.eventType === eventType) return message;
  }
}

/** An event is told at each of these, once, in one form. */
async function isTold(client: StompClient, destinations: string[], type: number, fact: Fact): Promise<void> {
  const ids = new Set<string | undefined>();
  for (const destination of destinations) {
    const message = await told(client, destination, fact.eventType);
    assert.equal(message.type, type);
    const document = documentOf(message);
    const named = Object.fromEntries(Object.keys(fact).map((field) => [field, document[field]]));
    assert.deepEqual(named, fact, `${fact.eventType} at ${destination}`);
    ids.add(message.event?.eventId);
  }
  assert.equal(ids.size, 1, 'it is one event');
}

const copies = (client: StompClient, destination: string, eventType: string): number =>
  client.received(destination).filter((body) => body.includes(`"eventType":"${eventType}"`)).length;

test('a login and a logout reach those who share a conversation, without saying from where', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const bob = await im(bobId);
  const first = await im(aliceId);
  await first.confirmed('/app/private-message', { receiverId: bobId, content: 'hi' });
  await first.drop();
  const places = [PRESENCE, EVENTS];
  const user = { userId: aliceId, deviceId: 'phone' };
  await isTold(bob, places, 40, { eventType: 'business.user.logout', ...user });
  await im(aliceId);
  const login = { eventType: 'business.user.login', ...user, clientType: '', ipAddress: '', userAgent: '' };
  await isTold(bob, places, 40, login);
});

test('the first message of two users makes their conversation, which both learn once, and no later one does', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const conversationId = `single:${aliceId}:${bobId}`;
  const topic = `/topic/conversation/${conversationId}`;
  const [alice, bob] = [await im(aliceId, topic), await im(bobId, topic)];
  for (const content of ['one', 'two']) {
    await alice.confirmed('/app/private-message', { receiverId: bobId, content });
  }
  const fact = {
    eventType: 'business.conversation.created',
    conversationId,
    conversationType: 'single',
    creatorId: aliceId,
    memberIds: [aliceId, bobId],
  };
  for (const client of [alice, bob]) {
    await isTold(client, [topic, EVENTS], 41, fact);
    // All that the second message brought is there.
    await client.confirmed('/app/heartbeat', {});
    for (const place of [topic, EVENTS]) assert.equal(copies(client, place, fact.eventType), 0);
  }
});

test('what becomes of a message reaches the events of whom it concerns, as it reaches the message status', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const groupId = `group-${aliceId}`;
  const [alice, bob] = [await im(aliceId), await im(bobId)];
  const members = [aliceId, bobId].map((userId) => ({ userId }));
  await server.call('POST', '/api/v1/groups', ADMIN, { id: groupId, name: 'Facts', members });
  const places = [STATUS, EVENTS];
  for (const conversationId of [groupId, `single:${aliceId}:${bobId}`]) {
    const send = { conversationId, content: 'hello', clientMsgId: `in ${conversationId}` };
    const { messageId = '' } = await alice.confirmed('/app/chat', send);
    const message = { messageId, conversationId, operatorId: aliceId };
    await isTold(alice, places, 42, { eventType: 'communication.message.sent', ...message });
    await alice.confirmed('/app/edit-message', { messageId, newContent: 'Hello', editReason: 'a typo' });
    await bob.nextAt(INBOX);
    await bob.confirmed('/app/delete-message', { messageId });
    await alice.confirmed('/app/delete-message', { messageId, deleteScope: 1, deleteReason: '用户撤回' });
    for (const client of [alice, bob]) {
      const edited = { eventType: 'communication.message.edited', ...message, reason: 'a typo' };
      await isTold(client, places, 42, edited);
    }
    const deleted = { eventType: 'communication.message.deleted', ...message, operatorId: bobId };
    await isTold(bob, places, 42, deleted);
    for (const client of [alice, bob]) {
      const recalled = { eventType: 'communication.message.recalled', ...message, reason: '用户撤回' };
      await isTold(client, places, 42, recalled);
    }
    assert.equal(copies(bob, EVENTS, 'communication.message.sent'), 0, 'the message is the news');
  }
});

test('a service session is a conversation to the im clients of its customer', async () => {
  const customerId = newUser('customer');
  const watcher = await im(customerId);
  const desk = await StompClient.connect(server.wsUrl, tokenOf(customerId), '/ws/chat');
  clients.push(desk);
  await desk.confirmed('/app/send', { content: 'help', skill: `skill-${customerId}` });
  const opened = { eventType: 'business.conversation.created', conversationType: 'service', customerId };
  const { conversationId } = await told(watcher, EVENTS, opened.eventType);
  await desk.confirmed('/app/close', { sessionId: conversationId });
  const closed = documentOf(await told(watcher, EVENTS, 'business.conversation.updated'));
  assert.deepEqual([closed.conversationId, closed.updateType], [conversationId, 'service_closed']);
});
