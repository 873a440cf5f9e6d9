import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decodeImProtobuf, type ImMessage, ImMessageType, type StompFrame } from '@haina/wire';
import { ManualTimers } from '../src/stomp/testing/manual-timers.ts';
import { subscribeIm } from './support/im-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { runInStore } from './support/store-choice.ts';
import { tokenOf as shortTokenOf } from './support/token.ts';

const NOTIFICATIONS = '/topic/system/notifications';
const ERRORS = '/user/queue/errors';
const EVENTS = '/user/queue/events';
/** Good for all the time that passes here. */
function tokenOf(userId: string, claims: Record<string, unknown> = {}): string {
  return shortTokenOf(userId, { exp: Math.floor(Date.now() / 1000) + 31_536_000, ...claims });
}

const ADMIN = tokenOf('admin', { role: 'admin' });

let server: TestServer;
let dataDir: string;
let ahead = 0;
let timers = new ManualTimers();
const clock = { now: () => Date.now() + ahead };
const clients: StompClient[] = [];
let users = 0;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'haina-notifications-'));
  await start();
});
after(async () => {
  await stop();
  await rm(dataDir, { recursive: true });
});

async function start(): Promise<void> {
  timers = new ManualTimers();
  server = await startTestServer({ dataDir }, { clock, timers });
}

async function stop(): Promise<void> {
  await Promise.all(clients.splice(0).map((client) => client.drop()));
  await server.stop();
}

function pass(ms: number): void {
  ahead += ms;
  timers.advance(ms);
}

interface Issued {
  readonly id: string;
  readonly title: string;
  readonly at: number;
  readonly readAt: number | null;
}

async function issue(input: object): Promise<Issued> {
  const { status, body } = await server.call('POST', '/api/v1/notifications', ADMIN, {
    type: 'announcement',
    title: '系统公告',
    content: 'x',
    ...input,
  });
  assert.equal(status, 201, JSON.stringify(body));
  return body as Issued;
}

/** Connects without a subscription to notifications. */
async function connect(userId: string, claims: Record<string, unknown> = {}): Promise<StompClient> {
  const client = await StompClient.connect(server.wsUrl, tokenOf(userId, claims), '/ws');
  clients.push(client);
  await client.subscribe(ERRORS);
  await subscribeIm(client, EVENTS);
  return client;
}

async function watch(userId: string, claims: Record<string, unknown> = {}): Promise<StompClient> {
  const client = await connect(userId, claims);
  await client.subscribe(NOTIFICATIONS);
  return client;
}

/** A user of a tenant of its own, so that what is told to all is told in this test only. */
function newUser(): { userId: string; claims: { app: string }; admin: string } {
  const n = ++users;
  const app = `tenant${n}`;
  return { userId: `alice${n}`, claims: { app }, admin: tokenOf('boss', { app, role: 'admin' }) };
}

async function issueIn(admin: string, input: object): Promise<Issued> {
  const whole = { type: 'announcement', title: 'x', content: 'x', ...input };
  const { status, body } = await server.call('POST', '/api/v1/notifications', admin, whole);
  assert.equal(status, 201, JSON.stringify(body));
  return body as Issued;
}

async function listOf(token: string, query = ''): Promise<{ notifications: Issued[]; next?: string }> {
  const { status, body } = await server.call('GET', `/api/v1/notifications${query}`, token);
  assert.equal(status, 200);
  return body as { notifications: Issued[]; next?: string };
}

const nextId = async (client: StompClient) => (await client.nextAt<ImMessage>(NOTIFICATIONS)).messageId;

/** Nothing more came: what is told to all arrives behind what came before. */
async function nothingElse(admin: string, ...watching: StompClient[]): Promise<void> {
  const { id } = await issueIn(admin, { title: 'marker' });
  for (const client of watching) assert.equal(await nextId(client), id);
}

