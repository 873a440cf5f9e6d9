import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decodeImProtobuf, type ImMessage, ImMessageType } from '@haina/wire';
import { ManualTimers } from '../src/stomp/testing/manual-timers.ts';
import { documentOf, frameAt, PROTOBUF, subscribeIm } from './support/im-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const GRACE = 5000;
const PRESENCE = '/user/queue/user-status';
const EVENTS = '/user/queue/events';

let server: TestServer;
const timers = new ManualTimers();
const clients: StompClient[] = [];
let users = 0;

before(async () => {
  server = await startTestServer({ maxReceiptMembers: 3 }, { clock: { now: () => Date.now() }, timers });
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
});

async function watch(userId: string, headers: Record<string, string> = {}): Promise<StompClient> {
  const client = await StompClient.connect(server.wsUrl, tokenOf(userId), '/ws');
  clients.push(client);
  await client.subscribe(PRESENCE, headers);
  await subscribeIm(client, EVENTS);
  return client;
}

function newUsers(...names: string[]): string[] {
  return names.map((name) => `${name}-presence${++users}`);
}

async function makeUser(id: string): Promise<void> {
  const admin = tokenOf('admin', { role: 'admin' });
  const body = { id, username: id, nickname: id };
  assert.equal((await server.call('POST', '/api/v1/users', admin, body)).status, 201);
}

async function makeGroup(...members: string[]): Promise<void> {
  const admin = tokenOf('admin', { role: 'admin' });
  const body = { name: 'A group', members: members.map((userId) => ({ userId })) };
  assert.equal((await server.call('POST', '/api/v1/groups', admin, body)).status, 201);
}

/** The server notices that a socket is gone, starts a timer of the grace, and the time passes. */
async function leave(...gone: StompClient[]): Promise<void> {
  const waiting = timers.pending;
  for (const client of gone) await client.drop();
  while (timers.pending === waiting) await new Promise((resolve) => setImmediate(resolve));
}

/** The next change of a status; what a user came or went with is told after it. */
async function statusAt(client: StompClient): Promise<ImMessage> {
  const status = await client.nextAt<ImMessage>(PRESENCE);
  const session = await client.nextAt<ImMessage>(PRESENCE);
  const { eventType, userId } = documentOf(session);
  const told = documentOf(status);
  assert.equal(eventType, `business.user.${told.status === 'online' ? 'login' : 'logout'}`);
  assert.equal(userId, told.userId);
  return status;
}

async function news(client: StompClient): Promise<string> {
  const { type, event } = await statusAt(client);
  assert.equal(type, ImMessageType.EVENT_USER_STATUS_CHANGE);
  const { userId, status } = JSON.parse(event?.content ?? '');
  return `${userId} ${status}`;
}

/** Nothing of presence is under way: a later user's coming is told after all that came before. */
async function nothingElse(client: StompClient, watcherId: string): Promise<void> {
  const [marker = ''] = newUsers('marker');
  await makeUser(marker);
  await makeGroup(watcherId, marker);
  clients.push(await StompClient.of(server.wsUrl, marker));
  assert.equal(await news(client), `${marker} online`);
}

test('who shares a group or a single chat with a user learns that it comes and goes', async () => {
  const [alice = '', bob = '', carol = '', dave = ''] = newUsers('alice', 'bob', 'carol', 'dave');
  for (const id of [alice, bob, carol, dave]) await makeUser(id);
  await makeGroup(alice, bob);
  const [ofBob, ofCarol, ofDave] = [await watch(bob), await watch(carol), await watch(dave)];
  await ofCarol.confirmed('/app/private-message', { receiverId: alice, content: 'hi' });
  const phone = await StompClient.connect(server.wsUrl, tokenOf(alice), '/ws');
  const { event, ...envelope } = await statusAt(ofBob);
  const { timestamp, messageId } = envelope;
  assert.equal(messageId, event?.eventId);
  const at = new Date(timestamp).toISOString();
  assert.deepEqual(envelope, {
    messageId,
    type: 40,
    status: 0,
    senderId: alice,
    receiverId: '',
    conversationId: '',
    clientMessageId: '',
    version: '2.0',
    deviceId: '',
    source: 'haina',
    timestamp,
    sequence: 0,
  });
  assert.deepEqual(JSON.parse(event?.content ?? ''), {
    eventType: 'business.user.status.changed',
    userId: alice,
    status: 'online',
    timestamp: at,
  });
  assert.equal(await news(ofCarol), `${alice} online`);
  await leave(phone);
  timers.advance(GRACE);
  for (const client of [ofBob, ofCarol]) assert.equal(await news(client), `${alice} offline`);
  await nothingElse(ofDave, dave);
});

