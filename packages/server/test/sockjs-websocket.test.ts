import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ask,
  get,
  newSession,
  post,
  RawClient,
  serveEcho,
  WebSocketClient,
} from '../src/transport/test-support.ts';

const server = await serveEcho();
const echo = `${server.http}/echo`;
const open = (service: string): WebSocketClient =>
  new WebSocketClient(`${server.ws}/${service}${newSession()}/websocket`);

describe('requests to a WebSocket URL that are no handshake', () => {
  it('are refused if they ask for no upgrade', async () => {
    for (const path of ['/0/0/websocket', '/websocket']) {
      const answer = await get(echo + path);
      assert.equal(answer.status, 400);
      assert.equal(answer.body, 'Can "Upgrade" only to "WebSocket".');
    }
  });

  it('are refused if a proxy has changed their Connection header', async () => {
    const answer = await get(`${echo}/0/0/websocket`, { Upgrade: 'WebSocket', Connection: 'close' });
    assert.equal(answer.status, 400);
    assert.equal(answer.body, '"Connection" must be "Upgrade".');
  });

  it('are refused if they are not GET', async () => {
    for (const headers of [{ Upgrade: 'WebSocket', Connection: 'Upgrade' }, {}]) {
      const answer = await post(`${echo}/0/0/websocket`, '', headers);
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.allow, 'GET');
      assert.equal(answer.headers['content-type'], undefined);
      assert.equal(answer.body, '');
    }
  });

  it('are refused if their handshake is incomplete', async () => {
    const headers = { Upgrade: 'websocket', Connection: 'Upgrade' };
    assert.equal((await ask('GET', `${echo}/0/0/websocket`, { headers })).status, 400);
  });

  it('are not known where WebSockets are off', async () => {
    for (const path of ['/0/0/websocket', '/websocket']) {
      assert.equal((await get(`${server.http}/disabled_websocket_echo${path}`)).status, 404);
      const headers = { Upgrade: 'websocket', Connection: 'Upgrade' };
      const upgrade = await ask('GET', `${server.http}/disabled_websocket_echo${path}`, { headers });
      assert.equal(upgrade.status, 404);
    }
  });

  it('are not known at other transports', async () => {
    const headers = { Upgrade: 'websocket', Connection: 'Upgrade' };
    assert.equal((await ask('GET', `${echo}/0/0/eventsource`, { headers })).status, 404);
  });
});

describe('SockJS over WebSocket', () => {
  for (const [protocol, version, connection] of [
    ['RFC 6455', 13, 'Upgrade'],
    ['draft 8', 8, 'Upgrade'],
    ['draft 7 and Firefox 6', 7, 'keep-alive, Upgrade'],
  ] as const)
    it(`shakes hands in the way of ${protocol}`, async () => {
      const client = new RawClient(server.port);
      client.send(
        `GET /echo${newSession()}/websocket HTTP/1.1`,
        'Host: x',
        'Upgrade: WebSocket',
        `Connection: ${connection}`,
        `Sec-WebSocket-Version: ${version}`,
        'Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==',
      );
      const answer = await client.until('\x81\x01o');
      assert.match(answer, /^HTTP\/1.1 101 /);
      assert.match(answer, /\r\nsec-websocket-accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n/i);
      assert.match(answer, /\r\nconnection: upgrade\r\n/i);
      assert.match(answer, /\r\nupgrade: websocket\r\n/i);
      assert.doesNotMatch(answer, /content-length|sec-websocket-protocol/i);
      client.socket.destroy();
    });

  it('opens, takes messages and gives them back', async () => {
    const client = open('echo');
    assert.equal(await client.nextText(), 'o');
    client.socket.send('["a"]');
    assert.equal(await client.nextText(), 'a["a"]');
    client.socket.send('"b"');
    assert.equal(await client.nextText(), 'a["b"]');
    client.socket.send('["c","d\\u2028"]');
    assert.equal(await client.nextText(), 'a["c"]');
    assert.equal(await client.nextText(), 'a["d\\u2028"]');
    client.socket.close(1000, 'bye');
    assert.deepEqual(await client.closed, { code: 1000, reason: 'bye' });
  });

  it('closes with a close frame of each protocol', async () => {
    const client = open('close');
    assert.equal(await client.nextText(), 'o');
    assert.equal(await client.nextText(), 'c[3000,"Go away!"]');
    assert.deepEqual(await client.closed, { code: 3000, reason: 'Go away!' });
  });

  it('ignores empty messages and empty arrays', async () => {
    const client = open('echo');
    assert.equal(await client.nextText(), 'o');
    for (const message of ['', '[]', '["a"]']) client.socket.send(message);
    assert.equal(await client.nextText(), 'a["a"]');
    client.socket.close();
  });

  it('lets sessions share an id', async () => {
    const url = `${server.ws}/echo${newSession()}/websocket`;
    const clients = [new WebSocketClient(url), new WebSocketClient(url)];
    for (const [index, client] of clients.entries()) {
      assert.equal(await client.nextText(), 'o');
      client.socket.send(`["${index}"]`);
      assert.equal(await client.nextText(), `a["${index}"]`);
    }
    for (const client of clients) client.socket.close();
  });

  for (const [what, message] of [
    ['broken JSON', '["a'],
    ['JSON of another shape', '{"a":"b"}'],
    ['a binary message', Buffer.from('["a"]')],
  ] as const) {
    it(`breaks off on ${what}`, async () => {
      const client = open('echo');
      assert.equal(await client.nextText(), 'o');
      client.socket.send(message);
      assert.equal((await client.closed).code, 1006);
    });
  }

  it('sends heart-beats when there is nothing else', async (test) => {
    const quick = await serveEcho({ sockJsHeartbeat: 40 }, test);
    const client = new WebSocketClient(`${quick.ws}/echo${newSession()}/websocket`);
    for (const frame of ['o', 'h', 'h']) assert.equal(await client.nextText(), frame);
    client.socket.close();
  });

  it('compresses where the client can', async (test) => {
    const compressing = await serveEcho({ perMessageDeflate: true }, test);
    const client = new WebSocketClient(`${compressing.ws}/echo${newSession()}/websocket`);
    assert.equal(await client.nextText(), 'o');
    const message = 'x'.repeat(10_000);
    client.socket.send(JSON.stringify([message]));
    assert.equal(await client.nextText(), `a["${message}"]`);
    assert.equal(client.socket.extensions, 'permessage-deflate');
    client.socket.close();
  });
});

describe('the WebSocket without framing', () => {
  it('gives messages back as they are', async () => {
    const client = new WebSocketClient(`${server.ws}/echo/websocket`);
    await client.opened;
    client.socket.send('Hello world!\uffff');
    assert.equal(await client.nextText(), 'Hello world!\uffff');
    client.socket.send(Buffer.from([0, 255]));
    assert.deepEqual(await client.next(), { data: Buffer.from([0, 255]), binary: true });
    client.socket.close();
  });

  it('closes with a WebSocket close frame only', async () => {
    const client = new WebSocketClient(`${server.ws}/close/websocket`);
    assert.deepEqual(await client.closed, { code: 3000, reason: 'Go away!' });
  });
});
