import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { closeOf } from '@haina/wire';
import {
  newSession,
  openXhrStream,
  post,
  RawClient,
  type Recorded,
  type Running,
  Stream,
  serveRecorder,
  until,
} from '../test-support.ts';

const KIB = 1024;

/** Opens an `xhr` session and shows both of its ends. */
const openSession = async (
  ...parameters: Parameters<typeof serveRecorder>
): Promise<{ url: string; server: Recorded; running: Running }> => {
  const running = await serveRecorder(...parameters);
  const url = `${running.http}/im${newSession()}`;
  assert.equal((await post(`${url}/xhr`)).body, 'o\n');
  return { url, server: await running.recorder.next(), running };
};

describe('a SockJS connection over HTTP', () => {
  it('bears the name of the transport that began it', async (test) => {
    const { http, recorder } = await serveRecorder(test);
    for (const [method, path, name] of [
      ['POST', 'xhr', 'xhr'],
      ['POST', 'xhr_streaming', 'xhr_streaming'],
      ['GET', 'eventsource', 'eventsource'],
      ['GET', 'htmlfile?c=x', 'htmlfile'],
      ['GET', 'jsonp?c=x', 'jsonp'],
    ] as const) {
      const stream = await Stream.open(method, `${http}/im${newSession()}/${path}`);
      const { connection } = await recorder.next();
      assert.equal(connection.transport, name);
      assert.equal(connection.carriesBinary, false);
      assert.equal(connection.subprotocol, '');
      stream.abort();
    }
  });

  it('delivers messages as text, in order', async (test) => {
    const { url, server } = await openSession(test);
    await post(`${url}/xhr_send`, '["a","三"]');
    assert.deepEqual(await server.messages.next(), { data: 'a', binary: false });
    assert.deepEqual(await server.messages.next(), { data: '三', binary: false });
  });

  it('sends what was written in one tick as one frame', async (test) => {
    const { http, recorder } = await serveRecorder(test);
    const stream = await openXhrStream(`${http}/im${newSession()}`);
    (await recorder.next()).write('a', 'b', 'c');
    await stream.expect('o\na["a","b","c"]\n');
    stream.abort();
  });

  it('counts what waits for a receiver', async (test) => {
    const { url, server } = await openSession(test);
    server.write('waiting');
    assert.ok(server.connection.queuedBytes > 0);
    assert.equal((await post(`${url}/xhr`)).body, 'a["waiting"]\n');
    assert.equal(server.connection.queuedBytes, 0);
    assert.ok(server.connection.enqueuedBytes > 0);
  });
});

describe('closing a session', () => {
  it('lets a polling client have what was written before', async (test) => {
    const { url, server } = await openSession(test);
    server.write('last');
    server.write('words');
    server.connection.close({ code: 3001, reason: 'enough' });
    server.write('too late');
    assert.equal(await server.closes.next(), 'server');
    assert.equal((await post(`${url}/xhr`)).body, 'a["last","words"]\n');
    assert.equal((await post(`${url}/xhr`)).body, 'c[3001,"enough"]\n');
    assert.equal((await post(`${url}/xhr`)).body, 'c[3001,"enough"]\n');
  });

  it('lets a streaming client have what was written before', async (test) => {
    const { http, recorder } = await serveRecorder(test);
    const stream = await openXhrStream(`${http}/im${newSession()}`);
    const server = await recorder.next();
    server.write('last words');
    server.connection.close({ code: 3001, reason: 'enough' });
    await stream.expect('o\na["last words"]\nc[3001,"enough"]\n');
    await stream.expectEnd();
  });

  it('by breaking off is the client’s doing', async (test) => {
    const { http, recorder } = await serveRecorder(test);
    const stream = await openXhrStream(`${http}/im${newSession()}`);
    const server = await recorder.next();
    stream.abort();
    assert.equal(await server.closes.next(), 'client');
    assert.equal(server.connection.isOpen, false);
  });

  it('by staying away is a timeout', async (test) => {
    const { server, running } = await openSession(test, { sockJsSessionTimeout: 30 });
    assert.equal(await server.closes.next(), 'timeout');
    assert.equal(running.transports.connectionCount, 0);
  });
});

