import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { decodeImProtobuf, type ImMessage, ImMessageType, type StompFrame } from '@haina/wire';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { connectionOptions } from '../src/events/nats/options.ts';
import { ensureConsumers } from '../src/events/nats/streams.ts';
import { startChildServer } from './support/child-server.ts';
import { subscribeIm } from './support/im-client.ts';
import { makeStream, NatsPeer, parsed, storedEvents, streamNames } from './support/nats-peer.ts';
import { NatsServer, SKIP_NATS } from './support/nats-server.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { TEST_CA, TEST_CERT, TEST_KEY } from './support/tls-fixture.ts';
import { tokenOf } from './support/token.ts';

const EVENTS = '/user/queue/events';
const PRESENCE = '/user/queue/user-status';
const STATUS = '/user/queue/message-status';
const INBOX = '/user/queue/private-messages';
const ALL = [EVENTS, PRESENCE, STATUS, INBOX];
const PROTOBUF = 'application/x-protobuf';
const TIME = '2024-01-20T10:00:00Z';
const admin = () => tokenOf('admin', { role: 'admin' });

let nats: NatsServer;
let server: TestServer;
let peer: NatsPeer;
let count = 0;
const clients: StompClient[] = [];

function settings() {
  return { natsUrl: [nats.url], natsStartDelay: 0, presenceGrace: 1 };
}

async function connect(
  userId: string,
  destinations: readonly string[] = ALL,
  headers: Record<string, string> = {},
  at = server,
): Promise<StompClient> {
  const client = await StompClient.open(`${at.wsUrl}/ws`);
  clients.push(client);
  client.send('CONNECT', { 'accept-version': '1.2', Authorization: `Bearer ${tokenOf(userId)}`, ...headers });
  await client.next('CONNECTED');
  for (const destination of destinations) await subscribeIm(client, destination);
  return client;
}

function unique(name: string): string {
  return `${name}-nats${++count}`;
}

async function makeUser(name: string): Promise<string> {
  const id = unique(name);
  const body = { id, username: id, nickname: id };
  assert.equal((await server.call('POST', '/api/v1/users', admin(), body)).status, 201);
  return id;
}

async function makeGroup(...members: string[]): Promise<string> {
  const id = unique('group');
  const body = { id, name: '技术交流群', members: members.map((userId) => ({ userId })) };
  assert.equal((await server.call('POST', '/api/v1/groups', admin(), body)).status, 201);
  return id;
}

function documentOf({ event }: ImMessage): Record<string, unknown> {
  return JSON.parse(event?.content ?? 'null');
}

function protobufOf({ headers, body }: StompFrame): ImMessage {
  assert.equal(headers.get('content-type'), PROTOBUF);
  return decodeImProtobuf(body);
}

function at(destination: string) {
  return ({ command, headers }: StompFrame) =>
    command === 'MESSAGE' && headers.get('destination') === destination;
}

/** What came at a destination with this event's id, once everything was pushed. */
function copies(client: StompClient, destination: string, eventId: string): number {
  return client.received(destination).filter((body) => body.includes(eventId)).length;
}

/** The next message at a destination that tells what another system said, and not the server itself. */
async function outside(client: StompClient, destination: string): Promise<ImMessage> {
  for (;;) {
    const message = await client.nextAt<ImMessage>(destination);
    if (message.source !== 'haina') return message;
  }
}

