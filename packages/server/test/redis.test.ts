import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ChildServer, startChildServer } from './support/child-server.ts';
import { documentOf, PRESENCE, subscribeIm } from './support/im-client.ts';
import { SKIP_POSTGRES, sharedPostgres } from './support/postgres.ts';
import { RedisServer, SKIP_REDIS } from './support/redis-server.ts';
import { RoomClient } from './support/room-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const ADMIN = tokenOf('admin', { role: 'admin' });

interface Api {
  readonly url: string;
}

async function call(
  { url }: Api,
  method: string,
  path: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return (await response.json()) as Record<string, unknown>;
}

async function makeUsers(server: Api, ...ids: string[]): Promise<void> {
  for (const id of ids) await call(server, 'POST', '/api/v1/users', { id, username: id, nickname: id });
  const members = ids.map((userId) => ({ userId }));
  await call(server, 'POST', '/api/v1/groups', { name: 'all of them', members });
}

async function statuses(server: Api, ...ids: string[]): Promise<unknown[]> {
  const { presence } = await call(server, 'GET', `/api/v1/presence?users=${ids}`);
  return (presence as { status: unknown }[]).map(({ status }) => status);
}

/** Asks until the answer is as it must become; the runner's limit ends what never comes. */
async function becomes(server: Api, expected: readonly string[], ...ids: string[]): Promise<void> {
  while (`${await statuses(server, ...ids)}` !== `${expected}`)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

async function figure({ url }: Api, name: string): Promise<string | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1];
}

describe('a server with Redis', { skip: SKIP_REDIS }, () => {
  let redis: RedisServer;
  let server: TestServer;
  before(async () => {
    redis = await RedisServer.start();
    server = await startTestServer({ redisUrl: redis.url, presenceGrace: 0 });
    await makeUsers(server, 'ada', 'bea');
  });
  after(async () => {
    await server?.stop();
    await redis?.stop();
  });

  test('serves without it: presence is unknown, chat goes on, and all is as before once it is back', async () => {
    const [ada, bea] = [await StompClient.of(server.wsUrl, 'ada'), await StompClient.of(server.wsUrl, 'bea')];
    await becomes(server, ['online', 'online'], 'ada', 'bea');
    assert.equal(await figure(server, 'haina_redis_up'), '1');
    await redis.kill9();
    await becomes(server, ['unknown', 'unknown'], 'ada', 'bea');
    assert.equal(await figure(server, 'haina_redis_up'), '0');
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
    await bea.drop();
    const again = await StompClient.of(server.wsUrl, 'ada');
    await again.drop();
    await redis.resume();
    await becomes(server, ['online', 'offline'], 'ada', 'bea');
    await ada.drop();
    await becomes(server, ['offline', 'offline'], 'ada', 'bea');
  });

  test('nobody waits for one that is frozen', async () => {
    const ada = await StompClient.of(server.wsUrl, 'ada');
    await becomes(server, ['online'], 'ada');
    redis.freeze();
    await becomes(server, ['unknown'], 'ada');
    const bea = await StompClient.of(server.wsUrl, 'bea');
    await Promise.all([ada.drop(), bea.drop()]);
    redis.thaw();
    await becomes(server, ['offline', 'offline'], 'ada', 'bea');
  });
});

