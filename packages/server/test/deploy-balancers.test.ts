import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Balancer, type BalancerName, skipBalancer, startBalancer } from './support/balancers.ts';
import { type ChildServer, startChildServer } from './support/child-server.ts';
import { RoomClient } from './support/room-client.ts';
import {
  FALLBACKS,
  type Fallback,
  FallbackClient,
  openSockJsWebSocket,
  type SockJsClient,
} from './support/sockjs-transports.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

/** So many that two servers hardly give them all to one of them. */
const MANY = 32;

/** Two servers, each with its own data, and a balancer that has been told of a third. */
class World {
  readonly nodes: readonly ChildServer[];
  readonly balancer: Balancer;

  private constructor(nodes: readonly ChildServer[], balancer: Balancer) {
    this.nodes = nodes;
    this.balancer = balancer;
  }

  static async open(name: BalancerName): Promise<World> {
    const start = () => startChildServer({ HAINA_TRUSTED_PROXIES: '1', HAINA_DRAIN_TIME: '1h' });
    const nodes = await Promise.all([start(), start()]);
    return new World(
      nodes,
      await startBalancer(
        name,
        nodes.map(({ url }) => new URL(url).host),
      ),
    );
  }

  async close(): Promise<void> {
    await this.balancer.stop();
    await Promise.all(this.nodes.map((node) => node.kill()));
  }

  /** How many clients have logged in to each server while something was done. */
  async shares(work: () => Promise<unknown>): Promise<number[]> {
    const before = await Promise.all(this.nodes.map(connectsOf));
    await work();
    const afterwards = await Promise.all(this.nodes.map(connectsOf));
    return afterwards.map((count, index) => count - (before[index] ?? 0));
  }

  open(transport: Fallback | 'websocket'): Promise<SockJsClient> {
    if (transport === 'websocket') return openSockJsWebSocket(`${this.balancer.wsUrl}/ws/im`);
    return FallbackClient.open(`${this.balancer.url}/ws/im`, transport);
  }

  openMany(transport: Fallback | 'websocket'): Promise<SockJsClient[]> {
    return Promise.all(Array.from({ length: MANY }, () => this.open(transport)));
  }
}

async function connectsOf({ url }: ChildServer): Promise<number> {
  const figures = await (await fetch(`${url}/metrics`)).text();
  const lines = figures.matchAll(/^haina_frames_in_total\{[^}]*command="CONNECT"\} (\d+)$/gm);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

let people = 0;

/** Logs in over a SockJS session, and says something that the server confirms: each is a request of its own. */
async function talk(client: SockJsClient): Promise<void> {
  const user = `sockjs${++people}`;
  await client.send(`CONNECT\naccept-version:1.2\nAuthorization:Bearer ${tokenOf(user)}\n\n\0`);
  await client.heard('CONNECTED');
  await say(client);
}

async function say(client: SockJsClient): Promise<void> {
  const messageId = `m${++people}`;
  const body = JSON.stringify({ messageId, toId: 'bob', chatType: 'SINGLE', msgType: 'TEXT', content: 'x' });
  await client.send(`SEND\ndestination:/app/chat.send\nreceipt:${messageId}\n\n${body}\0`);
  await client.heard(`receipt-id:${messageId}`);
}

const ENDPOINTS = [
  ['/ws/im', 'user'],
  ['/ws', 'user'],
  ['/Mimi/socketServer', 'user'],
  ['/Mimi/client', 'user'],
  ['/ws/chat', 'user'],
  ['/ws/agent', 'agent'],
] as const;

for (const name of ['nginx', 'haproxy'] as const) {
  describe(`behind ${name}`, { skip: skipBalancer(name) }, () => {
    let world: World;

    before(async () => {
      world = await World.open(name);
      const bob = tokenOf('bob');
      for (const { wsUrl } of world.nodes) await (await StompClient.connect(wsUrl, bob)).close();
      // It avoids the server that it has tried last, and no others but those that it has found to be away.
      if (name === 'haproxy') await down(world.balancer, 'haina_sockjs/haina-3');
    });
    after(() => world.close());

    test('WebSockets work at every endpoint, and are shared out', async () => {
      const { wsUrl } = world.balancer;
      await RoomClient.connect(wsUrl, { token: tokenOf('raw-user') });
      const connect = ([path, role]: (typeof ENDPOINTS)[number]) =>
        StompClient.connect(wsUrl, tokenOf(`raw-${role}`, { role }), path);
      const shares = await world.shares(() => Promise.all(ENDPOINTS.map(connect)));
      assert.ok(
        shares.every((count) => count >= 2),
        `${shares}`,
      );
    });

    for (const transport of [...FALLBACKS, 'websocket'] as const) {
      test(`SockJS by ${transport}: each session stays with its server`, async () => {
        const clients = await world.openMany(transport);
        const shares = await world.shares(() => Promise.all(clients.map(talk)));
        assert.ok(
          shares.every((count) => count > 0),
          `both have sessions: ${shares}`,
        );
        for (const client of clients) client.close();
      });
    }

    test('the API, uploads and what SockJS clients ask first work; figures are for those inside', async () => {
      const { url } = world.balancer;
      const authorization = `Bearer ${tokenOf('bob')}`;
      assert.equal((await fetch(`${url}/api/v1/users/me`, { headers: { authorization } })).status, 200);
      const body = new FormData();
      body.append('file', new Blob([new Uint8Array(2_000_000)]), 'some.bin');
      const upload = await fetch(`${url}/api/v1/files`, { method: 'POST', headers: { authorization }, body });
      assert.equal(upload.status, 201);
      assert.equal((await fetch(`${url}/ws/im/info`)).status, 200);
      assert.equal((await fetch(`${url}/sockjs/sockjs.min.js`)).status, 200);
      for (const path of ['/metrics', '/readyz']) assert.equal((await fetch(url + path)).status, 404);
    });

    test('a server that is stopping gets nobody new, and keeps those it has', async () => {
      const [stopping, other] = world.nodes as [ChildServer, ChildServer];
      const sessions = await world.openMany('xhr');
      await Promise.all(sessions.map(talk));
      const ended = stopping.signal('SIGTERM');
      while ((await fetch(`${stopping.url}/ws/im/info`)).status !== 503);
      const { wsUrl, url } = world.balancer;
      const shares = await world.shares(async () => {
        for (const [path, role] of ENDPOINTS)
          await StompClient.connect(wsUrl, tokenOf('late', { role }), path);
        const newcomers = await Promise.all(FALLBACKS.map((transport) => world.openMany(transport)));
        await Promise.all(newcomers.flat().map(talk));
      });
      assert.deepEqual(shares, [0, ENDPOINTS.length + FALLBACKS.length * MANY]);
      await Promise.all(sessions.map(say));
      if (name === 'haproxy') await down(world.balancer, 'haina/haina-1');
      await stopping.kill();
      await ended;
      assert.equal((await fetch(`${url}/ws/im/info`)).status, 200);
      await Promise.all((await world.openMany('xhr')).map(talk));
      assert.equal(other.trouble.aborted, false);
    });
  });
}

/** Resolves once HAProxy has found out by its own looks that a server is not ready. */
async function down({ stateUrl }: Balancer, server: string): Promise<void> {
  const line = new RegExp(`^${server.replace('/', ',')},.*,DOWN,`, 'm');
  while (!line.test(await (await fetch(`${stateUrl}/;csv`)).text()));
}