describe('business events by NATS', { skip: SKIP_NATS }, () => {
  before(async () => {
    nats = await NatsServer.start();
    server = await startTestServer(settings());
    peer = await NatsPeer.connect(nats.url);
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.drop()));
    await peer.close();
    await server.stop();
    await nats.stop();
  });

  test('a user event reaches those who share a conversation with the user, in JSON and protobuf', async () => {
    const [alice, bob, carol] = [await makeUser('alice'), await makeUser('bob'), await makeUser('carol')];
    await makeGroup(alice, bob);
    await makeGroup(alice, bob);
    const [json, protobuf] = [
      await connect(bob),
      await connect(bob, [PRESENCE, EVENTS], { accept: PROTOBUF }),
    ];
    const [own, stranger] = [await connect(alice), await connect(carol)];
    const event = {
      eventType: 'business.user.login',
      userId: alice,
      deviceId: 'device_001',
      loginTime: TIME,
      ipAddress: '192.168.1.100',
      clientType: 'web',
      userAgent: 'Mozilla/5.0...',
      city: { name: '上海' },
    };
    const eventId = unique('crm');
    await peer.publish('business.user.login', event, eventId);
    const at40 = async (destination: string) => {
      for (;;) {
        const message = await outside(json, destination);
        if (message.event?.eventId === eventId) return message;
      }
    };
    const message = await at40(PRESENCE);
    const { timestamp, ...envelope } = message;
    assert.ok(Math.abs(timestamp - Date.now()) < 60_000);
    assert.deepEqual(envelope, {
      messageId: eventId,
      type: ImMessageType.EVENT_USER_STATUS_CHANGE,
      status: 0,
      senderId: alice,
      receiverId: '',
      conversationId: '',
      clientMessageId: '',
      version: '2.0',
      deviceId: 'device_001',
      source: 'nats',
      sequence: 0,
      event: { content: message.event?.content, eventType: 'business.user.login', eventId },
    });
    assert.deepEqual(documentOf(message), { ...event, eventId });
    assert.deepEqual(await at40(EVENTS), message);
    for (const destination of [PRESENCE, EVENTS]) {
      const frame = await protobuf.nextMatching(
        destination,
        (found) => at(destination)(found) && protobufOf(found).event?.eventId === eventId,
      );
      assert.deepEqual(protobufOf(frame), message);
    }
    const mine = await outside(own, EVENTS);
    assert.equal(mine.event?.eventId, eventId);
    await peer.drained();
    assert.deepEqual([copies(json, PRESENCE, eventId), copies(json, EVENTS, eventId)], [0, 0], 'once each');
    assert.equal(copies(own, PRESENCE, eventId), 0, 'nobody is told of itself there');
    assert.deepEqual([copies(stranger, PRESENCE, eventId), copies(stranger, EVENTS, eventId)], [0, 0]);
  });

  test('an event of a group reaches its topic and the events of its members, once each', async () => {
    const [alice, bob, carol] = [await makeUser('alice'), await makeUser('bob'), await makeUser('carol')];
    const groupId = await makeGroup(alice, bob);
    const topic = `/topic/conversation/${groupId}`;
    const [one, other] = [await connect(alice, [topic, ...ALL]), await connect(bob, [EVENTS])];
    const outsider = await connect(carol);
    const event = {
      eventId: unique('hr'),
      eventType: 'business.group.updated',
      groupId,
      groupName: '新名字',
      operatorId: carol,
    };
    await peer.publish(event.eventType, event);
    for (const [client, destination] of [
      [one, topic],
      [one, EVENTS],
      [other, EVENTS],
      [outsider, EVENTS],
    ] as const) {
      const message = await outside(client, destination);
      assert.equal(message.type, ImMessageType.EVENT_GROUP_UPDATE);
      assert.deepEqual(
        [message.senderId, message.receiverId, message.conversationId],
        [carol, groupId, groupId],
      );
      assert.deepEqual(documentOf(message), event);
    }
    await peer.drained();
    for (const destination of [topic, EVENTS]) assert.equal(copies(one, destination, event.eventId), 0);
    assert.equal(copies(one, STATUS, event.eventId), 0);
  });

  test('an event of a message reaches the message status of the participants, in groups and single chats', async () => {
    const [alice, bob] = [await makeUser('alice'), await makeUser('bob')];
    const groupId = await makeGroup(alice, bob);
    const [one, other] = [await connect(alice), await connect(bob)];
    for (const conversationId of [groupId, `single:${alice}:${bob}`]) {
      const event = {
        eventId: unique('audit'),
        eventType: 'communication.message.recalled',
        messageId: 'msg_001',
        conversationId,
        operatorId: alice,
        reason: '用户撤回',
        timestamp: TIME,
      };
      await peer.publish(event.eventType, event);
      for (const client of [one, other]) {
        for (const destination of [STATUS, EVENTS]) {
          const message = await outside(client, destination);
          assert.deepEqual(
            [message.type, message.status, message.messageId, message.conversationId],
            [ImMessageType.EVENT_MESSAGE_STATUS_CHANGE, 6, 'msg_001', conversationId],
          );
          assert.deepEqual(documentOf(message), event);
        }
      }
    }
  });

  test('an event of a type nobody knows goes by its prefix to whom it names', async () => {
    const [alice, bob] = [await makeUser('alice'), await makeUser('bob')];
    const groupId = await makeGroup(alice, bob);
    const [one, other] = [await connect(alice), await connect(bob)];
    const publish = (eventType: string, fields: object) =>
      peer.publish(eventType, { eventId: unique('x'), ...fields });
    await publish('business.user.badge', { userId: alice, colour: 'gold' });
    assert.equal((await outside(other, PRESENCE)).type, 40);
    await publish('business.group.closed', { groupId });
    await publish('communication.call.started', { conversationId: groupId });
    await publish('business.permission.revoked', { userId: bob });
    const types: number[] = [];
    while (types.length < 4) types.push((await outside(other, EVENTS)).type);
    assert.deepEqual(types.sort(), [40, 41, 42, 43], 'in any order, as they are of two subjects');
    assert.deepEqual((await outside(one, EVENTS)).event?.eventType, 'business.user.badge');
  });

  test('an event that comes twice is told once', async () => {
    const alice = await makeUser('alice');
    const client = await connect(alice, [EVENTS]);
    const eventId = unique('twice');
    for (let round = 0; round < 2; round++) {
      await peer.publish('business.user.logout', { eventId, userId: alice, round });
    }
    await peer.publish('business.user.logout', { eventId: `${eventId}-next`, userId: alice });
    const told = [await outside(client, EVENTS), await outside(client, EVENTS)];
    assert.deepEqual(
      told.map(({ event }) => event?.eventId),
      [eventId, `${eventId}-next`],
    );
  });

  for (const [what, subject, body, reason] of [
    ['no JSON', 'business.user.login', '{"userId":', /body is not valid JSON/],
    ['no UTF-8', 'business.user.login', new Uint8Array([0xff, 0xfe]), /not valid UTF-8/],
    ['no object', 'business.user.login', '[]', /EINVAL: the body must be an object/],
    ['a prototype', 'business.user.login', '{"__proto__":{}}', /__proto__ is not allowed/],
    ['no user', 'business.user.login', { deviceId: 'x' }, /EINVAL: userId is missing/],
    ['a user that is an object', 'business.user.login', { userId: {} }, /EINVAL: userId must be a string/],
    ['another type', 'business.user.login', { userId: 'a', eventType: 'business.user.logout' }, /eventType/],
    ['no message', 'communication.message.recalled', { conversationId: 'c' }, /messageId is missing/],
    ['a deep one', 'business.user.login', deepEvent(), /nested deeper than/],
  ] as const) {
    test(`a malformed event (${what}) goes to the dead letters as it came, and is counted`, async () => {
      const malformed = async () => {
        const text = await (await fetch(`${server.url}/metrics`)).text();
        const [, figure = 0] =
          /haina_events_in_total\{source="nats",outcome="malformed"\} (\d+)/.exec(text) ?? [];
        return Number(figure);
      };
      const before = await malformed();
      await peer.publish(subject, body);
      const dead = await peer.next(`haina.deadletter.${subject}`);
      assert.match(dead.headers?.get('Haina-Reason') ?? '', reason);
      assert.equal(dead.headers?.get('Haina-Subject'), subject);
      const sent = body instanceof Uint8Array ? body : typeof body === 'string' ? body : JSON.stringify(body);
      assert.deepEqual(Buffer.from(dead.data), Buffer.from(sent as string));
      await peer.drained();
      assert.equal(await malformed(), before + 1);
    });
  }

  test('a malformed event as large as NATS takes is cut for the dead letters, and holds up nothing', async () => {
    const alice = await makeUser('alice');
    const client = await connect(alice, [EVENTS]);
    const body = Buffer.alloc(1_048_576, 'x');
    await peer.publish('business.user.login', body);
    const subject = `business.user.${'x'.repeat(4000)}`;
    await peer.publish(subject, '{}');
    const next = { eventId: unique('next'), userId: alice };
    await peer.publish('business.user.login', next);
    assert.equal((await outside(client, EVENTS)).event?.eventId, next.eventId);
    const dead = await peer.next(
      'haina.deadletter.business.user.login',
      ({ headers }) => headers?.get('Haina-Size') === String(body.length),
    );
    assert.deepEqual(Buffer.from(dead.data), body.subarray(0, dead.data.length));
    const long = await peer.next(`haina.deadletter.${subject.slice(0, 256)}`);
    assert.equal(long.headers?.get('Haina-Subject'), subject);
    await peer.drained();
  });

  test('what users do is published with an id, and does not come back to clients', async () => {
    const [alice, bob] = [await makeUser('alice'), await makeUser('bob')];
    const find = async (subject: string, field: string, value: string) => {
      const found = await peer.next(subject, (message) => parsed(message.string())?.[field] === value);
      const event = found.json<Record<string, unknown>>();
      assert.equal(found.headers?.get('Nats-Msg-Id'), event.eventId);
      assert.deepEqual([event.eventType, event.appId, event.origin], [subject, 'default', 'haina']);
      assert.ok(event.eventId);
      return event;
    };
    const device = { deviceId: 'alice-phone', clientType: 'web' };
    const [phone, bobs] = [await connect(alice, ALL, device), await connect(bob)];
    const login = await find('business.user.login', 'userId', alice);
    assert.deepEqual(
      [login.deviceId, login.clientType, login.ipAddress],
      ['alice-phone', 'web', '127.0.0.1'],
    );
    assert.match(String(login.loginTime), /^\d{4}-\d\d-\d\dT/);
    assert.equal((await find('business.user.status.changed', 'userId', alice)).status, 'online');

    phone.sendJson('/app/private-message', { receiverId: bob, content: '你好', clientMsgId: 'c-1' });
    const { messageId, conversationId } = await outside(bobs, INBOX);
    const created = await find('business.conversation.created', 'conversationId', conversationId);
    assert.deepEqual(created.memberIds, [alice, bob]);
    const sent = await find('communication.message.sent', 'messageId', messageId);
    assert.deepEqual(
      [
        sent.conversationId,
        sent.senderId,
        sent.receiverId,
        sent.content,
        sent.sequence,
        sent.clientMessageId,
      ],
      [conversationId, alice, bob, '你好', 1, 'c-1'],
    );
    phone.sendJson('/app/edit-message', { messageId, newContent: 'Hello', editReason: 'a slip' });
    const edited = await find('communication.message.edited', 'messageId', messageId);
    assert.deepEqual([edited.operatorId, edited.content, edited.reason], [alice, 'Hello', 'a slip']);
    bobs.sendJson('/app/delete-message', { messageId, deleteScope: 0 });
    assert.equal((await find('communication.message.deleted', 'messageId', messageId)).operatorId, bob);
    phone.sendJson('/app/delete-message', { messageId, deleteScope: 1, deleteReason: '用户撤回' });
    const recalled = await find('communication.message.recalled', 'messageId', messageId);
    assert.deepEqual([recalled.operatorId, recalled.reason], [alice, '用户撤回']);

    const groupId = await makeGroup(alice);
    const group = await find('business.group.created', 'groupId', groupId);
    assert.deepEqual([group.groupName, group.creatorId, group.memberCount], ['技术交流群', 'admin', 1]);
    assert.equal((await find('business.group.member.joined', 'groupId', groupId)).memberId, alice);
    await server.call('PATCH', `/api/v1/groups/${groupId}`, admin(), { name: 'Another' });
    assert.equal((await find('business.group.updated', 'groupId', groupId)).groupName, 'Another');
    await server.call('DELETE', `/api/v1/groups/${groupId}/members/${alice}`, admin());
    assert.equal((await find('business.group.member.left', 'groupId', groupId)).memberId, alice);
    await server.call('PATCH', `/api/v1/users/${alice}`, admin(), { nickname: '爱丽丝' });
    assert.equal((await find('business.user.profile.updated', 'userId', alice)).nickname, '爱丽丝');
    await phone.drop();
    assert.equal((await find('business.user.logout', 'userId', alice)).deviceId, 'alice-phone');
    assert.equal((await find('business.user.status.changed', 'userId', alice)).status, 'offline');

    await peer.drained();
    const fromNats = ALL.flatMap((destination) => bobs.received(destination)).filter((body) =>
      body.includes('"source":"nats"'),
    );
    assert.deepEqual(fromNats, []);
  });

  test('what came from NATS is pushed and not published again', async () => {
    const alice = await makeUser('alice');
    const client = await connect(alice, [EVENTS]);
    const eventId = unique('echo');
    await peer.publish('business.user.login', { eventId, userId: alice });
    await client.nextAt(EVENTS);
    const byApi = { eventId: `${eventId}-api`, eventType: 'business.user.login', userId: alice };
    assert.equal((await server.call('POST', '/api/v1/events', admin(), byApi)).status, 202);
    await client.nextAt(EVENTS);
    // What the server publishes from now on comes after what it might have published before.
    const groupId = await makeGroup(alice);
    await peer.next('business.group.created', (message) => message.string().includes(groupId));
    const stored = (await storedEvents(nats.url)).map((event) => event.eventId);
    assert.equal(stored.filter((id) => id === eventId).length, 1);
    assert.ok(!stored.includes(byApi.eventId));
  });
});

