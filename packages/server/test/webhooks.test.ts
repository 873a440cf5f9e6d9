import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ImMessage } from '@haina/wire';
import { ManualTimers } from '../src/stomp/testing/manual-timers.ts';
import { subscribeIm } from './support/im-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';
import { isGenuine, type Received, WebhookReceiver } from './support/webhook-receiver.ts';

const HOOKS = '/api/v1/webhooks';
const DEAD = `${HOOKS}/dead-letters`;
/** Tests travel in time further than other tokens last. */
const FAR = 4_102_444_800;
const SECRET = 'a secret of the receiver';

interface DeadLetter {
  readonly id: string;
  readonly webhookId: string;
  readonly event: { readonly groupId: string };
  readonly tries: number;
  readonly failure: string;
}

interface Hook {
  readonly id: string;
  readonly secret: string;
}

const timers = new ManualTimers();
let offset = 0;
const clock = { now: () => Date.now() + offset };
let server: TestServer;
let receiver: WebhookReceiver;
let count = 0;

before(async () => {
  server = await startTestServer({ webhookTries: 3, webhookTimeout: 600_000 }, { clock, timers });
  receiver = await WebhookReceiver.start();
});
after(async () => {
  await server.stop();
  await receiver.stop();
});

/** Lets time pass until something has come about. */
async function travelUntil(isDone: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isDone())) {
    offset += 1000;
    timers.advance(1000);
    // As long as an exchange takes, so that none is under way for longer than the timeout.
    await fetch(`${server.url}/healthz`);
  }
}

/** An application of its own, so that the webhooks of one test get nothing of another. */
function newApp() {
  const app = `app${++count}`;
  const admin = tokenOf('admin', { role: 'admin', app, exp: FAR });
  return {
    app,
    admin,
    async hook(events: readonly string[], more: object = {}): Promise<Hook> {
      const { status, body } = await server.call('POST', HOOKS, admin, {
        url: receiver.url,
        events,
        ...more,
      });
      assert.equal(status, 201, JSON.stringify(body));
      return body as Hook;
    },
    async makeGroup(id: string): Promise<void> {
      await server.call('POST', '/api/v1/groups', admin, { id, name: 'A group' });
    },
    async deadLetters(): Promise<DeadLetter[]> {
      const { body } = await server.call('GET', DEAD, admin);
      return (body as { deadLetters: [] }).deadLetters;
    },
  };
}

const ofGroup =
  (groupId: string) =>
  ({ event }: Received) =>
    event.groupId === groupId;

test('what happens is sent signed to whoever asked for it, and nothing else', async () => {
  const { app, hook, makeGroup } = newApp();
  const { id, secret } = await hook(['business.group.*'], { secret: SECRET });
  assert.equal(secret, SECRET);
  await makeGroup('one');
  const received = await receiver.next(ofGroup('one'));
  const { eventId, eventType, groupName, appId, origin } = received.event;
  assert.deepEqual(
    [eventType, groupName, appId, origin],
    ['business.group.created', 'A group', app, 'haina'],
  );
  const { headers } = received;
  assert.equal(headers['content-type'], 'application/json; charset=utf-8');
  assert.deepEqual([headers['haina-event-id'], headers['haina-event-type']], [eventId, eventType]);
  assert.match(String(headers['haina-delivery']), /^\d+$/);
  assert.ok(Math.abs(Number(headers['haina-timestamp']) - clock.now()) < 60_000);
  assert.ok(isGenuine(received, SECRET));
  assert.ok(!isGenuine({ ...received, text: `${received.text} ` }, SECRET), 'a changed body is found out');
  assert.ok(!isGenuine(received, 'another secret'));
  const { body } = await server.call('GET', HOOKS, tokenOf('admin', { role: 'admin', app, exp: FAR }));
  assert.doesNotMatch(JSON.stringify(body), /secret/, 'secrets are shown once');
  assert.equal((body as { webhooks: Hook[] }).webhooks[0]?.id, id);
});

