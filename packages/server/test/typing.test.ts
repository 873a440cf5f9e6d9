import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { decodeImProtobuf, encodeImBody, type ImMessage, type XuqmTyping } from '@haina/wire';
import { SYSTEM_TIMERS } from '../src/stomp/timers.ts';
import { DeskPerson } from './support/desk-person.ts';
import { documentOf, ERRORS, frameAt, INBOX, openIm, PROTOBUF } from './support/im-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const TYPING = '/user/queue/typing';
const LIFETIME = 6000;
const ADMIN = tokenOf('admin', { role: 'admin' });
/** What the server's clock is ahead. */
let ahead = 0;

let server: TestServer;
let users = 0;
const clients: StompClient[] = [];

before(async () => {
  const clock = { now: () => Date.now() + ahead };
  server = await startTestServer({ sendRate: 5, maxReceiptMembers: 3 }, { clock, timers: SYSTEM_TIMERS });
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
});

const newUser = (name: string): string => `${name}-typing${++users}`;

async function im(userId: string, headers: Record<string, string> = {}): Promise<StompClient> {
  const client = await openIm(server.wsUrl, userId, [INBOX, ERRORS, TYPING], headers);
  clients.push(client);
  return client;
}

async function xuqm(userId: string): Promise<StompClient> {
  const client = await StompClient.of(server.wsUrl, userId);
  clients.push(client);
  for (const destination of [TYPING, '/user/queue/messages', ERRORS]) await client.subscribe(destination);
  return client;
}

async function makeGroup(...members: string[]): Promise<string> {
  const id = newUser('group');
  const body = { id, name: id, members: members.map((userId) => ({ userId })) };
  assert.equal((await server.call('POST', '/api/v1/groups', ADMIN, body)).status, 201);
  return id;
}

/** Who is told to be typing, where, and until when it holds at most. */
async function told(client: StompClient, dialect: 'im' | 'xuqm') {
  if (dialect === 'xuqm') {
    const { typing, fromId, conversationId, expiresAt } = await client.nextAt<XuqmTyping>(TYPING);
    return { typing, fromId, conversationId, left: expiresAt - Date.now() - ahead };
  }
  const message = await client.nextAt<ImMessage>(TYPING);
  const { eventType, userId: fromId, typing, conversationId, expiresAt, timestamp } = documentOf(message);
  assert.deepEqual([message.type, eventType, message.senderId], [40, 'business.user.typing', fromId]);
  assert.equal(message.conversationId, conversationId);
  assert.equal(Date.parse(String(expiresAt)) - message.timestamp, typing ? LIFETIME : 0);
  assert.equal(Date.parse(String(timestamp)), message.timestamp);
  return { typing, fromId, conversationId, left: Date.parse(String(expiresAt)) - Date.now() - ahead };
}

async function isTold(client: StompClient, dialect: 'im' | 'xuqm', expected: object): Promise<void> {
  const { left, ...typing } = await told(client, dialect);
  assert.deepEqual(typing, expected);
  assert.ok(typing.typing ? left > 0 && left <= LIFETIME : left <= 0, String(left));
}

const nothing = (client: StompClient): void => assert.deepEqual(client.received(TYPING), []);

test('in a single chat the other side is told of the beginning and the end, in its own form, and nobody else', async () => {
  const [alice, bob] = [newUser('alice'), newUser('bob')];
  const conversationId = `single:${alice}:${bob}`;
  const [a, b, tablet] = [await im(alice), await xuqm(bob), await xuqm(alice)];
  await a.confirmed('/app/typing', { receiverId: bob });
  await isTold(b, 'xuqm', { typing: true, fromId: alice, conversationId });
  await a.confirmed('/app/typing', { conversationId, typing: false });
  await isTold(b, 'xuqm', { typing: false, fromId: alice, conversationId });
  await b.confirmed('/app/chat.typing', { toId: alice, chatType: 'SINGLE' });
  await isTold(a, 'im', { typing: true, fromId: bob, conversationId });
  await isTold(tablet, 'xuqm', { typing: true, fromId: bob, conversationId });
  for (const client of [a, b, tablet]) nothing(client);
});