for (const [type, number] of [
  ['announcement', ImMessageType.NOTIFICATION_ANNOUNCEMENT],
  ['alert', ImMessageType.NOTIFICATION_ALERT],
  ['promotion', ImMessageType.NOTIFICATION_PROMOTION],
  ['maintenance', ImMessageType.NOTIFICATION_MAINTENANCE],
] as const) {
  test(`a notification of type ${type} reaches all users of the tenant in the documented form`, async () => {
    const { userId, claims, admin } = newUser();
    const [alice, bob, stranger] = [
      await watch(userId, claims),
      await watch('bob', claims),
      await watch('stranger'),
    ];
    const document = {
      title: '系统公告',
      content: '系统将于今晚进行维护升级',
      priority: 'high',
      category: 'maintenance',
      action: 'view_messages',
      maintenanceType: 'scheduled',
      estimatedDuration: '2小时',
      data: { conversationId: '12345' },
      expiresAt: '2035-01-20T23:59:59Z',
    };
    const { id, at } = await issueIn(admin, { type, ...document });
    for (const client of [alice, bob]) {
      const { notification, ...envelope } = await client.nextAt<ImMessage>(NOTIFICATIONS);
      assert.deepEqual(envelope, {
        messageId: id,
        type: number,
        status: 0,
        senderId: 'boss',
        receiverId: '',
        conversationId: '',
        clientMessageId: '',
        version: '2.0',
        deviceId: '',
        source: 'haina',
        timestamp: at,
        sequence: 0,
      });
      assert.deepEqual(JSON.parse(notification?.content ?? ''), document);
      assert.equal(notification?.notificationId, id);
      assert.equal(notification?.expiresAt, Date.parse(document.expiresAt));
    }
    const own = await issue({ title: 'for the stranger' });
    assert.equal(await nextId(stranger), own.id);
  });
}

test('a notification comes in protobuf to who asked for it', async () => {
  const { userId, claims, admin } = newUser();
  const alice = await connect(userId, claims);
  await alice.subscribe(NOTIFICATIONS, { accept: 'application/x-protobuf' });
  const { id } = await issueIn(admin, { type: 'alert', title: '提醒' });
  const { notification, type } = decodeImProtobuf((await alice.next('MESSAGE')).body);
  assert.equal(type, ImMessageType.NOTIFICATION_ALERT);
  assert.deepEqual(
    [notification?.notificationId, notification?.expiresAt, JSON.parse(notification?.content ?? '').title],
    [id, 0, '提醒'],
  );
});

test('a notification to listed users reaches them and nobody else', async () => {
  const { userId, claims, admin } = newUser();
  const [alice, bob] = [await watch(userId, claims), await watch('bob', claims)];
  const { id } = await issueIn(admin, { to: { userIds: [userId, userId] } });
  assert.equal(await nextId(alice), id);
  await nothingElse(admin, alice, bob);
  const path = `/api/v1/notifications/${id}/read`;
  const { status } = await server.call('POST', path, tokenOf('bob', claims));
  assert.equal(status, 404);
});

test('who was away is told of what has not expired, once a user and not once a device', async () => {
  const { userId, claims, admin } = newUser();
  await (await connect(userId, claims)).close();
  const one = await issueIn(admin, { title: 'one' });
  const two = await issueIn(admin, { title: 'two', to: { userIds: [userId] } });
  await issueIn(admin, { title: 'short', expiresAt: clock.now() + 60_000 });
  pass(60_000);
  const phone = await watch(userId, claims);
  assert.deepEqual([await nextId(phone), await nextId(phone)], [one.id, two.id]);
  await nothingElse(admin, phone);
  const tablet = await watch(userId, claims);
  await nothingElse(admin, tablet);
});

test('what a client did not acknowledge comes again at its next subscription', async () => {
  const { userId, claims, admin } = newUser();
  const alice = await connect(userId, claims);
  await alice.subscribe(NOTIFICATIONS, { ack: 'client-individual' });
  const { id } = await issueIn(admin, {});
  const messageIdOf = ({ body }: StompFrame) => JSON.parse(Buffer.from(body).toString()).messageId;
  assert.equal(messageIdOf(await alice.next('MESSAGE')), id);
  await alice.close();
  const again = await connect(userId, claims);
  await again.subscribe(NOTIFICATIONS, { ack: 'client-individual' });
  const second = await again.next('MESSAGE');
  assert.equal(messageIdOf(second), id);
  again.send('ACK', { id: second.headers.get('ack') ?? '', receipt: 'acked' });
  await again.next('RECEIPT');
  await again.close();
  const third = await watch(userId, claims);
  await nothingElse(admin, third);
});