test('a message that is sent, through whatever protocol, is told', async () => {
  const { app, hook } = newApp();
  const { secret } = await hook(['communication.message.sent']);
  const alice = await StompClient.connect(server.wsUrl, tokenOf('alice', { app, exp: FAR }));
  const bob = await StompClient.connect(server.wsUrl, tokenOf('bob', { app, exp: FAR }));
  const body = { toId: 'bob', chatType: 'SINGLE', msgType: 'TEXT', content: '你好' };
  await alice.confirmed('/app/chat.send', body);
  const received = await receiver.next(({ event }) => event.content === '你好');
  assert.deepEqual([received.event.senderId, received.event.source], ['alice', 'xuqm']);
  assert.ok(isGenuine(received, secret), 'signed with the secret that the server made');
  await Promise.all([alice.drop(), bob.drop()]);
});

test('a delivery that fails is tried again later, with a new timestamp and the same event', async () => {
  const { hook, makeGroup } = newApp();
  await hook(['*'], { secret: SECRET });
  receiver.answers.push(500, 302);
  await makeGroup('again');
  const first = await receiver.next(ofGroup('again'));
  const seen = receiver.total;
  await travelUntil(() => receiver.total === seen + 1);
  const second = await receiver.next(ofGroup('again'));
  await travelUntil(() => receiver.total === seen + 2);
  const third = await receiver.next(ofGroup('again'));
  for (const later of [second, third]) {
    assert.equal(later.text, first.text);
    assert.equal(later.headers['haina-delivery'], first.headers['haina-delivery']);
    assert.ok(Number(later.headers['haina-timestamp']) > Number(first.headers['haina-timestamp']));
    assert.ok(isGenuine(later, SECRET));
  }
});

test('what fails too often, or is not answered, is given up, listed, and sent again when asked for', async () => {
  const { admin, hook, makeGroup, deadLetters } = newApp();
  const { id: webhookId } = await hook(['business.group.created'], { secret: SECRET });
  receiver.answers.push(500, 503, 0);
  await makeGroup('dead');
  await receiver.next(ofGroup('dead'));
  await travelUntil(async () => (await deadLetters()).length === 1);
  const letter = (await deadLetters())[0] as DeadLetter;
  assert.equal(letter.webhookId, webhookId);
  assert.deepEqual([letter.tries, letter.failure], [3, 'no answer within 600000 ms']);
  assert.equal(letter.event.groupId, 'dead');
  await receiver.next(ofGroup('dead'));
  await receiver.next(ofGroup('dead'));
  const stranger = newApp();
  assert.equal((await server.call('POST', `${DEAD}/${letter.id}/retry`, stranger.admin)).status, 404);
  assert.equal((await server.call('POST', `${DEAD}/${letter.id}/retry`, admin)).status, 202);
  await receiver.next(ofGroup('dead'));
  await travelUntil(async () => (await deadLetters()).length === 0);
  const figures = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(figures, /haina_events_out_total\{outlet="webhook",outcome="dead"\} 1/);
});

test('a receiver that does not answer delays no other', async () => {
  const { hook, makeGroup } = newApp();
  const slow = await WebhookReceiver.start();
  slow.answers.push(...Array.from({ length: 20 }, () => 0));
  await hook(['*'], { url: slow.url });
  await hook(['*']);
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) await makeGroup(id);
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) await receiver.next(ofGroup(id));
  await slow.next();
  await slow.stop();
});

test('a webhook that was ended gets nothing more', async () => {
  const { admin, hook, makeGroup } = newApp();
  const { id } = await hook(['*']);
  await hook(['business.group.created']);
  await makeGroup('with both');
  await makeGroup('both');
  const deliveries = [await receiver.next(ofGroup('both')), await receiver.next(ofGroup('both'))];
  assert.equal(new Set(deliveries.map(({ event }) => event.eventId)).size, 1, 'the same event for both');
  assert.equal((await server.call('DELETE', `${HOOKS}/${id}`, admin)).status, 204);
  assert.equal((await server.call('DELETE', `${HOOKS}/${id}`, admin)).status, 404);
  const before = receiver.total;
  await makeGroup('one');
  await makeGroup('two');
  await receiver.next(ofGroup('one'));
  await receiver.next(ofGroup('two'));
  assert.equal(receiver.total, before + 2);
});

