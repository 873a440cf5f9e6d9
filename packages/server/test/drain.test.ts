import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import WebSocket from 'ws';
import { ManualTimers } from '../src/stomp/testing/manual-timers.ts';
import { Crowd } from './support/chaos/crowd.ts';
import { faultsAt, gather } from './support/chaos/witness.ts';
import { startChildServer } from './support/child-server.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { XhrClient } from './support/sockjs-client.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const DRAIN_TIME = 10_000;
const RAW = 24;
const POLLING = 16;
const CLIENTS = RAW + POLLING;
const GOODBYE = 'c[1001,"server shutting down"]\n';

/** A server whose time the test lets pass, with clients of all endpoints, and of SockJS. */
class World {
  readonly timers = new ManualTimers();
  server!: TestServer;
  raw!: readonly StompClient[];
  polling!: readonly XhrClient[];
  stopped!: Promise<void>;
  /** In the order in which they were closed. */
  readonly closed: string[] = [];
  #wake = (): void => {};

  static async open(t: TestContext): Promise<World> {
    const world = new World();
    const { timers } = world;
    world.server = await startTestServer(
      { drainTime: DRAIN_TIME, connectTimeout: 60_000 },
      { clock: Date, timers },
    );
    t.after(() => {
      world.server.hurry();
      return world.server.stop();
    });
    await world.#connect();
    return world;
  }

  async #connect(): Promise<void> {
    const paths = ['/ws/im', '/ws', '/Mimi/client', '/ws/chat'];
    const connect = (_: unknown, index: number) =>
      StompClient.connect(this.server.wsUrl, tokenOf(`raw${index}`), paths[index % paths.length]);
    this.raw = await Promise.all(Array.from({ length: RAW }, connect));
    for (const [index, { closed }] of this.raw.entries())
      void closed.then(({ code, reason }) => this.#note(`raw ${index}: ${code} ${reason}`));
    const open = () => XhrClient.open(`${this.server.url}/ws/im`);
    this.polling = await Promise.all(Array.from({ length: POLLING }, open));
    for (const [index, client] of this.polling.entries())
      void client.poll().then((frame) => this.#note(`polling ${index}: ${frame.trim()}`));
  }

  #note(what: string): void {
    this.closed.push(what);
    this.#wake();
  }

  /** Begins to stop; resolves once nobody new is let in. */
  async beginStop(): Promise<void> {
    this.stopped = this.server.stop();
    while ((await this.tryToOpen()) !== 503);
  }

  /** The status with which a new WebSocket is refused; 101 where it is opened. */
  async tryToOpen(): Promise<number | undefined> {
    const socket = new WebSocket(`${this.server.wsUrl}/ws/room`);
    return new Promise((resolve) => {
      socket.on('error', () => {});
      socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode));
      socket.on('open', () => {
        socket.terminate();
        resolve(101);
      });
    });
  }

  /** Resolves once so many have been closed. */
  async closings(count: number): Promise<void> {
    while (this.closed.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

test('a stop says 503 for readiness and lets nobody new in, and serves whoever is connected', async (t) => {
  const world = await openAndStop(t);
  const { server, raw, polling } = world;
  assert.equal((await server.call('GET', '/healthz')).status, 200);
  const ready = await fetch(`${server.url}/readyz`);
  assert.deepEqual([ready.status, ready.headers.get('connection')], [503, 'close']);
  assert.equal((await fetch(`${server.url}/ws/im/info`)).status, 503);
  await assert.rejects(XhrClient.open(`${server.url}/ws/im`), /not opened: 503/);
  const [alice] = raw as [StompClient];
  const text = { toId: 'raw4', chatType: 'SINGLE', msgType: 'TEXT', content: 'still here', messageId: 'm1' };
  assert.ok(await alice.confirmed('/app/chat.send', text));
  const connect = `CONNECT\naccept-version:1.2\nAuthorization:Bearer ${tokenOf('late')}\n\n\0`;
  assert.equal((await polling[0]?.send(connect))?.status, 204);
  await world.closings(1);
  assert.match(world.closed.join(), /^polling 0: a\["CONNECTED/, 'nobody was closed');
});

async function openAndStop(t: TestContext): Promise<World> {
  const world = await World.open(t);
  await world.beginStop();
  return world;
}

test('the connections are closed one after the other over the time that is given', async (t) => {
  const world = await openAndStop(t);
  const { server, raw, timers, closed } = world;
  for (const tenth of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
    timers.advance(DRAIN_TIME / 10);
    await world.closings((CLIENTS / 10) * tenth);
    // What was closed with them would be told before this answer.
    await fetch(`${server.url}/healthz`);
    assert.equal(closed.length, (CLIENTS / 10) * tenth);
  }
  assert.ok(
    raw.every(({ socket }) => socket.readyState === WebSocket.CLOSED),
    'who came first, goes first',
  );
  timers.advance(DRAIN_TIME / 10);
  await world.stopped;
  await world.closings(CLIENTS);
  const goodbyes = new Set(closed.map((each) => each.replace(/^\w+ \d+: /, '')));
  assert.deepEqual(goodbyes, new Set(['1001 server shutting down', GOODBYE.trim()]));
});

test('a SockJS client that asks again after its session was closed is told so again', async (t) => {
  const world = await openAndStop(t);
  world.timers.advance(DRAIN_TIME * 0.8);
  await world.closings(CLIENTS * 0.8);
  assert.equal(await world.polling[0]?.poll(), GOODBYE);
});

test('a stop that is told to hurry closes whoever is left at once', async (t) => {
  const world = await openAndStop(t);
  world.timers.advance(DRAIN_TIME / 2);
  await world.closings(CLIENTS / 2);
  assert.equal(world.server.hurry(), true);
  await world.stopped;
  await world.closings(CLIENTS);
  assert.equal(world.server.hurry(), false);
});

test('what everybody writes all the time survives restarts, each message once', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-drain-'));
  const start = () => startChildServer({ HAINA_DATA_DIR: dataDir, HAINA_DRAIN_TIME: '600ms' });
  let server = await start();
  const crowd = new Crowd();
  t.after(() => server.stop());
  crowd.start(() => server.wsUrl, await gather(server, [crowd]));
  for (let round = 0; round < 2; round++) {
    await crowd.reach(100);
    assert.deepEqual(await server.signal('SIGTERM'), { code: 0, logged: '' });
    server = await start();
  }
  await crowd.reach(100);
  await crowd.stop();
  assert.deepEqual(await faultsAt(server, [crowd]), []);
  t.diagnostic(`${crowd.count} messages confirmed`);
});

test('a second signal ends the waiting, and the stop is still a clean one', async (t) => {
  const started = Promise.withResolvers<ChildProcess>();
  const settings = { HAINA_DRAIN_TIME: '1h', HAINA_LOG_LEVEL: 'warn' };
  const server = await startChildServer(settings, { started: started.resolve });
  t.after(() => server.kill());
  const client = await StompClient.of(server.wsUrl, 'alice');
  const ended = server.signal('SIGTERM');
  const child = await started.promise;
  // Those of the first second belong to the first.
  while (client.socket.readyState === WebSocket.OPEN) {
    child.kill('SIGTERM');
    await fetch(`${server.url}/healthz`).catch(() => {});
  }
  assert.deepEqual(await ended, { code: 0, logged: '' });
  assert.equal((await client.closed).code, 1001);
});