/** A server with a NATS of its own, where another system is too; to be stopped and started again. */
async function openRestartable(t: TestContext) {
  const own = await NatsServer.start();
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-test-'));
  t.after(() => Promise.all([own.stop(), rm(dataDir, { recursive: true })]));
  const given = { dataDir, natsUrl: [own.url], natsStartDelay: 1000 };
  let server = await startTestServer(given);
  t.after(() => server.stop());
  const other = await NatsPeer.connect(own.url);
  t.after(() => other.close());
  return {
    other,
    get server() {
      return server;
    },
    async start() {
      server = await startTestServer(given);
    },
  };
}

test('an event that is published while the server is down is pushed after its start', {
  skip: SKIP_NATS,
}, async (t) => {
  const node = await openRestartable(t);
  const { other } = node;
  const alice = await connect('alice', [EVENTS], {}, node.server);
  await other.publish('business.user.login', { eventId: 'before', userId: 'alice' });
  assert.equal((await outside(alice, EVENTS)).event?.eventId, 'before');
  await alice.drop();
  await node.server.stop();
  await other.publish('business.user.login', { eventId: 'meanwhile', userId: 'alice' });
  await node.start();
  const back = await connect('alice', [EVENTS], {}, node.server);
  assert.equal((await outside(back, EVENTS)).event?.eventId, 'meanwhile');
  await back.drop();
});

