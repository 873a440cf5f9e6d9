import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decodeImProtobuf, type ImMessage, ImMessageType, type StompFrame } from '@haina/wire';
import { DeskPerson } from './support/desk-person.ts';
import { subscribeIm } from './support/im-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const INBOX = '/user/queue/private-messages';
const STATUS = '/user/queue/message-status';
const EVENTS = '/user/queue/events';
const ERRORS = '/user/queue/errors';
const NOTIFICATIONS = '/topic/system/notifications';
const XUQM_INBOX = '/user/queue/messages';
const SETTINGS = '/api/v1/admin/settings';
const PROTOBUF = 'application/x-protobuf';

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly destination: string;
  readonly messageId: string;
}

let server: TestServer;
const clients: StompClient[] = [];
let count = 0;

before(async () => {
  server = await startTestServer();
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
});

/** A connected `im` session. */
async function connect(
  userId: string,
  destinations: readonly string[] = [INBOX, STATUS, EVENTS, ERRORS, NOTIFICATIONS],
  headers: Record<string, string> = {},
  app = 'default',
): Promise<StompClient> {
  const client = await StompClient.open(`${server.wsUrl}/ws`);
  clients.push(client);
  const Authorization = `Bearer ${tokenOf(userId, { app })}`;
  client.send('CONNECT', { 'accept-version': '1.2', Authorization, userId, ...headers });
  await client.next('CONNECTED');
  for (const destination of destinations) await subscribeIm(client, destination);
  return client;
}

async function connectXuqm(userId: string, app = 'default'): Promise<StompClient> {
  const client = await StompClient.connect(server.wsUrl, tokenOf(userId, { app }));
  clients.push(client);
  await client.subscribe(XUQM_INBOX);
  await client.subscribe(ERRORS);
  return client;
}

function unique(name: string): string {
  return `${name}-admin${++count}`;
}

/** A tenant of the test's own: what it sets binds no other test. */
function newTenant(): { app: string; alice: string; bob: string } {
  return { app: unique('app'), alice: 'alice', bob: 'bob' };
}