test('several shared conversations and several devices make one change, at each device that watches', async () => {
  const [alice = '', bob = ''] = newUsers('alice', 'bob');
  for (const id of [alice, bob]) await makeUser(id);
  await makeGroup(alice, bob);
  await makeGroup(alice, bob);
  const [phone, tablet] = [await watch(bob), await watch(bob)];
  await phone.confirmed('/app/private-message', { receiverId: alice, content: 'hi' });
  const devices = [
    await StompClient.connect(server.wsUrl, tokenOf(alice), '/ws'),
    await StompClient.of(server.wsUrl, alice),
  ];
  await leave(...devices);
  timers.advance(GRACE);
  for (const client of [phone, tablet]) {
    assert.equal(await news(client), `${alice} online`);
    assert.equal(await news(client), `${alice} offline`);
  }
  await nothingElse(phone, bob);
});

test('a brief reconnect makes no noise', async () => {
  const [alice = '', bob = ''] = newUsers('alice', 'bob');
  for (const id of [alice, bob]) await makeUser(id);
  await makeGroup(alice, bob);
  const ofBob = await watch(bob);
  const phone = await StompClient.of(server.wsUrl, alice);
  assert.equal(await news(ofBob), `${alice} online`);
  await leave(phone);
  timers.advance(GRACE - 1);
  clients.push(await StompClient.of(server.wsUrl, alice));
  timers.advance(GRACE);
  await nothingElse(ofBob, bob);
});

test('a session of any dialect makes its user online', async () => {
  const [alice = '', bob = ''] = newUsers('alice', 'bob');
  for (const id of [alice, bob]) await makeUser(id);
  await makeGroup(alice, bob);
  const ofBob = await watch(bob);
  clients.push(await StompClient.of(server.wsUrl, alice));
  assert.equal(await news(ofBob), `${alice} online`);
});

test('a group larger than the limit tells nobody', async () => {
  const ids = newUsers('alice', 'bob', 'carol', 'dave');
  for (const id of ids) await makeUser(id);
  await makeGroup(...ids);
  const [alice = '', bob = ''] = ids;
  const ofBob = await watch(bob);
  clients.push(await StompClient.of(server.wsUrl, alice));
  await nothingElse(ofBob, bob);
});

test('presence comes in protobuf to who asked for it', async () => {
  const [alice = '', bob = ''] = newUsers('alice', 'bob');
  for (const id of [alice, bob]) await makeUser(id);
  await makeGroup(alice, bob);
  const ofBob = await watch(bob, { accept: 'application/x-protobuf' });
  clients.push(await StompClient.of(server.wsUrl, alice));
  for (const eventType of ['business.user.status.changed', 'business.user.login']) {
    const { type, event } = decodeImProtobuf((await frameAt(ofBob, PRESENCE)).body);
    assert.equal(type, ImMessageType.EVENT_USER_STATUS_CHANGE);
    assert.deepEqual([event?.eventType, JSON.parse(event?.content ?? '').userId], [eventType, alice]);
  }
});