describe('clients that ask too much of a session', () => {
  it('lose it when messages for them pile up without a receiver', async (test) => {
    const { url, server } = await openSession(test, { maxQueuedBytes: 10 * KIB });
    for (let i = 0; i < 11; i++) server.write('x'.repeat(KIB));
    assert.equal(await server.closes.next(), 'slow-consumer');
    assert.ok(server.connection.queuedBytes > 9 * KIB, 'what was not written stays known');
    assert.equal((await post(`${url}/xhr`)).body, 'c[4400,"slow consumer"]\n');
  });

  it('lose it when they do not read their stream', async (test) => {
    const {
      port,
      server: httpServer,
      recorder,
      transports,
    } = await serveRecorder(test, {
      maxQueuedBytes: 64 * KIB,
      sockJsStreamingLimit: 2 ** 30,
      sockJsSessionTimeout: 50,
      closeTimeout: 50,
    });
    const arrived = once(httpServer, 'connection');
    const client = new RawClient(port);
    client.socket.pause();
    const [socket] = await arrived;
    client.send(`POST /im${newSession()}/xhr_streaming HTTP/1.1`, 'Host: x', 'Content-Length: 0');
    const server = await recorder.next();
    for (let rounds = 0; server.connection.isOpen && rounds < 1000; rounds++) {
      server.write('x'.repeat(32 * KIB));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(await server.closes.next(), 'slow-consumer');
    if (!socket.closed) await once(socket, 'close');
    await until(() => transports.connectionCount === 0);
    client.socket.destroy();
  });

  it('lose it by a message over the limit', async (test) => {
    const { url, server } = await openSession(test, { maxMessageBytes: 100 });
    const body = JSON.stringify(['fits', '三'.repeat(34), 'never seen']);
    assert.equal((await post(`${url}/xhr_send`, body)).status, 204);
    assert.equal(await server.nextText(), 'fits');
    assert.equal(await server.closes.next(), 'oversized');
    assert.equal(server.messages.size, 0);
    assert.equal((await post(`${url}/xhr`)).body, 'c[1009,"message too big"]\n');
  });

  it('lose it by a body over the limit, which is not read to its end', async (test) => {
    for (const headers of [{}, { 'Transfer-Encoding': 'chunked' }]) {
      const { url, server } = await openSession(test, { maxMessageBytes: 100 });
      const answer = await post(`${url}/xhr_send`, `["${'x'.repeat(10_000)}"]`, headers);
      assert.equal(answer.status, 413);
      assert.equal(answer.headers.connection, 'close');
      assert.equal(await server.closes.next(), 'oversized');
    }
  });

  it('lose it when they do not read an answer, which is not kept in memory', async (test) => {
    const { url, server, running } = await openSession(test, {
      maxQueuedBytes: 32 * KIB * KIB,
      closeTimeout: 500,
      sockJsSessionTimeout: 150,
    });
    for (let i = 0; i < 16; i++) server.write('x'.repeat(KIB * KIB));
    const arrived = once(running.server, 'request');
    const client = new RawClient(running.port);
    client.socket.pause();
    client.send(`POST ${url.slice(running.http.length)}/xhr HTTP/1.1`, 'Host: x', 'Content-Length: 0');
    const [{ socket }] = await arrived;
    assert.equal((await post(`${url}/xhr`)).body, 'c[2010,"Another connection still open"]\n');
    await once(socket, 'close');
    client.socket.destroy();
    assert.equal(await server.closes.next(), 'timeout');
    assert.ok(server.connection.queuedBytes > 0, 'what was not written stays known');
    assert.equal((await post(`${url}/xhr`)).body, 'c[1002,"Connection interrupted"]\n');
  });

  it('get no session beyond the number allowed', async (test) => {
    const refused: string[] = [];
    const events = { refused: (reason: string) => void refused.push(reason) };
    const { running, url } = await openSession(test, { maxSockJsSessions: 1, events });
    assert.equal((await post(`${running.http}/im${newSession()}/xhr`)).status, 503);
    assert.deepEqual(refused, ['sessions']);
    assert.equal((await post(`${url}/xhr_send`, '[]')).status, 204);
  });
});

describe('a paused session', () => {
  const sendLater = async (running: Running, url: string, body: string): Promise<RawClient> => {
    const arrived = once(running.server, 'request');
    const client = new RawClient(running.port);
    const length = `Content-Length: ${Buffer.byteLength(body)}`;
    client.send(`POST ${url.slice(running.http.length)}/xhr_send HTTP/1.1`, 'Host: x', length);
    client.socket.write(body);
    const [request] = await arrived;
    await once(request, 'end');
    return client;
  };

  it('answers and delivers once it is resumed', async (test) => {
    const { url, server, running } = await openSession(test);
    server.connection.pause();
    const first = await sendLater(running, url, '["a"]');
    const second = await sendLater(running, url, '["b"]');
    assert.equal(server.messages.size, 0);
    assert.equal(first.take(), '');
    server.connection.resume();
    assert.equal(await server.nextText(), 'a');
    assert.equal(await server.nextText(), 'b');
    assert.match(await first.until('\r\n\r\n'), /^HTTP\/1.1 204 /);
    assert.match(await second.until('\r\n\r\n'), /^HTTP\/1.1 204 /);
    for (const client of [first, second]) client.socket.destroy();
  });

  it('lets its requests go when it times out', async (test) => {
    const { url, server, running } = await openSession(test, { sockJsSessionTimeout: 100 });
    server.connection.pause();
    const held = await sendLater(running, url, '["x"]');
    assert.equal(await server.closes.next(), 'timeout');
    assert.match(await held.until('\r\n\r\n'), /^HTTP\/1.1 204 /);
    held.socket.destroy();
  });

  it('holds a few requests only', { timeout: 5000 }, async (test) => {
    const { url, server, running } = await openSession(test, { sockJsSessionTimeout: 60_000 });
    server.connection.pause();
    const held: RawClient[] = [];
    for (let i = 0; i < 8; i++) held.push(await sendLater(running, url, '["x"]'));
    assert.equal((await post(`${url}/xhr_send`, '["x"]')).status, 503);
    server.connection.close(closeOf('normal'));
    for (const client of held) {
      assert.match(await client.until('\r\n\r\n'), /^HTTP\/1.1 204 /);
      client.socket.destroy();
    }
  });

  it('holds a few bytes only', { timeout: 5000 }, async (test) => {
    const { url, server, running } = await openSession(test, { sockJsSessionTimeout: 60_000 });
    server.connection.pause();
    const body = JSON.stringify(Array(3).fill('x'.repeat(30_000)));
    const held = await sendLater(running, url, body);
    assert.equal((await post(`${url}/xhr_send`, body)).status, 503);
    server.connection.close(closeOf('normal'));
    assert.match(await held.until('\r\n\r\n'), /^HTTP\/1.1 204 /);
    held.socket.destroy();
  });
});

describe('heart-beats', () => {
  it('stop when the layer above brings its own', async (test) => {
    const { http, recorder } = await serveRecorder(test, { sockJsHeartbeat: 20 });
    const stream = await openXhrStream(`${http}/im${newSession()}`);
    const server = await recorder.next();
    await stream.expect('o\nh\n');
    server.connection.disableHeartbeat();
    // Longer than two heart-beats would take, by the clock of another session.
    const other = await openXhrStream(`${http}/im${newSession()}`);
    await other.expect('o\nh\nh\nh\n');
    server.write('end');
    await stream.expect('a["end"]\n');
    for (const each of [stream, other]) each.abort();
  });

  it('are not sent while there is something to say', async (test) => {
    const { http, recorder } = await serveRecorder(test, { sockJsHeartbeat: 200 });
    const stream = await openXhrStream(`${http}/im${newSession()}`);
    const other = await openXhrStream(`${http}/im${newSession()}`);
    const talking = await recorder.next();
    await recorder.next();
    const timer = setInterval(() => talking.write('x'), 20);
    test.after(() => clearInterval(timer));
    await other.expect('o\nh\n');
    clearInterval(timer);
    talking.write('end');
    let said = '';
    while (!said.includes('end')) said += await stream.read(1);
    assert.doesNotMatch(said, /h/);
    for (const each of [stream, other]) each.abort();
  });
});