async function put(path: string, body: unknown, app = 'default'): Promise<unknown> {
  const answer = await server.call('PUT', path, tokenOf('boss', { role: 'admin', app }), body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

function setLength(app: string, maxMessageLength: number): Promise<unknown> {
  return put(
    SETTINGS,
    { configType: 'chat_settings', newConfig: { maxMessageLength }, reason: 'a test' },
    app,
  );
}

function permit(userId: string, newPermission: string, app = 'default', reason = 'a test'): Promise<unknown> {
  const body = { permissionType: 'chat_permission', newPermission, reason };
  return put(`/api/v1/admin/users/${userId}/permissions`, body, app);
}

function documentOf({ event }: ImMessage): Record<string, unknown> {
  return JSON.parse(event?.content ?? 'null');
}

function protobufOf({ headers, body }: StompFrame): ImMessage {
  assert.equal(headers.get('content-type'), PROTOBUF);
  return decodeImProtobuf(body);
}

test('changed settings are pushed to every session of the tenant with the old and the new value, in JSON and protobuf', async () => {
  const { app, alice, bob } = newTenant();
  const one = await connect(alice, [NOTIFICATIONS], {}, app);
  const other = await connect(bob, [NOTIFICATIONS], { accept: PROTOBUF }, app);
  const stranger = await connect(unique('stranger'), [NOTIFICATIONS, ERRORS]);
  const newConfig = { maxMessageLength: 1000, fileUploadLimit: 20 };
  const change = (await put(
    SETTINGS,
    { configType: 'chat_settings', newConfig, reason: '提升用户体验' },
    app,
  )) as { id: string; changedAt: number };
  const json = await one.nextAt<ImMessage>(NOTIFICATIONS);
  const { messageId, timestamp, ...message } = json;
  assert.deepEqual([messageId, timestamp], [change.id, change.changedAt]);
  assert.deepEqual(message, {
    type: ImMessageType.EVENT_SYSTEM_CONFIG_CHANGE,
    status: 0,
    senderId: 'boss',
    receiverId: '',
    conversationId: '',
    clientMessageId: '',
    version: '2.0',
    deviceId: '',
    source: 'haina',
    sequence: 0,
    event: { content: message.event?.content, eventType: 'system.config.changed', eventId: change.id },
  });
  assert.deepEqual(documentOf(json), {
    configType: 'chat_settings',
    oldConfig: { maxMessageLength: 2000, fileUploadLimit: 10 },
    newConfig,
    changedBy: 'boss',
    reason: '提升用户体验',
  });
  assert.deepEqual(protobufOf(await other.next('MESSAGE')), json);
  await setLength('default', 2000);
  assert.deepEqual(
    documentOf(await stranger.nextAt<ImMessage>(NOTIFICATIONS)).newConfig,
    { maxMessageLength: 2000, fileUploadLimit: 10 },
    'what came first is of its own tenant',
  );
});

test('a changed permission is pushed to the one user on all its sessions, in JSON and protobuf', async () => {
  const [alice, bob] = [unique('alice'), unique('bob')];
  const phone = await connect(alice, [EVENTS, NOTIFICATIONS]);
  const tablet = await connect(alice, [EVENTS], { accept: PROTOBUF });
  const other = await connect(bob, [EVENTS, NOTIFICATIONS, ERRORS]);
  await permit(alice, 'read_only', 'default', '广告');
  const down = await phone.nextAt<ImMessage>(EVENTS);
  assert.deepEqual(
    [down.type, down.senderId, down.receiverId, down.event?.eventType],
    [ImMessageType.EVENT_SYSTEM_CONFIG_CHANGE, 'boss', alice, 'system.permission.changed'],
  );
  assert.equal(down.messageId, down.event?.eventId);
  assert.deepEqual(documentOf(down), {
    userId: alice,
    permissionType: 'chat_permission',
    oldPermission: 'full_access',
    newPermission: 'read_only',
    configType: 'user_permissions',
    oldConfig: { chat_permission: 'full_access' },
    newConfig: { chat_permission: 'read_only' },
    changedBy: 'boss',
    reason: '广告',
  });
  assert.deepEqual(protobufOf(await tablet.next('MESSAGE')), down);
  await permit(alice, 'full_access');
  const up = documentOf(await phone.nextAt<ImMessage>(EVENTS));
  assert.deepEqual([up.oldPermission, up.newPermission], ['read_only', 'full_access']);
  await permit(bob, 'full_access');
  assert.equal(documentOf(await other.nextAt<ImMessage>(EVENTS)).userId, bob);
  assert.deepEqual([other.received(NOTIFICATIONS), phone.received(NOTIFICATIONS)], [[], []]);
});

test('the very next send and edit of every session is judged by the new maximum length, through every dialect', async () => {
  const { app, alice, bob } = newTenant();
  const [im, xuqm] = [await connect(alice, [INBOX, ERRORS, STATUS], {}, app), await connectXuqm(alice, app)];
  const bobs = await connect(bob, [INBOX], {}, app);
  const viaXuqm = (content: string, messageId: string) => ({
    messageId,
    toId: bob,
    chatType: 'SINGLE',
    msgType: 'TEXT',
    content,
  });
  im.sendJson('/app/private-message', { receiverId: bob, content: '123456', clientMsgId: 'before' });
  const { messageId } = await bobs.nextAt<ImMessage>(INBOX);
  await setLength(app, 5);
  for (let round = 0; round < 5; round++) {
    const long = { receiverId: bob, content: '123456', clientMsgId: `long-${round}` };
    im.sendJson('/app/private-message', long);
    assert.deepEqual(await im.nextAt<Refusal>(ERRORS), {
      code: 'ETOOLONG',
      message: 'content has more than 5 characters',
      destination: '/app/private-message',
      messageId: `long-${round}`,
    });
    xuqm.sendJson('/app/chat.send', viaXuqm('123456', `xuqm-${round}`));
    assert.equal((await xuqm.nextAt<Refusal>(ERRORS)).code, 'ETOOLONG');
    im.sendJson('/app/edit-message', { messageId, newContent: '1234567' });
    assert.equal((await im.nextAt<Refusal>(ERRORS)).code, 'ETOOLONG');
    await setLength(app, 6);
    im.sendJson('/app/private-message', { ...long, clientMsgId: `fits-${round}` });
    assert.equal((await bobs.nextAt<ImMessage>(INBOX)).clientMessageId, `fits-${round}`);
    await xuqm.confirmed('/app/chat.send', viaXuqm('😀23456', `xuqm-fits-${round}`));
    assert.equal((await bobs.nextAt<ImMessage>(INBOX)).clientMessageId, `xuqm-fits-${round}`);
    await setLength(app, 5);
  }
});

test('messages sent one after another keep their order over a change', async () => {
  const { app, alice, bob } = newTenant();
  const [im, bobs] = [await connect(alice, [ERRORS], {}, app), await connect(bob, [INBOX], {}, app)];
  const ids = Array.from({ length: 30 }, (_, n) => `c-${n}`);
  for (const part of [ids.slice(0, 15), ids.slice(15)]) {
    await setLength(app, 100);
    const body = (clientMsgId: string) => JSON.stringify({ receiverId: bob, content: 'x', clientMsgId });
    im.raw(part.map((id) => `SEND\ndestination:/app/private-message\n\n${body(id)}\0`).join(''));
  }
  const got: string[] = [];
  while (got.length < ids.length) got.push((await bobs.nextAt<ImMessage>(INBOX)).clientMessageId);
  assert.deepEqual(got, ids);
});

test('a maximum above the configured one counts too', async () => {
  const { app, alice, bob } = newTenant();
  const [im, bobs] = [await connect(alice, [ERRORS], {}, app), await connect(bob, [INBOX], {}, app)];
  await setLength(app, 3000);
  im.sendJson('/app/private-message', { receiverId: bob, content: 'x'.repeat(3000), clientMsgId: 'c' });
  assert.equal((await bobs.nextAt<ImMessage>(INBOX)).clientMessageId, 'c');
});

test('one who may only read can not send, edit, recall or pin through any session, and goes on reading', async () => {
  const [alice, bob] = [unique('alice'), unique('bob')];
  const im = await connect(alice, [INBOX, ERRORS, STATUS, EVENTS]);
  const xuqm = await connectXuqm(alice);
  const bobs = await connect(bob, [INBOX, STATUS]);
  im.sendJson('/app/private-message', { receiverId: bob, content: 'mine', clientMsgId: 'mine' });
  const mine = await bobs.nextAt<ImMessage>(INBOX);
  await permit(alice, 'read_only');
  const { messageId } = mine;
  const refused = async (client: StompClient, destination: string, body: object) => {
    client.sendJson(destination, body);
    const refusal = await client.nextAt<Refusal>(ERRORS);
    assert.deepEqual([refusal.code, refusal.destination], ['EPERM', destination]);
    assert.match(refusal.message, /^you may only read/);
  };
  await refused(im, '/app/private-message', { receiverId: bob, content: 'x', clientMsgId: 'no-1' });
  await refused(im, '/app/chat', { conversationId: mine.conversationId, content: 'x', clientMsgId: 'no-2' });
  await refused(im, '/app/edit-message', { messageId, newContent: 'x' });
  await refused(im, '/app/delete-message', { messageId, deleteScope: 1 });
  await refused(im, '/app/pin-message', { messageId, pinScope: 1 });
  await refused(im, '/app/pin-message', { messageId, pinScope: 0 });
  const send = { messageId: 'no-3', toId: bob, chatType: 'SINGLE', msgType: 'TEXT', content: 'x' };
  await refused(xuqm, '/app/chat.send', send);
  await refused(xuqm, '/app/chat.revoke', { messageId: 'mine' });
  const late = await connectXuqm(alice);
  await refused(late, '/app/chat.send', { ...send, messageId: 'no-4' });

  bobs.sendJson('/app/private-message', { receiverId: alice, content: 'read me', clientMsgId: 'his' });
  const his = await im.nextAt<ImMessage>(INBOX);
  assert.equal(his.clientMessageId, 'his');
  im.sendJson('/app/read-message', { messageId: his.messageId });
  for (;;) if ((await bobs.nextAt<ImMessage>(STATUS)).status === 4) break;
  im.sendJson('/app/sync', {});
  assert.equal((await im.nextAt<ImMessage>(INBOX)).type, ImMessageType.SYSTEM_STATUS);

  await permit(alice, 'full_access');
  im.sendJson('/app/private-message', { receiverId: bob, content: 'back', clientMsgId: 'back' });
  assert.equal((await bobs.nextAt<ImMessage>(INBOX)).clientMessageId, 'back', 'nothing refused was stored');
});

test("an agent's notes and broadcasts are judged by what was set for the tenant and for the agent", async () => {
  const [customerId, agentId] = [unique('customer'), unique('agent')];
  const agent = await DeskPerson.come(server.wsUrl, agentId, 'default', 'agent');
  const customer = await DeskPerson.come(server.wsUrl, customerId, 'default');
  clients.push(agent.client, customer.client);
  await customer.does('send', { content: 'help', clientMsgId: 'first' });
  const { id: sessionId } = await customer.session('opened');
  await setLength('default', 5);
  try {
    await agent.isRefused('/app/note', { sessionId, content: '123456' }, { code: 'ETOOLONG' });
  } finally {
    await setLength('default', 2000);
  }
  await agent.does('note', { sessionId, content: '123456' });
  await permit(agentId, 'read_only');
  await agent.isRefused('/app/note', { sessionId, content: 'x' }, { code: 'EPERM' });
  await agent.isRefused('/topic/news', 'x', { code: 'EPERM' });
  await permit(agentId, 'full_access');
  await agent.does('note', { sessionId, content: 'x' });
});

test('a repeat of what was stored before the change is confirmed as the first was', async () => {
  const { app, alice, bob } = newTenant();
  const [xuqm, bobs] = [await connectXuqm(alice, app), await connect(bob, [INBOX], {}, app)];
  const send = { messageId: 'once', toId: bob, chatType: 'SINGLE', msgType: 'TEXT', content: '123456' };
  await xuqm.confirmed('/app/chat.send', send);
  await bobs.nextAt(INBOX);
  await setLength(app, 5);
  await permit(alice, 'read_only', app);
  await xuqm.confirmed('/app/chat.send', send);
  xuqm.sendJson('/app/chat.send', { ...send, content: 'other' });
  assert.equal((await xuqm.nextAt<Refusal>(ERRORS)).code, 'ECONFLICT');
  xuqm.sendJson('/app/chat.send', { ...send, messageId: 'new' });
  assert.equal((await xuqm.nextAt<Refusal>(ERRORS)).code, 'EPERM');
  await permit(alice, 'full_access', app);
  await xuqm.confirmed('/app/chat.send', { ...send, messageId: 'last', content: 'last' });
  assert.equal((await bobs.nextAt<ImMessage>(INBOX)).clientMessageId, 'last');
});

test('what was set still counts after a restart', async () => {
  const { app, alice, bob } = newTenant();
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-test-'));
  const first = await startTestServer({ dataDir });
  const admin = tokenOf('boss', { role: 'admin', app });
  const body = { configType: 'chat_settings', newConfig: { maxMessageLength: 5 }, reason: 'a test' };
  await first.call('PUT', SETTINGS, admin, body);
  await first.stop();
  const second = await startTestServer({ dataDir });
  try {
    const client = await StompClient.connect(second.wsUrl, tokenOf(alice, { app }));
    await client.subscribe(ERRORS);
    client.sendJson('/app/chat.send', { toId: bob, chatType: 'SINGLE', msgType: 'TEXT', content: '123456' });
    assert.equal((await client.nextAt<Refusal>(ERRORS)).code, 'ETOOLONG');
    await client.drop();
  } finally {
    await second.stop();
    await rm(dataDir, { recursive: true });
  }
});

test('a token of a user changes nothing', async () => {
  const alice = unique('alice');
  const im = await connect(alice);
  const settings = { configType: 'chat_settings', newConfig: { maxMessageLength: 9 }, reason: 'mine' };
  const answer = await server.call('PUT', SETTINGS, tokenOf(alice), settings);
  const refusal = { code: 'EPERM', message: 'only the role admin or service may do this' };
  assert.deepEqual([answer.status, answer.body], [403, refusal]);
  im.sendJson('/app/private-message', { receiverId: alice, content: 'long enough', clientMsgId: 'c-1' });
  for (;;) if ((await im.nextAt<ImMessage>(STATUS)).status === 2) break;
  assert.deepEqual(im.received(NOTIFICATIONS), []);
});
