import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeOf, decodeImProtobuf, type ImMessage, ImMessageStatus, ImMessageType } from '@haina/wire';
import {
  documentOf,
  ERRORS,
  EVENTS,
  frameAt,
  INBOX,
  openIm,
  PRESENCE,
  PROTOBUF,
} from './support/im-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

let server: TestServer;
const clients: StompClient[] = [];
let users = 0;

before(async () => {
  server = await startTestServer({ presenceGrace: 0 });
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
});

async function open(...args: Parameters<typeof openIm> extends [string, ...infer Rest] ? Rest : never) {
  const client = await openIm(server.wsUrl, ...args);
  clients.push(client);
  return client;
}

function newUser(name: string): string {
  return `${name}-session${++users}`;
}

test('a subscription to the events begins with what the client should know of its session', async () => {
  const id = newUser('alice');
  const alice = await open(id, [], { 'heart-beat': '20000,5000', deviceId: 'tablet' });
  await alice.subscribe(EVENTS);
  const { timestamp, ...message } = await alice.nextAt<ImMessage>(EVENTS);
  const { sessionId, expiresAt, ...told } = documentOf(message as ImMessage);
  assert.deepEqual(
    [message.type, message.status, message.receiverId, message.deviceId],
    [ImMessageType.SYSTEM_CONNECT, ImMessageStatus.MESSAGE_NORMAL, id, 'tablet'],
  );
  assert.match(String(sessionId), /^[0-9a-f]{8}-/);
  assert.ok(Number(expiresAt) > timestamp + 3_500_000 && Number(expiresAt) < timestamp + 3_700_000);
  assert.deepEqual(told, {
    userId: id,
    deviceId: 'tablet',
    heartBeat: { client: 20_000, server: 10_000 },
    permission: 'full_access',
    limits: {
      maxMessageLength: 2000,
      maxExtraBytes: 32_768,
      maxFrameBytes: 65_536,
      maxSubscriptions: 64,
      maxUnacknowledged: 1000,
      maxSessions: 16,
      sendRate: 0,
      recallWindow: 120_000,
      editWindow: 900_000,
    },
    timestamp,
  });
});

test('an empty body is taken where no field is needed', async () => {
  const alice = await open(newUser('alice'), [INBOX]);
  for (const destination of ['/app/heartbeat', '/app/sync']) {
    alice.raw(`SEND\ndestination:${destination}\nreceipt:r\n\n\0`);
    await alice.nextReceipt('r');
  }
});

test('a heart-beat and a renewal are answered at the queues of their own too, in the form of the subscription', async () => {
  const id = newUser('alice');
  const [beats, auths] = ['/user/queue/heartbeat', '/user/queue/auth'];
  const alice = await open(id, [EVENTS, beats]);
  await alice.subscribe(auths, { accept: PROTOBUF });
  alice.sendJson('/app/heartbeat', { timestamp: 1, deviceId: 'phone' });
  const beat = await alice.nextAt<ImMessage>(beats);
  assert.deepEqual(
    [beat.type, documentOf(beat)],
    [ImMessageType.SYSTEM_HEARTBEAT, { timestamp: beat.timestamp }],
  );
  assert.deepEqual(await alice.nextAt(EVENTS), beat);
  alice.sendJson('/app/auth', { token: tokenOf(id) });
  const renewed = decodeImProtobuf((await frameAt(alice, auths)).body);
  assert.deepEqual(
    [renewed.type, renewed.status],
    [ImMessageType.SYSTEM_AUTH, ImMessageStatus.MESSAGE_NORMAL],
  );
  assert.deepEqual(await alice.nextAt(EVENTS), renewed);
});

test('a renewal that is refused is answered where its client waits', async () => {
  const auths = '/user/queue/auth';
  const alice = await open(newUser('alice'), [ERRORS, auths]);
  alice.sendJson('/app/auth', { token: tokenOf('somebody-else') });
  const { code, message } = await alice.nextAt<{ code: string; message: string }>(ERRORS);
  assert.equal(code, 'EPERM');
  const refused = await alice.nextAt<ImMessage>(auths);
  assert.deepEqual(
    [refused.type, refused.status, refused.system?.code],
    [ImMessageType.SYSTEM_AUTH, ImMessageStatus.MESSAGE_FAILED, 'EPERM'],
  );
  assert.deepEqual(documentOf(refused), { code, message, timestamp: refused.timestamp });
});

test('a renewal gives a session no other role, and lets it end with the role of the token that it rests on now', async () => {
  const id = newUser('alice');
  const admin = tokenOf('admin', { role: 'admin' });
  const setRole = (role: string) => server.call('PATCH', `/api/v1/users/${id}`, admin, { role });
  const password = 'a long password';
  await server.call('POST', '/api/v1/users', admin, { id, username: id, password });
  const login = await server.call('POST', '/api/v1/login', admin, { username: id, password });
  const { token } = login.body as { token: string };
  const own = { Authorization: `Bearer ${tokenOf(id, { role: 'admin' })}` };
  const raised = await open(id, [ERRORS], own);
  raised.sendJson('/app/auth', { token });
  const { code, message } = await raised.nextAt<{ code: string; message: string }>(ERRORS);
  assert.deepEqual([code, message], ['EPERM', 'the token is for the role user, the session has admin']);
  const alice = await open(id, [EVENTS]);
  alice.sendJson('/app/auth', { token });
  assert.equal((await alice.nextAt<ImMessage>(EVENTS)).type, ImMessageType.SYSTEM_AUTH);
  await setRole('agent');
  assert.deepEqual(await alice.closed, closeOf('role-changed'));
});