for (const [what, path, claims] of [
  ['the wrong role for the agents', '/ws/agent', {}],
  ['another id than its token', '/ws', { userId: 'somebody-else' }],
] as const) {
  test(`nobody is told of a user who was refused for ${what}`, async () => {
    const [alice = '', bob = ''] = newUsers('alice', 'bob');
    for (const id of [alice, bob]) await makeUser(id);
    await makeGroup(alice, bob);
    const ofBob = await watch(bob);
    const refused = await StompClient.open(`${server.wsUrl}${path}`);
    clients.push(refused);
    refused.send('CONNECT', {
      'accept-version': '1.2',
      Authorization: `Bearer ${tokenOf(alice)}`,
      ...claims,
    });
    await refused.next('ERROR');
    await refused.closed;
    await nothingElse(ofBob, bob);
  });
}

const PROTOBUF_HEADERS = { accept: PROTOBUF };
for (const headers of [{}, PROTOBUF_HEADERS, { ack: 'client-individual' }]) {
  test(`a new subscription with ${JSON.stringify(headers)} says who is online now, of those whose coming it would be told`, async () => {
    const [alice = '', bob = '', carol = '', dave = '', eve = ''] = newUsers(
      ...['alice', 'bob', 'carol', 'dave', 'eve'],
    );
    for (const id of [alice, bob, carol, dave, eve]) await makeUser(id);
    await makeGroup(alice, bob, carol);
    await makeGroup(bob, eve);
    const ofEve = await watch(eve);
    clients.push(await StompClient.of(server.wsUrl, bob), await StompClient.of(server.wsUrl, dave));
    // What is told of bob's coming is over before alice asks.
    assert.equal(await news(ofEve), `${bob} online`);
    const ofAlice = await StompClient.connect(server.wsUrl, tokenOf(alice), '/ws');
    clients.push(ofAlice);
    await ofAlice.subscribe(PRESENCE, headers);
    const { body } = await frameAt(ofAlice, PRESENCE);
    const isProtobuf = headers === PROTOBUF_HEADERS;
    const message = isProtobuf ? decodeImProtobuf(body) : JSON.parse(new TextDecoder().decode(body));
    const { timestamp, ...told } = documentOf(message);
    assert.ok(Math.abs(Date.parse(String(timestamp)) - Date.now()) < 60_000);
    assert.equal(message.type, ImMessageType.EVENT_USER_STATUS_CHANGE);
    assert.deepEqual(told, { eventType: 'business.user.status.changed', userId: bob, status: 'online' });
    if (!isProtobuf) await nothingElse(ofAlice, alice);
  });
}

test('who is online is answered of oneself and of whom one shares a conversation with, and of all to managers', async () => {
  const [alice = '', bob = '', carol = '', dave = ''] = newUsers('alice', 'bob', 'carol', 'dave');
  for (const id of [alice, bob, carol, dave]) await makeUser(id);
  await makeGroup(alice, bob, carol);
  clients.push(await StompClient.of(server.wsUrl, bob), await StompClient.of(server.wsUrl, dave));
  const ask = async (token: string | undefined, users: string) =>
    server.call('GET', `/api/v1/presence?users=${users}`, token);
  const all = [carol, dave, bob, 'nobody', alice, bob].join(',');
  const [is, isNot] = ['online', 'offline'].map((status) => (userId: string) => ({ userId, status }));
  assert.ok(is && isNot);
  const own = [isNot(carol), is(bob), isNot(alice)];
  assert.deepEqual(await ask(tokenOf(alice), all), { status: 200, body: { presence: own } });
  const managers = [isNot(carol), is(dave), is(bob), isNot(alice)];
  const admin = tokenOf('admin', { role: 'admin' });
  assert.deepEqual(await ask(admin, all), { status: 200, body: { presence: managers } });
  const many = Array.from({ length: 201 }, (_, index) => `u${index}`).join(',');
  const refusals = [await ask(undefined, bob), await ask(admin, ','), await ask(admin, many)];
  assert.deepEqual(
    refusals.map(({ status }) => status),
    [401, 400, 413],
  );
});