test('no event is lost that is published while the server stops', { skip: SKIP_NATS }, async (t) => {
  const node = await openRestartable(t);
  const { other } = node;
  const before = await connect('alice', [EVENTS], {}, node.server);
  let published = 0;
  const publish = async (rounds: number) => {
    for (let round = 0; round < rounds; round++) {
      await other.publish('business.user.login', { eventId: `e-${published++}`, userId: 'alice' });
    }
  };
  const told = new Set<string>();
  const note = ({ event }: ImMessage) => {
    if (event?.eventId.startsWith('e-')) told.add(event.eventId);
  };
  await publish(1);
  note(await outside(before, EVENTS));
  let isStopped = false;
  const stopped = node.server.stop().then(() => {
    isStopped = true;
  });
  while (!isStopped) await publish(1);
  await stopped;
  await node.start();
  const after = await connect('alice', [EVENTS], {}, node.server);
  await publish(1);
  for (const body of before.received(EVENTS)) note(JSON.parse(body));
  while (told.size < published) note(await outside(after, EVENTS));
  await Promise.all([before.drop(), after.drop()]);
});

test('what comes after the start is pushed at once where nothing waits from before', {
  skip: SKIP_NATS,
}, async (t) => {
  const own = await NatsServer.start();
  t.after(() => own.stop());
  const running = await startTestServer({ natsUrl: [own.url], natsStartDelay: 3_600_000 });
  t.after(() => running.stop());
  const other = await NatsPeer.connect(own.url);
  t.after(() => other.close());
  const alice = await connect('alice', [EVENTS], {}, running);
  await other.publish('business.user.login', { eventId: 'at once', userId: 'alice' });
  assert.equal((await outside(alice, EVENTS)).event?.eventId, 'at once');
  await alice.drop();
});

