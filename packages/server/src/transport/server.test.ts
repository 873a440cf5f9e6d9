import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { Batch, type Connection, Payload, type RefusalReason, TransportServer } from './index.ts';
import {
  ask,
  get,
  Inbox,
  newSession,
  openXhrStream,
  post,
  Recorder,
  serve,
  serveRecorder,
  WebSocketClient,
} from './test-support.ts';

const UPGRADE = { Upgrade: 'websocket', Connection: 'Upgrade' };

describe('mount points', () => {
  it('nest: the longest path wins, and SockJS sessions stay with the outer one', async (test) => {
    const [outer, inner] = [new Recorder(), new Recorder()];
    const transports = new TransportServer();
    transports.mount('/ws', outer.accept, { sockJs: true });
    transports.mount('/ws/im/', inner.accept, { sockJs: true });
    const { http, ws } = await serve(transports, test);
    const pathOf = async (recorder: Recorder): Promise<string> =>
      (await recorder.next()).connection.request.path;

    new WebSocketClient(`${ws}/ws`);
    assert.equal(await pathOf(outer), '/ws');
    new WebSocketClient(`${ws}/ws/im`);
    assert.equal(await pathOf(inner), '/ws/im');
    assert.equal((await post(`${http}/ws/abc/def/xhr`)).body, 'o\n');
    assert.equal(await pathOf(outer), '/ws');
    assert.equal((await post(`${http}/ws/im/abc/def/xhr`)).body, 'o\n');
    assert.equal(await pathOf(inner), '/ws/im');
    for (const path of ['/ws', '/ws/im']) assert.equal((await get(http + path)).body, 'Welcome to SockJS!\n');
    assert.equal((await get(`${http}/ws/im/info`)).status, 200);
  });

  it('without SockJS have their own path only', async (test) => {
    const transports = new TransportServer();
    transports.mount('/raw', new Recorder().accept);
    const { http } = await serve(transports, test);
    const plain = await get(`${http}/raw`);
    assert.equal(plain.status, 426);
    assert.equal(plain.headers.upgrade, 'websocket');
    assert.equal((await get(`${http}/raw/info`)).status, 404);
    assert.equal((await ask('GET', `${http}/raw/a/b/websocket`, { headers: UPGRADE })).status, 404);
  });

  it('without plain WebSockets have SockJS only', async (test) => {
    const { http, ws, recorder } = await serveRecorder(test, {}, { rawWebSocket: false });
    assert.equal((await ask('GET', `${http}/im`, { headers: UPGRADE })).status, 404);
    assert.equal((await get(`${http}/im`)).status, 200);
    new WebSocketClient(`${ws}/im/0/a/websocket`);
    assert.equal((await recorder.next()).connection.transport, 'sockjs-websocket');
  });

  it('may be the root', async (test) => {
    const recorder = new Recorder();
    const transports = new TransportServer();
    transports.mount('/', recorder.accept, { sockJs: true });
    const { http, ws } = await serve(transports, test);
    new WebSocketClient(ws);
    assert.equal((await recorder.next()).connection.request.path, '/');
    assert.equal((await post(`${http}/a/b/xhr`)).body, 'o\n');
  });

  it('must be different, and absolute', () => {
    const transports = new TransportServer();
    transports.mount('/a', new Recorder().accept);
    assert.throws(() => transports.mount('/a/', new Recorder().accept), /mounted already/);
    assert.throws(() => transports.mount('b', new Recorder().accept), /slash/);
  });
});

