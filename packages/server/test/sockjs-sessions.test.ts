import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import {
  newSession,
  openXhrStream,
  post,
  RawClient,
  Stream,
  serveEcho,
  until,
} from '../src/transport/test-support.ts';

const server = await serveEcho();
const echo = `${server.http}/echo`;
const close = `${server.http}/close`;

const INTERRUPTED = 'c[1002,"Connection interrupted"]\n';
const ANOTHER = 'c[2010,"Another connection still open"]\n';

describe('a session', () => {
  it('opens, takes messages and gives them back', async () => {
    const session = echo + newSession();
    const opened = await post(`${session}/xhr`);
    assert.equal(opened.status, 200);
    assert.equal(opened.body, 'o\n');
    const sent = await post(`${session}/xhr_send`, '["a"]');
    assert.equal(sent.status, 204);
    assert.equal(sent.body, '');
    assert.equal((await post(`${session}/xhr`)).body, 'a["a"]\n');
  });

  it('must be open before it takes messages', async () => {
    assert.equal((await post(`${echo}/000/bad_session/xhr_send`, '["a"]')).status, 404);
    assert.equal((await post(`${echo}/000/bad_session/jsonp_send`, '["a"]')).status, 404);
  });

  it('repeats its close frame to whoever asks', async () => {
    const session = close + newSession();
    assert.equal((await post(`${session}/xhr`)).body, 'o\n');
    for (let i = 0; i < 3; i++) {
      const answer = await post(`${session}/xhr`);
      assert.equal(answer.status, 200);
      assert.equal(answer.body, 'c[3000,"Go away!"]\n');
    }
  });

  it('takes messages in vain once it is closed', async () => {
    const session = close + newSession();
    await post(`${session}/xhr`);
    assert.equal((await post(`${session}/xhr_send`, '["a"]')).status, 204);
  });

  it('closes a streaming response after its close frame', async () => {
    const session = close + newSession();
    const first = await openXhrStream(session);
    await first.expect('o\nc[3000,"Go away!"]\n');
    await first.expectEnd();
    const second = await openXhrStream(session);
    await second.expect('c[3000,"Go away!"]\n');
    await second.expectEnd();
  });

  it('has one receiver at a time', async () => {
    const session = echo + newSession();
    const first = await openXhrStream(session);
    await first.expect('o\n');
    const second = await openXhrStream(session);
    await second.expect(ANOTHER);
    await second.expectEnd();
    await post(`${session}/xhr_send`, '["still here"]');
    await first.expect('a["still here"]\n');
    first.abort();
  });
});

describe('a receiver broken off by the client', () => {
  it('ends its session when it was streaming', async () => {
    const session = echo + newSession();
    const first = await openXhrStream(session);
    await first.expect('o\n');
    first.abort();
    // The server sees the abort a moment after the client made it: until then the receiver counts as open.
    let frame = ANOTHER;
    while (frame === ANOTHER) {
      const next = await openXhrStream(session);
      frame = await next.read(Number.POSITIVE_INFINITY);
    }
    assert.equal(frame, INTERRUPTED);
  });

  it('ends its session when it was polling', async () => {
    const session = echo + newSession();
    await post(`${session}/xhr`);
    const arrived = once(server.server, 'request');
    const polling = new RawClient(server.port);
    polling.send(`POST ${session.slice(server.http.length)}/xhr HTTP/1.1`, 'Host: x', 'Content-Length: 0');
    await arrived;
    assert.equal((await post(`${session}/xhr`)).body, ANOTHER);
    polling.socket.destroy();
    let frame = ANOTHER;
    while (frame === ANOTHER) frame = (await post(`${session}/xhr`)).body;
    assert.equal(frame, INTERRUPTED);
  });
});