for (const [where, skip] of [
  ['a Redis', SKIP_REDIS || SKIP_POSTGRES],
  ['no Redis', SKIP_POSTGRES],
] as const) {
  describe(`servers that share a store and ${where}`, { skip }, () => {
    let redis: RedisServer | undefined;
    let one: TestServer;
    let other: TestServer;
    let begin: (node: string) => Promise<TestServer>;
    before(async () => {
      if (where === 'a Redis') redis = await RedisServer.start();
      const store = await (await sharedPostgres()).createDatabase();
      const shared = {
        store,
        ...(redis && { redisUrl: redis.url }),
        presenceGrace: 0,
        maxSessionsPerUser: 2,
      };
      begin = (node) => startTestServer({ ...shared, node });
      [one, other] = [await begin('one'), await begin('other')];
      await makeUsers(one, 'dan', 'fay');
    });
    after(async () => {
      await Promise.all([one?.stop(), other?.stop()]);
      await redis?.stop();
    });

    const knock = async ({ wsUrl }: TestServer) => {
      const client = await StompClient.open(`${wsUrl}/ws/im?token=${tokenOf('dan')}`);
      client.send('CONNECT', { 'accept-version': '1.2' });
      return client;
    };

    test('know who is at the others, and count the sessions of a user together', async () => {
      const sessions = [await knock(one), await knock(other)];
      for (const client of sessions) await client.next('CONNECTED');
      await becomes(one, ['online', 'offline'], 'dan', 'fay');
      await becomes(other, ['online', 'offline'], 'dan', 'fay');
      const third = await knock(one);
      assert.match((await third.next('ERROR')).body.toString(), /more than 2 sessions of one user/);
      await Promise.all([...sessions, third].map((client) => client.drop()));
      await becomes(one, ['offline'], 'dan');
      const again = await knock(other);
      await again.next('CONNECTED');
      await again.drop();
    });

    test('let a person into a room once, and leave those alone who are in it through another', async () => {
      const here = await RoomClient.connect(one.wsUrl, { token: tokenOf('fay') });
      await here.join({ id: 'fay' }, 'lobby');
      const there = await RoomClient.connect(other.wsUrl, { token: tokenOf('fay') });
      await there.sendJoin({ id: 'fay' }, 'lobby');
      assert.match(await there.nextRefusal(), /您已在其他页面或客户端加入该房间/);
      await there.drop();
      await other.stop();
      other = await begin('other');
      const { present } = await call(other, 'GET', '/api/v1/rooms/lobby');
      assert.equal(present, 1);
      await here.chat({ id: 'fay' }, 'lobby', 'still here');
      await here.nextChat();
      await here.drop();
    });
  });
}

describe('a server that is killed among others', { skip: SKIP_REDIS || SKIP_POSTGRES }, () => {
  let redis: RedisServer;
  let folder: string;
  let begin: (name: string) => Promise<ChildServer>;
  const servers: ChildServer[] = [];
  before(async () => {
    redis = await RedisServer.start();
    folder = await mkdtemp(join(tmpdir(), 'haina-nodes-'));
    const store = await (await sharedPostgres()).createDatabase();
    begin = (name) =>
      startChildServer({
        HAINA_STORE: store,
        HAINA_REDIS_URL: redis.url,
        HAINA_NODE: name,
        HAINA_PRESENCE_GRACE: '1ms',
        HAINA_DATA_DIR: join(folder, name),
      });
    for (const name of ['one', 'other']) servers.push(await begin(name));
    await makeUsers(servers[0] as ChildServer, 'ada', 'bea', 'cia', 'eve');
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.kill()));
    await redis?.stop();
    await rm(folder, { recursive: true });
  });

  test('leaves users whom the others tell once to be offline, but for those who are back', async () => {
    const [one, other] = servers as [ChildServer, ChildServer];
    const ada = await StompClient.of(one.wsUrl, 'ada');
    const bea = await StompClient.of(one.wsUrl, 'bea');
    await becomes(other, ['online', 'online', 'offline'], 'ada', 'bea', 'cia');
    const eve = await StompClient.connect(other.wsUrl, tokenOf('eve'), '/ws');
    await subscribeIm(eve, PRESENCE);
    await one.kill();
    await Promise.all([ada.drop(), bea.drop()]);
    const back = await StompClient.of(other.wsUrl, 'bea');
    await becomes(other, ['offline', 'online'], 'ada', 'bea');
    const told: string[] = [];
    const until = async (line: string) => {
      while (!told.includes(line)) {
        const frame = await eve.nextAt<Parameters<typeof documentOf>[0]>(PRESENCE);
        const { eventType, userId, status } = documentOf(frame);
        if (eventType === 'business.user.status.changed') told.push(`${userId} ${status}`);
      }
    };
    await until('ada offline');
    const cia = await StompClient.of(other.wsUrl, 'cia');
    await until('cia online');
    assert.equal(told.filter((line) => line === 'ada offline').length, 1);
    assert.equal(told.includes('bea offline'), false);
    await Promise.all([back, cia, eve].map((client) => client.drop()));
  });
});