describe('beside another HTTP handler', () => {
  it('takes its own requests first and leaves the others', async (test) => {
    const transports = new TransportServer();
    transports.mount('/im', new Recorder().accept, { sockJs: true });
    const server = createServer();
    transports.attach(server, (request, response) => response.end(`fallback ${request.url}`));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    test.after(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    assert.equal((await get(`${url}/im`)).body, 'Welcome to SockJS!\n');
    assert.equal((await get(`${url}/users?x=1`)).body, 'fallback /users?x=1');
    assert.equal((await get(`${url}/imaginary`)).body, 'fallback /imaginary');
    assert.equal((await ask('GET', `${url}/users`, { headers: UPGRADE })).status, 404);
  });

  it('answers requests that offer another protocol as plain ones', async (test) => {
    const { http } = await serveRecorder(test);
    const headers = { Upgrade: 'h2c', Connection: 'Upgrade, HTTP2-Settings', 'HTTP2-Settings': '' };
    assert.equal((await ask('GET', `${http}/im/info`, { headers })).status, 200);
  });
});

describe('what the first request said', () => {
  it('is kept with the connection', async (test) => {
    const { http, ws, recorder } = await serveRecorder(test);
    new WebSocketClient(`${ws}/im?token=a%20b`, [], { headers: { 'X-Test': 'yes' } });
    const { request, id } = (await recorder.next()).connection;
    assert.equal(request.query.get('token'), 'a b');
    assert.equal(request.headers['x-test'], 'yes');
    assert.equal(request.remoteAddress, '127.0.0.1');
    await post(`${http}/im/0/s/xhr?token=c`);
    const other = (await recorder.next()).connection;
    assert.equal(other.request.path, '/im');
    assert.equal(other.request.query.get('token'), 'c');
    assert.notEqual(other.id, id);
  });
});

describe('pages of other origins', () => {
  const refusing = async (
    test: Parameters<typeof serveRecorder>[0],
    allowedOrigins: 'same-origin' | '*' | string[],
  ) => {
    const refusals = new Inbox<RefusalReason>();
    const events = { refused: (reason: RefusalReason) => refusals.put(reason) };
    return { refusals, ...(await serveRecorder(test, { allowedOrigins, events })) };
  };

  it('are refused over every transport', async (test) => {
    const { http, ws, refusals } = await refusing(test, ['https://friend.example']);
    const headers = { Origin: 'https://foe.example' };
    for (const path of ['/im', '/im/websocket', '/im/0/a/websocket']) {
      assert.equal((await ask('GET', http + path, { headers: { ...headers, ...UPGRADE } })).status, 403);
      assert.equal(await refusals.next(), 'origin');
      assert.equal((await new WebSocketClient(ws + path, [], { headers }).closed).code, 1006);
      assert.equal(await refusals.next(), 'origin');
    }
    for (const [method, path] of [
      ['GET', '/info'],
      ['OPTIONS', '/info'],
      ['POST', '/0/a/xhr'],
      ['POST', '/0/a/xhr_send'],
      ['GET', '/0/a/eventsource'],
    ] as const) {
      const answer = await ask(method, `${http}/im${path}`, { headers });
      assert.equal(answer.status, 403, path);
      assert.equal(answer.headers['access-control-allow-origin'], undefined);
      assert.equal(await refusals.next(), 'origin');
    }
  });

  it('connect if they are on the list, of the same host, or no pages at all', async (test) => {
    const { http, ws, recorder } = await refusing(test, ['https://friend.example']);
    for (const headers of [{ Origin: 'https://friend.example' }, { Origin: http }, {}]) {
      new WebSocketClient(`${ws}/im`, [], { headers });
      await recorder.next();
      assert.equal((await get(`${http}/im/info`, headers)).status, 200);
    }
  });

  it('are judged by each mount point', async (test) => {
    const transports = new TransportServer();
    transports.mount('/users', new Recorder().accept, { sockJs: true });
    transports.mount('/widget', new Recorder().accept, { sockJs: true, allowedOrigins: '*' });
    const { http } = await serve(transports, test);
    const headers = { Origin: 'https://customer.example' };
    assert.equal((await get(`${http}/users/info`, headers)).status, 403);
    assert.equal((await get(`${http}/widget/info`, headers)).status, 200);
  });

  it('may not put the iframe page around the check', async (test) => {
    const { http } = await refusing(test, ['https://friend.example']);
    const answer = await get(`${http}/im/iframe.html`);
    assert.equal(answer.headers['content-security-policy'], "frame-ancestors 'self' https://friend.example");
    const open = await refusing(test, '*');
    const free = await get(`${open.http}/im/iframe.html`);
    assert.equal(free.headers['content-security-policy'], undefined);
  });
});

describe('stopping', () => {
  it('closes every connection and takes no new ones', async (test) => {
    const { http, ws, recorder, transports } = await serveRecorder(test);
    const client = new WebSocketClient(`${ws}/im`);
    const servers = [await recorder.next()];
    const stream = await openXhrStream(`${http}/im${newSession()}`);
    servers.push(await recorder.next());
    await post(`${http}/im${newSession()}/xhr`); // a session that nobody receives at the moment
    servers.push(await recorder.next());
    servers[0]?.write('last words');

    await transports.close();
    assert.equal(transports.connectionCount, 0);
    for (const server of servers) assert.equal(await server.closes.next(), 'shutdown');
    assert.equal(await client.nextText(), 'last words');
    assert.deepEqual(await client.closed, { code: 1001, reason: 'server shutting down' });
    await stream.expect('o\nc[1001,"server shutting down"]\n');
    await stream.expectEnd();
    assert.equal((await get(`${http}/im`)).status, 503);
    assert.equal((await ask('GET', `${http}/im`, { headers: UPGRADE })).status, 503);
    await transports.close();
  });
});

describe('a stop, where something is still to be answered', () => {
  const stopping = async (test: Parameters<typeof serve>[1], answer: () => Promise<void>) => {
    const transports = new TransportServer({ closeTimeout: 200 });
    const { promise: connected, resolve } = Promise.withResolvers<Connection>();
    transports.mount('/im', (connection) => {
      resolve(connection);
      return { onMessage() {}, onClose() {}, onStopping: answer };
    });
    const { ws } = await serve(transports, test);
    const client = new WebSocketClient(`${ws}/im`);
    return { client, connection: await connected, stopped: transports.close() };
  };

  it('closes the connection once that is done', async (test) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { client, connection, stopped } = await stopping(test, () => promise);
    connection.write(Batch.of(Payload.text('an answer')));
    resolve();
    assert.equal(await client.nextText(), 'an answer');
    assert.equal((await client.closed).code, 1001);
    await stopped;
  });

  it('does not wait for ever, nor for what fails', async (test) => {
    for (const answer of [() => new Promise<void>(() => {}), () => Promise.reject(new Error('no'))]) {
      const { client, stopped } = await stopping(test, answer);
      assert.equal((await client.closed).code, 1001);
      await stopped;
    }
  });
});

describe('settings', () => {
  it('that make no sense are refused by name', () => {
    assert.throws(() => new TransportServer({ maxMessageBytes: -1 }), /maxMessageBytes/);
    assert.throws(() => new TransportServer({ pingInterval: Number.NaN }), /pingInterval/);
  });
});