test('the server serves while NATS is away, and publishes what happened once it is back', {
  skip: SKIP_NATS,
}, async (t) => {
  const own = await NatsServer.start();
  t.after(() => own.stop());
  await own.pause();
  const away = await startTestServer({ natsUrl: [own.url], natsStartDelay: 0 });
  t.after(() => away.stop());
  const [alice, bob] = [await connect('alice', [], {}, away), await connect('bob', [INBOX], {}, away)];
  const said: string[] = [];
  const say = async (content: string) => {
    alice.sendJson('/app/private-message', { receiverId: 'bob', content });
    await bob.nextAt(INBOX);
    said.push(content);
  };
  const allPublished = async () => {
    for (;;) {
      const stored = await storedEvents(own.url);
      const texts = stored.flatMap(({ content }) => (content === undefined ? [] : [content]));
      if (texts.length < said.length) continue;
      assert.deepEqual(texts, said);
      return;
    }
  };
  await say('while it was down at the start');
  await own.resume();
  await allPublished();
  await own.pause();
  await say('while it was away');
  await say('and still away');
  await own.resume();
  await allPublished();
  await say('and back');
  await allPublished();
  await Promise.all([alice.drop(), bob.drop()]);
});

test('every message is published once though the server is killed', { skip: SKIP_NATS }, async (t) => {
  const own = await NatsServer.start();
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-test-'));
  t.after(() => own.stop());
  const settings = { HAINA_DATA_DIR: dataDir, HAINA_NATS_URL: own.url, HAINA_AUTO_PROVISION: 'true' };
  let running = await startChildServer(settings);
  const senders = Array.from({ length: 10 }, (_, index) => `sender${index}`);
  const sockets = await Promise.all(senders.map((sender) => StompClient.of(running.wsUrl, sender)));
  const confirmed: string[] = [];
  const sendUntilKilled = async (socket: StompClient, index: number) => {
    for (let round = 0; ; round++) {
      const messageId = `${index}-${round}`;
      const message = { appId: 'default', messageId, chatType: 'SINGLE', msgType: 'TEXT', content: 'x' };
      const toId = senders[(index + 1) % senders.length];
      await socket.confirmed('/app/chat.send', { ...message, toId }, messageId);
      if (confirmed.push(messageId) === 500) await running.kill();
    }
  };
  await Promise.allSettled(sockets.map(sendUntilKilled));
  running = await startChildServer(settings);
  // Takes the folder with it.
  t.after(() => running.stop());
  const published = async () =>
    (await storedEvents(own.url)).flatMap(({ clientMessageId }) =>
      typeof clientMessageId === 'string' ? [clientMessageId] : [],
    );
  let found = await published();
  const isThere = (id: string) => found.includes(id);
  while (!confirmed.every(isThere)) found = await published();
  assert.equal(new Set(found).size, found.length, 'none twice');
});