describe('HTTP/1.0', () => {
  it('gets whole answers with a length', async () => {
    const client = new RawClient(server.port);
    const greeting = 'Welcome to SockJS!\n';
    for (let i = 0; i < 2; i++) {
      client.send('GET /echo HTTP/1.0', 'Connection: Keep-Alive');
      const answer = await client.until(greeting);
      assert.match(answer, /^HTTP\/1\.[01] 200 /);
      assert.match(answer, /\r\ncontent-length: 19\r\n/i);
      assert.match(answer, /\r\nconnection: keep-alive\r\n/i);
      assert.doesNotMatch(answer, /transfer-encoding/i);
    }
    client.socket.destroy();
  });

  it('gets streams until the connection closes', async () => {
    const client = new RawClient(server.port);
    client.send(
      `POST /close${newSession()}/xhr_streaming HTTP/1.0`,
      'Connection: Keep-Alive',
      'Content-Length: 0',
    );
    const answer = await client.rest();
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    assert.doesNotMatch(head, /transfer-encoding|content-length/i);
    assert.equal(body, `${'h'.repeat(2048)}\no\nc[3000,"Go away!"]\n`);
  });
});

describe('HTTP/1.1', () => {
  it('keeps connections for the next request', async () => {
    const client = new RawClient(server.port);
    for (let i = 0; i < 2; i++) {
      client.send('GET /echo HTTP/1.1', 'Host: x', 'Connection: Keep-Alive');
      const answer = await client.until('Welcome to SockJS!\n');
      assert.match(answer, /\r\ncontent-length: 19\r\n/i);
      assert.doesNotMatch(answer, /connection: close/i);
    }
    client.socket.destroy();
  });

  it('gets streams with every frame in a chunk of its own', async () => {
    const client = new RawClient(server.port);
    client.send(`POST /close${newSession()}/xhr_streaming HTTP/1.1`, 'Host: x', 'Content-Length: 0');
    const answer = await client.until('0\r\n\r\n');
    const head = answer.slice(0, answer.indexOf('\r\n\r\n'));
    assert.match(head, /transfer-encoding: chunked/i);
    assert.doesNotMatch(head, /content-length/i);
    const chunks = ['h'.repeat(2048).concat('\n'), 'o\n', 'c[3000,"Go away!"]\n', ''];
    const body = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
    assert.equal(answer.slice(head.length + 4), body);
    client.socket.destroy();
  });
});

describe('the timers of a session', () => {
  it('send heart-beats to a receiver for which there is nothing else', async (test) => {
    const quick = await serveEcho({ sockJsHeartbeat: 40 }, test);
    const session = `${quick.http}/echo${newSession()}`;
    const stream = await openXhrStream(session);
    await stream.expect('o\nh\nh\n');
    stream.abort();
    const polled = `${quick.http}/echo${newSession()}`;
    await post(`${polled}/xhr`);
    assert.equal((await post(`${polled}/xhr`)).body, 'h\n');
  });

  it('forget a session that nobody receives', async (test) => {
    const quick = await serveEcho({ sockJsSessionTimeout: 40 }, test);
    const session = `${quick.http}/echo${newSession()}`;
    await post(`${session}/xhr`);
    await until(() => quick.transports.connectionCount === 0);
    assert.equal((await post(`${session}/xhr_send`, '["a"]')).status, 404);
    assert.equal((await post(`${session}/xhr`)).body, 'o\n');
  });

  it('forget a closed session after a while', async (test) => {
    const quick = await serveEcho({ sockJsSessionTimeout: 40 }, test);
    const session = `${quick.http}/close${newSession()}`;
    await post(`${session}/xhr`);
    await until(() => quick.transports.connectionCount === 0);
    assert.equal((await post(`${session}/xhr`)).body, 'o\n');
  });

  it('leave a receiving session alone', async (test) => {
    const quick = await serveEcho({ sockJsSessionTimeout: 20, sockJsHeartbeat: 100 }, test);
    const session = `${quick.http}/echo${newSession()}`;
    const stream = await Stream.open('POST', `${session}/xhr_streaming`);
    await stream.read(2049);
    await stream.expect('o\nh\nh\n');
    await post(`${session}/xhr_send`, '["a"]');
    await stream.expect('a["a"]\n');
    stream.abort();
  });
});