test('in a group all others are told, on all their devices, and in one that is too large nobody', async () => {
  const [alice, bob, carol, dave] = [newUser('alice'), newUser('bob'), newUser('carol'), newUser('dave')];
  const [a, phone, b, c] = [await xuqm(alice), await im(alice), await im(bob), await xuqm(carol)];
  await im(dave);
  const conversationId = await makeGroup(alice, bob, carol);
  await a.confirmed('/app/chat.typing', { toId: conversationId, chatType: 'GROUP' });
  await isTold(b, 'im', { typing: true, fromId: alice, conversationId });
  await isTold(c, 'xuqm', { typing: true, fromId: alice, conversationId });
  await b.confirmed('/app/typing', { groupId: conversationId });
  for (const [client, dialect] of [
    [a, 'xuqm'],
    [phone, 'im'],
    [c, 'xuqm'],
  ] as const) {
    await isTold(client, dialect, { typing: true, fromId: bob, conversationId });
  }
  await server.call('POST', `/api/v1/groups/${conversationId}/members`, ADMIN, { userId: dave });
  await c.confirmed('/app/chat.typing', { toId: conversationId, chatType: 'GROUP' });
  await c.confirmed('/app/chat.typing', { toId: bob, chatType: 'SINGLE' });
  await isTold(b, 'im', { typing: true, fromId: carol, conversationId: `single:${bob}:${carol}` });
  for (const client of [a, phone, b, c]) nothing(client);
});

test('who goes on typing is told again after a while only, and who stops twice once', async () => {
  const [alice, bob] = [newUser('alice'), newUser('bob')];
  const [a, b] = [await im(alice), await xuqm(bob)];
  const begins = { typing: true, fromId: alice, conversationId: `single:${alice}:${bob}` };
  await a.confirmed('/app/typing', { receiverId: bob, typing: false });
  for (let n = 0; n < 2; n++) await a.confirmed('/app/typing', { receiverId: bob });
  await isTold(b, 'xuqm', begins);
  ahead += 2000;
  await a.confirmed('/app/typing', { receiverId: bob });
  await isTold(b, 'xuqm', begins);
  for (let n = 0; n < 2; n++) await a.confirmed('/app/typing', { receiverId: bob, typing: false });
  await isTold(b, 'xuqm', { ...begins, typing: false });
  ahead += 2000;
  await a.confirmed('/app/typing', { receiverId: bob });
  await isTold(b, 'xuqm', begins);
  await a.confirmed('/app/private-message', { receiverId: bob, content: 'a message ends it' });
  await a.confirmed('/app/typing', { receiverId: bob });
  await isTold(b, 'xuqm', begins);
  nothing(b);
});

test('it has a rate of its own, and is never stored', async () => {
  const [alice, bob] = [newUser('alice'), newUser('bob')];
  const [a, b] = [await im(alice), await im(bob)];
  for (let n = 0; n < 11; n++) a.sendJson('/app/typing', { receiverId: bob });
  const { code, destination } = await a.nextAt<{ code: string; destination: string }>(ERRORS);
  assert.deepEqual([code, destination], ['ERATE', '/app/typing']);
  await a.confirmed('/app/private-message', { receiverId: bob, content: 'still possible' });
  await b.nextAt(INBOX);
  const late = await im(bob);
  late.sendJson('/app/sync', {});
  assert.equal(documentOf(await late.nextAt<ImMessage>(INBOX)).count, 0);
  nothing(late);
});