test('a planned notification comes at its time, also where the server was started again meanwhile', async () => {
  const { userId, claims, admin } = newUser();
  const soon = clock.now() + 3_600_000;
  const first = await issueIn(admin, { title: 'in an hour', at: soon });
  const second = await issueIn(admin, { title: 'in two', at: new Date(soon + 3_600_000).toISOString() });
  const missed = await issueIn(admin, { title: 'missed', at: soon + 1, expiresAt: soon + 1000 });
  const alice = await watch(userId, claims);
  assert.deepEqual((await listOf(tokenOf(userId, claims))).notifications, []);
  await stop();
  ahead += 3_600_000;
  ahead -= 30_000;
  await start();
  const early = await issueIn(admin, { title: 'while away' });
  const later = await watch(userId, claims);
  // What was missed has been read, before the clock leaps.
  assert.equal(await nextId(later), early.id);
  ahead += 60_000;
  timers.advance(60_000);
  assert.equal(await nextId(later), first.id);
  pass(3_600_000);
  assert.equal(await nextId(later), second.id);
  const { notifications } = await listOf(tokenOf(userId, claims));
  assert.deepEqual(
    notifications.map(({ id }) => id),
    [second.id, first.id, early.id],
  );
  assert.ok(!notifications.some(({ id }) => id === missed.id));
  assert.deepEqual(alice.received(NOTIFICATIONS), []);
});

test('reading is remembered, by the protocol or by the API, and unread ones are listed first', async () => {
  const { userId, claims, admin } = newUser();
  const token = tokenOf(userId, claims);
  const alice = await watch(userId, claims);
  const ids: string[] = [];
  for (const title of ['one', 'two', 'three']) {
    ids.push((await issueIn(admin, { title })).id);
    pass(1000);
  }
  const [one = '', , three = ''] = ids;
  await alice.confirmed('/app/read-message', { messageId: three });
  assert.equal((await server.call('POST', `/api/v1/notifications/${one}/read`, token)).status, 204);
  assert.equal((await server.call('POST', `/api/v1/notifications/${one}/read`, token)).status, 204);
  const titles: string[] = [];
  let next: string | undefined;
  do {
    const page = await listOf(token, `?limit=1${next === undefined ? '' : `&after=${next}`}`);
    titles.push(...page.notifications.map(({ title, readAt }) => `${title} ${readAt === null}`));
    next = page.next;
  } while (next !== undefined);
  assert.deepEqual(titles, ['two true', 'three false', 'one false']);
  alice.sendJson('/app/read-message', { messageId: 'nothing' });
  assert.deepEqual(await alice.nextAt(ERRORS), {
    code: 'ENOENT',
    message: 'no message nothing',
    destination: '/app/read-message',
    messageId: 'nothing',
  });
});

function deep(levels: number): object {
  return levels === 0 ? {} : { inner: deep(levels - 1) };
}

const BAD: Record<string, [input: object, code: string, field: string]> = {
  'no type': [{ type: undefined }, 'EINVAL', 'type'],
  'an unknown type': [{ type: 'gossip' }, 'EINVAL', 'type'],
  'no title': [{ title: undefined }, 'EINVAL', 'title'],
  'an empty title': [{ title: '' }, 'EINVAL', 'title'],
  'a long title': [{ title: 'x'.repeat(201) }, 'ETOOLONG', 'title'],
  'a long content': [{ content: 'x'.repeat(2001) }, 'ETOOLONG', 'content'],
  'half a character': [{ content: '\ud800' }, 'EINVAL', 'content'],
  'an unknown priority': [{ priority: 'urgent' }, 'EINVAL', 'priority'],
  'a long action': [{ action: 'x'.repeat(129) }, 'ETOOLONG', 'action'],
  'data that is no object': [{ data: [1] }, 'EINVAL', 'data'],
  'too much data': [{ data: { x: 'x'.repeat(40_000) } }, 'ETOOLONG', 'data'],
  'data too deep': [{ data: deep(65) }, 'EINVAL', 'data'],
  'an expiry without a zone': [{ expiresAt: '2030-01-01T00:00:00' }, 'EINVAL', 'expiresAt'],
  'an expiry that is past': [{ expiresAt: 1 }, 'EINVAL', 'expiresAt'],
  'an expiry before its time': [
    { at: '2030-01-02T00:00:00Z', expiresAt: '2030-01-01T00:00:00Z' },
    'EINVAL',
    'expiresAt',
  ],
  'a time that is none': [{ at: 'tomorrow' }, 'EINVAL', 'at'],
  'a time too far ahead': [{ at: 8e15 }, 'EINVAL', 'at'],
  'a time that no Date can hold': [{ at: Number.MAX_SAFE_INTEGER }, 'EINVAL', 'at'],
  'an expiry that no Date can hold': [{ expiresAt: Number.MAX_SAFE_INTEGER }, 'EINVAL', 'expiresAt'],
  'nobody to tell': [{ to: { userIds: [] } }, 'EINVAL', 'to.userIds'],
  'an unknown recipient': [{ to: { userIds: ['alice', 'nobody at all'] } }, 'ENOENT', 'to.userIds'],
  'too many recipients': [{ to: { userIds: Array(10_001).fill('alice') } }, 'ETOOLONG', 'to.userIds'],
  'an unknown field': [{ sound: 'loud' }, 'EINVAL', 'sound'],
};