test('what waits is sent after a restart', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-test-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const own = await WebhookReceiver.start();
  t.after(() => own.stop());
  own.answers.push(500);
  const admin = tokenOf('admin', { role: 'admin' });
  const first = await startTestServer({ dataDir });
  await first.call('POST', HOOKS, admin, {
    url: own.url,
    events: ['business.group.created'],
    secret: SECRET,
  });
  await first.call('POST', '/api/v1/groups', admin, { id: 'kept', name: 'A group' });
  await own.next(ofGroup('kept'));
  await first.stop();
  const second = await startTestServer({ dataDir });
  t.after(() => second.stop());
  assert.ok(isGenuine(await own.next(ofGroup('kept')), SECRET));
});

test('an event that another system posts is pushed as one from NATS, once, and goes to no webhook', async () => {
  const { app, admin, hook, makeGroup } = newApp();
  await hook(['*']);
  const client = await StompClient.connect(server.wsUrl, tokenOf('alice', { app, exp: FAR }), '/ws');
  await subscribeIm(client, '/user/queue/events');
  const event = {
    eventId: 'crm-1',
    eventType: 'business.user.login',
    userId: 'alice',
    loginTime: '2024-01-20T10:00:00Z',
    colour: '红',
  };
  const post = (body: unknown) => server.call('POST', '/api/v1/events', admin, body);
  assert.deepEqual(await post(event), { status: 202, body: { eventIds: ['crm-1'], repeats: 0 } });
  assert.deepEqual(await post([event, { ...event, eventId: 'crm-2' }]), {
    status: 202,
    body: { eventIds: ['crm-1', 'crm-2'], repeats: 1 },
  });
  const { eventId: _, ...withoutId } = event;
  const made = (await post(withoutId)).body as { eventIds: string[] };
  const told: ImMessage[] = [];
  while (told.length < 3) told.push(await client.nextAt<ImMessage>('/user/queue/events'));
  assert.deepEqual(
    told.map((message) => [message.type, message.source, message.event?.eventId]),
    ['crm-1', 'crm-2', made.eventIds[0]].map((id) => [40, 'api', id]),
  );
  assert.deepEqual(JSON.parse(told[0]?.event?.content ?? ''), event);
  await makeGroup('after');
  await receiver.next(ofGroup('after'));
  const posted = ['crm-1', 'crm-2', made.eventIds[0]];
  const sent = receiver.rest.filter(({ event }) => posted.includes(String(event.eventId)));
  assert.deepEqual(sent, []);
  await client.drop();
});

test('a webhook may not lead into the own network unless that is allowed', async (t) => {
  const strict = await startTestServer({ demo: false });
  t.after(() => strict.stop());
  const admin = tokenOf('admin', { role: 'admin' });
  const create = (url: string) => strict.call('POST', HOOKS, admin, { url, events: ['*'] });
  for (const host of [
    '127.0.0.1',
    '[::1]',
    'localhost',
    'localhost.',
    'LOCALHOST',
    'me.localhost',
    '127.0.0.1.',
    '017700000001',
    '127.1',
    '[::ffff:0:7f00:1]',
    '[64:ff9b::7f00:1]',
    '[::7f00:1]',
    '169.254.169.254',
    '0x7f000001',
    '[::ffff:10.0.0.1]',
  ]) {
    const { status, body } = await create(`http://${host}/`);
    assert.deepEqual([status, (body as { field: string }).field], [400, 'url'], host);
  }
  assert.equal((await create('https://example.org/')).status, 201);
});