test('it comes in protobuf to who asked for it, and is taken so', async () => {
  const [alice, bob] = [newUser('alice'), newUser('bob')];
  const [a, b] = [await im(alice), await im(bob, { accept: PROTOBUF })];
  const body = Buffer.from(encodeImBody('/app/typing', { receiverId: alice, typing: true }));
  const head = `SEND\ndestination:/app/typing\ncontent-type:${PROTOBUF}\ncontent-length:${body.length}\n\n`;
  b.raw(Buffer.concat([Buffer.from(head), body, Buffer.of(0)]));
  await isTold(a, 'im', { typing: true, fromId: bob, conversationId: `single:${alice}:${bob}` });
  await a.confirmed('/app/typing', { receiverId: bob });
  const message = decodeImProtobuf((await frameAt(b, TYPING)).body);
  assert.deepEqual([message.event?.eventType, documentOf(message).userId], ['business.user.typing', alice]);
});

test('at the desk it passes between the protocols in a service session, both ways', async () => {
  const [customerId, agentId] = [newUser('customer'), newUser('agent')];
  const skill = newUser('skill');
  const agent = await DeskPerson.come(server.wsUrl, agentId, 'default', 'agent');
  const customer = await DeskPerson.come(server.wsUrl, customerId, 'default');
  clients.push(agent.client, customer.client);
  await agent.does('status', { status: 'online', capacity: 5, skills: [skill] });
  await customer.does('send', { content: 'help', skill });
  const { id: conversationId } = await agent.session('assigned');
  const asXuqm = await xuqm(customerId);
  await agent.does('typing', { sessionId: conversationId });
  const said = { type: 'typing', sessionId: conversationId } as const;
  assert.deepEqual(await customer.next('typing'), { ...said, userId: agentId });
  await isTold(asXuqm, 'xuqm', { typing: true, fromId: agentId, conversationId });
  await asXuqm.confirmed('/app/chat.typing', { toId: conversationId, chatType: 'GROUP' });
  assert.deepEqual(await agent.next('typing'), { ...said, userId: customerId });
  await agent.does('typing', { sessionId: conversationId, typing: false });
  assert.equal((await customer.next('typing-ended')).userId, agentId);
  await isTold(asXuqm, 'xuqm', { typing: false, fromId: agentId, conversationId });
  await customer.does('close', { sessionId: conversationId });
  const body = { toId: conversationId, chatType: 'GROUP' };
  asXuqm.sendJson('/app/chat.typing', body, { receipt: 'never' });
  assert.equal((await asXuqm.nextAt<{ code: string }>(ERRORS)).code, 'ECONFLICT');
});

describe('who may not write may not say that it is writing:', () => {
  const REFUSED: Record<string, (group: string, reader: string) => [object, object, string]> = {
    'not a member of the group': (group) => [{ groupId: group }, { toId: group, chatType: 'GROUP' }, 'EPERM'],
    'no such group': () => [{ groupId: 'nowhere' }, { toId: 'nowhere', chatType: 'GROUP' }, 'ENOENT'],
    'no such user': () => [{ receiverId: 'nobody' }, { toId: 'nobody', chatType: 'SINGLE' }, 'ENOENT'],
    'no one named': () => [{}, { chatType: 'SINGLE' }, 'EINVAL'],
  };
  for (const [name, bodies] of Object.entries(REFUSED)) {
    test(name, async () => {
      const [alice, bob, carol] = [newUser('alice'), newUser('bob'), newUser('carol')];
      const [a, x] = [await im(alice), await xuqm(bob)];
      await im(carol);
      const [imBody, xuqmBody, code] = bodies(await makeGroup(carol), bob);
      a.sendJson('/app/typing', imBody);
      x.sendJson('/app/chat.typing', xuqmBody);
      for (const client of [a, x]) {
        assert.equal((await client.nextAt<{ code: string }>(ERRORS)).code, code);
      }
    });
  }

  test('one who may only read', async () => {
    const [alice, bob] = [newUser('alice'), newUser('bob')];
    const [a, b] = [await im(alice), await im(bob)];
    const permission = { permissionType: 'chat_permission', newPermission: 'read_only', reason: '广告' };
    await server.call('PUT', `/api/v1/admin/users/${alice}/permissions`, ADMIN, permission);
    a.sendJson('/app/typing', { receiverId: bob });
    assert.equal((await a.nextAt<{ code: string }>(ERRORS)).code, 'EPERM');
    nothing(b);
  });
});