test('the limits that are told are those the managers of the tenant set', async () => {
  const body = { configType: 'chat_settings', newConfig: { maxMessageLength: 77 }, reason: 'a test' };
  const app = 'told';
  await server.call('PUT', '/api/v1/admin/settings', tokenOf('boss', { role: 'admin', app }), body);
  const alice = await open('alice', [], { Authorization: `Bearer ${tokenOf('alice', { app })}` });
  await alice.subscribe(EVENTS);
  const { limits } = documentOf(await alice.nextAt<ImMessage>(EVENTS));
  assert.equal((limits as { maxMessageLength: number }).maxMessageLength, 77);
});

test('a session whose user is deleted is told so before it ends', async () => {
  const id = newUser('alice');
  const alice = await open(id);
  const { status } = await server.call('DELETE', `/api/v1/users/${id}`, tokenOf('admin', { role: 'admin' }));
  assert.equal(status, 204);
  const message = await alice.nextAt<ImMessage>(EVENTS);
  assert.deepEqual([message.type, message.system?.code], [ImMessageType.SYSTEM_DISCONNECT, 'EAUTH']);
  assert.deepEqual(documentOf(message), {
    reason: 'user-deleted',
    message: 'the user was deleted',
    reconnect: false,
    timestamp: message.timestamp,
  });
  assert.equal((await alice.next('ERROR')).headers.get('message'), 'Unauthorized');
  assert.deepEqual(await alice.closed, closeOf('user-gone'));
});

test('a session whose token expires is told so before it ends, in protobuf too', async () => {
  const exp = Math.floor(Date.now() / 1000) + 2;
  const alice = await open(newUser('alice'), [EVENTS], { accept: PROTOBUF });
  const id = newUser('bob');
  const bob = await open(id, [EVENTS], { Authorization: `Bearer ${tokenOf(id, { exp })}`, accept: PROTOBUF });
  const { headers, body } = await frameAt(bob, EVENTS);
  assert.equal(headers.get('content-type'), PROTOBUF);
  const message = decodeImProtobuf(body);
  assert.deepEqual([message.type, documentOf(message).reason], [31, 'token-expired']);
  assert.deepEqual(await bob.closed, closeOf('token-expired'));
  alice.sendJson('/app/heartbeat', {});
  assert.equal(decodeImProtobuf((await frameAt(alice, EVENTS)).body).type, ImMessageType.SYSTEM_HEARTBEAT);
});

test('a server that stops tells every session so, and closes with 1001', async () => {
  const stopping = await startTestServer();
  const alice = await openIm(stopping.wsUrl, 'alice');
  const bob = await openIm(stopping.wsUrl, 'bob', []);
  await stopping.stop();
  // That bob came may be told before.
  let message = await alice.nextAt<ImMessage>(EVENTS);
  while (message.type !== ImMessageType.SYSTEM_DISCONNECT) message = await alice.nextAt<ImMessage>(EVENTS);
  const { reason, reconnect } = documentOf(message);
  assert.deepEqual([message.type, reason, reconnect], [31, 'server-stopping', true]);
  for (const client of [alice, bob]) assert.equal((await client.closed).code, 1001);
});

test('refusals come in the encoding of their subscription', async () => {
  const alice = await open(newUser('alice'), [], { accept: PROTOBUF });
  await alice.subscribe(ERRORS);
  alice.send('SUBSCRIBE', { id: 'json', destination: ERRORS, accept: 'application/json' });
  const refused = { receiverId: 'nobody', content: 'x', clientMsgId: 'c-1' };
  alice.sendJson('/app/private-message', refused);
  const error = {
    code: 'ENOENT',
    message: 'no user nobody',
    destination: '/app/private-message',
    messageId: 'c-1',
  };
  const protobuf = await frameAt(alice, ERRORS);
  assert.equal(protobuf.headers.get('content-type'), PROTOBUF);
  const message = decodeImProtobuf(protobuf.body);
  assert.deepEqual(
    [message.type, message.status, message.system?.code],
    [ImMessageType.SYSTEM_STATUS, ImMessageStatus.MESSAGE_FAILED, 'ENOENT'],
  );
  assert.deepEqual(documentOf(message), error);
  assert.deepEqual(await alice.nextAt(ERRORS), error);
});

test("a token of one user with another's userId is refused before anybody sees its user come", async () => {
  const [aliceId, bobId, carolId] = [newUser('alice'), newUser('bob'), newUser('carol')];
  const alice = await open(aliceId, [PRESENCE]);
  const admin = tokenOf('admin', { role: 'admin' });
  const make = async (path: string, body: object) =>
    assert.equal((await server.call('POST', path, admin, body)).status, 201);
  for (const id of [bobId, carolId]) await make('/api/v1/users', { id, username: id, nickname: id });
  const members = [aliceId, bobId, carolId].map((userId) => ({ userId }));
  await make('/api/v1/groups', { name: 'peers', members });
  const forger = await StompClient.open(`${server.wsUrl}/ws`);
  clients.push(forger);
  const Authorization = `Bearer ${tokenOf(bobId)}`;
  forger.send('CONNECT', { 'accept-version': '1.2', Authorization, userId: aliceId });
  assert.equal((await forger.next('ERROR')).headers.get('message'), 'Unauthorized');
  await forger.closed;
  await open(carolId, []);
  const { senderId } = await alice.nextAt<ImMessage>(PRESENCE);
  assert.equal(senderId, carolId, 'of the refused one nothing was told before');
});