for (const [name, [input, code, field]] of Object.entries(BAD)) {
  test(`a notification with ${name} is refused, and the refusal names ${field}`, async () => {
    const whole = { type: 'alert', title: 'x', content: 'x', ...input };
    const { body } = await server.call('POST', '/api/v1/notifications', ADMIN, whole);
    const refusal = body as { code: string; field: string };
    assert.deepEqual([refusal.code, refusal.field], [code, field]);
  });
}

test('a stored notification whose expiry no Date can hold is told as one that never expires', async () => {
  const { userId, claims, admin } = newUser();
  const { id } = await issueIn(admin, { title: 'from before' });
  await stop();
  await runInStore(
    dataDir,
    `UPDATE notification SET expires_at = ${Number.MAX_SAFE_INTEGER} WHERE id = '${id}'`,
  );
  await start();
  const alice = await watch(userId, claims);
  const { messageId, notification } = await alice.nextAt<ImMessage>(NOTIFICATIONS);
  assert.deepEqual([messageId, notification?.expiresAt], [id, 0]);
  await nothingElse(admin, alice);
});

test('only managers notify, and a page starts where another ended', async () => {
  const whole = { type: 'alert', title: 'x', content: 'x' };
  const user = tokenOf('alice');
  assert.equal((await server.call('POST', '/api/v1/notifications', user, whole)).status, 403);
  const service = tokenOf('robot', { role: 'service' });
  assert.equal((await server.call('POST', '/api/v1/notifications', service, whole)).status, 201);
  const { status, body } = await server.call('GET', '/api/v1/notifications?after=x', user);
  assert.deepEqual([status, (body as { field: string }).field], [400, 'after']);
});

test('a client does not send to the topic of notifications', async () => {
  const alice = await watch('alice');
  alice.sendJson(NOTIFICATIONS, { title: 'x' });
  assert.equal((await alice.nextAt<{ code: string }>(ERRORS)).code, 'EPERM');
});

test('the length that managers set for messages does not bind what they tell', async () => {
  const { userId, claims, admin } = newUser();
  const body = { configType: 'chat_settings', newConfig: { maxMessageLength: 5 }, reason: 'a test' };
  assert.equal((await server.call('PUT', '/api/v1/admin/settings', admin, body)).status, 200);
  const alice = await watch(userId, claims);
  const { id } = await issueIn(admin, { content: 'x'.repeat(2000) });
  assert.equal(await nextId(alice), id);
  const tooLong = { type: 'alert', title: 'x', content: 'x'.repeat(2001) };
  assert.equal((await server.call('POST', '/api/v1/notifications', admin, tooLong)).status, 413);
});

test('a notification goes once it is older than it is kept, with who has read it', async () => {
  const { userId, claims, admin } = newUser();
  const token = tokenOf(userId, claims);
  await (await connect(userId, claims)).close();
  const { id } = await issueIn(admin, {});
  const read = () => server.call('POST', `/api/v1/notifications/${id}/read`, token);
  assert.equal((await read()).status, 204);
  // The clock alone: what waits for the time does not have to go through each of these days.
  ahead += 90 * 86_400_000 - 60_000;
  assert.equal((await listOf(token)).notifications.length, 1);
  ahead += 60_000;
  for (let minutes = 0; (await listOf(token)).notifications.length > 0; minutes++) {
    assert.ok(minutes < 100, 'it is still there');
    pass(60_000);
  }
  assert.equal((await read()).status, 404);
});

test('the times of a notification are ms in the API however they were sent, and ISO 8601 in its document', async () => {
  const { userId, claims, admin } = newUser();
  const alice = await watch(userId, claims);
  const expiresAt = Date.parse('2034-05-06T07:08:09Z');
  const forms = [expiresAt, String(expiresAt), '2034-05-06T07:08:09Z', '2034-05-06T15:08:09+08:00'];
  for (const given of forms) {
    const issued = await issueIn(admin, { at: null, expiresAt: given });
    assert.deepEqual({ ...issued, expiresAt }, issued);
    const { notification } = await alice.nextAt<ImMessage>(NOTIFICATIONS);
    assert.equal(notification?.expiresAt, expiresAt);
    assert.equal(JSON.parse(notification?.content ?? '').expiresAt, '2034-05-06T07:08:09Z');
  }
});