for (const [what, args, login, given] of [
  ['a token', ['--auth', 's3cret'], { token: 's3cret' }, { natsToken: 's3cret' }],
  ['a name and password', ['--user', 'me', '--pass', 'p@ss'], { user: 'me', pass: 'p@ss' }, {}],
] as const) {
  test(`the server logs in to NATS with ${what}`, { skip: SKIP_NATS }, async (t) => {
    const own = await NatsServer.start(...args);
    t.after(() => own.stop());
    const natsUrl = [what === 'a token' ? own.url : own.url.replace('//', '//me:p%40ss@')];
    const running = await startTestServer({ natsUrl, ...given });
    t.after(() => running.stop());
    const body = { id: 'told', name: 'A group' };
    await running.call('POST', '/api/v1/groups', admin(), body);
    for (;;) {
      const stored = await storedEvents(own.url, login);
      if (stored.some(({ groupId }) => groupId === 'told')) break;
    }
  });
}

test('the server reaches NATS over TLS with a name and password, and only where it knows the authority', {
  skip: SKIP_NATS,
}, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'haina-test-'));
  t.after(() => rm(dir, { recursive: true }));
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  await Promise.all([writeFile(cert, TEST_CERT), writeFile(key, TEST_KEY)]);
  const login = ['--user', 'me', '--pass', 'p@ss'];
  const own = await NatsServer.start(...login, '--tls', '--tlscert', cert, '--tlskey', key);
  t.after(() => own.stop());
  const natsUrl = [own.url.replace('nats://', 'tls://me:p%40ss@')];
  const options = {
    urls: natsUrl,
    stream: 'HAINA_EVENTS',
    consumer: 'haina',
    deadLetter: 'haina.deadletter',
  };
  await assert.rejects(connectNats(connectionOptions(options)), /unable to verify|self-signed/);
  const known = getCACertificates();
  setDefaultCACertificates([...known, TEST_CA]);
  t.after(() => setDefaultCACertificates(known));
  const running = await startTestServer({ natsUrl });
  t.after(() => running.stop());
  await running.call('POST', '/api/v1/groups', admin(), { id: 'told', name: 'A group' });
  const tls = { tls: {}, user: 'me', pass: 'p@ss' };
  for (;;) {
    if ((await storedEvents(own.url, tls)).some(({ groupId }) => groupId === 'told')) break;
  }
});

