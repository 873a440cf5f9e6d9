import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ChildServer, startChildServer } from './support/child-server.ts';
import { tokenOf } from './support/token.ts';
import { WebhookReceiver } from './support/webhook-receiver.ts';

const ADMIN = tokenOf('admin', { role: 'admin' });
const ROUNDS = 5;
/** Requests that are confirmed before the server is killed, at least, and the chance's share on top. */
const CONFIRMED = { least: 30, more: 60 };

let receiver: WebhookReceiver;
let dataDir: string;
let server: ChildServer;

before(async () => {
  receiver = await WebhookReceiver.start();
  dataDir = await mkdtemp(join(tmpdir(), 'haina-events-'));
  await start();
  const { status } = await call('POST', '/webhooks', { url: receiver.url, events: ['*'] });
  assert.equal(status, 201);
});
after(async () => {
  // It takes the folder with it.
  await server.stop();
  await receiver.stop();
});

async function start(): Promise<void> {
  const settings = { HAINA_DATA_DIR: dataDir, HAINA_WEBHOOK_ALLOW_PRIVATE: 'true' };
  server = await startChildServer(settings);
}

async function call(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const headers = { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' };
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: response.status === 204 ? undefined : await response.json() };
}

/** What a confirmed request is to have told other systems: the type, and the values that its event has. */
interface Expected {
  readonly eventType: string;
  readonly [field: string]: unknown;
}

/** A life of one group and two users, each step noted once it is confirmed. */
async function live(name: string, confirmed: (expected: Expected) => void): Promise<void> {
  const [alice, bob, groupId] = [`alice-${name}`, `bob-${name}`, `group-${name}`];
  const step = async (method: string, path: string, body: object | undefined, ...expected: Expected[]) => {
    const { status } = await call(method, path, body);
    assert.ok(status < 300, `${method} ${path}: ${status}`);
    for (const one of expected) confirmed(one);
  };
  for (const id of [alice, bob]) await step('POST', '/users', { id, username: id });
  const members = [{ userId: alice, role: 'owner' }];
  const made = { eventType: 'business.group.created', groupId };
  await step('POST', '/groups', { id: groupId, name: 'A group', members }, made);
  const joined = { eventType: 'business.group.member.joined', groupId, memberId: bob };
  await step('POST', `/groups/${groupId}/members`, { userId: bob }, joined);
  const renamed = { eventType: 'business.group.updated', groupId, groupName: 'Another' };
  await step('PATCH', `/groups/${groupId}`, { name: 'Another' }, renamed);
  const permission = { permissionType: 'chat_permission', newPermission: 'read_only', reason: 'a test' };
  const restricted = { eventType: 'business.permission.changed', userId: bob };
  await step('PUT', `/admin/users/${bob}/permissions`, permission, restricted);
  const nicknamed = { eventType: 'business.user.profile.updated', userId: alice, nickname: 'Al' };
  await step('PATCH', `/users/${alice}`, { nickname: 'Al' }, nicknamed);
  const left = { eventType: 'business.group.member.left', groupId, memberId: bob };
  await step('DELETE', `/groups/${groupId}/members/${bob}`, undefined, left);
  const ended = { eventType: 'business.group.updated', groupId, updateType: 'group_dissolved' };
  await step('DELETE', `/groups/${groupId}`, undefined, ended);
}

test('no event of what was confirmed is lost though the server is killed, and none has two ids', async () => {
  const expected: Expected[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const killAt = expected.length + CONFIRMED.least + Math.floor(Math.random() * CONFIRMED.more);
    let killed: Promise<void> | undefined;
    const run = async (lane: number) => {
      for (let turn = 0; killed === undefined; turn++) {
        await live(`${round}-${lane}-${turn}`, (one) => {
          if (killed) return;
          expected.push(one);
          if (expected.length >= killAt) killed = server.kill();
        });
      }
    };
    const ends = await Promise.allSettled([0, 1, 2, 3].map(run));
    if (!killed) throw (ends[0] as PromiseRejectedResult).reason;
    await killed;
    await start();
  }
  const idsOf = new Map<string, Set<unknown>>();
  for (const one of expected) idsOf.set(JSON.stringify(one), new Set());
  for (const one of expected) {
    const { event } = await receiver.next(({ event }) =>
      Object.entries(one).every(([field, value]) => event[field] === value),
    );
    idsOf.get(JSON.stringify(one))?.add(event.eventId);
  }
  for (const { event } of receiver.rest) {
    for (const one of expected) {
      if (!Object.entries(one).every(([field, value]) => event[field] === value)) continue;
      idsOf.get(JSON.stringify(one))?.add(event.eventId);
    }
  }
  for (const [fact, ids] of idsOf) assert.equal(ids.size, 1, fact);
});