test('a stream with a part of the subjects is refused by its name, and nothing is made beside it', {
  skip: SKIP_NATS,
}, async (t) => {
  const own = await NatsServer.start();
  t.after(() => own.stop());
  await makeStream(own.url, 'THEIRS', ['business.user.>']);
  const connection = await connectNats({ servers: own.url.replace('nats://', '') });
  t.after(() => connection.close());
  const options = { urls: [own.url], stream: 'OURS', consumer: 'haina', deadLetter: 'haina.deadletter' };
  await assert.rejects(
    ensureConsumers(await jetstreamManager(connection), options),
    /the stream THEIRS has a part of business\.> only/,
  );
  assert.deepEqual(await streamNames(own.url), ['THEIRS']);
});

test('a stream that has the subjects already is used as it is, from now on', {
  skip: SKIP_NATS,
}, async (t) => {
  const own = await NatsServer.start();
  t.after(() => own.stop());
  await makeStream(own.url, 'THEIRS', ['business.>', 'communication.>']);
  const other = await NatsPeer.connect(own.url);
  t.after(() => other.close());
  await other.publish('business.user.login', { eventId: 'long ago', userId: 'alice' });
  const running = await startTestServer({ natsUrl: [own.url], natsStartDelay: 0 });
  t.after(() => running.stop());
  const alice = await connect('alice', [EVENTS], {}, running);
  // Its own facts are published once the consumers are there.
  await other.next('business.user.login', (message) => message.string().includes('"origin":"haina"'));
  await other.publish('business.user.login', { eventId: 'now', userId: 'alice' });
  assert.equal((await outside(alice, EVENTS)).event?.eventId, 'now');
  assert.deepEqual(await streamNames(own.url), ['HAINA_EVENTS_DEAD', 'THEIRS']);
  await alice.drop();
});

function deepEvent(): string {
  return `{"userId":"a","deep":${'['.repeat(100)}${']'.repeat(100)}}`;
}
