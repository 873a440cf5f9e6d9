import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { closeOf } from '@haina/wire';
import { Batch, Payload, type TransportEvents, TransportServer } from './index.ts';
import {
  Inbox,
  RawClient,
  type Recorded,
  type Scope,
  serve,
  serveRecorder,
  until,
  WebSocketClient,
} from './test-support.ts';

const KIB = 1024;

/** Sends one masked frame: RFC 6455 section 5.2, with a mask of zeros. */
const frame = (first: number, payload: Buffer, masked = true): Buffer => {
  assert.ok(payload.byteLength < 126);
  const head = masked ? [first, 0x80 | payload.byteLength, 0, 0, 0, 0] : [first, payload.byteLength];
  return Buffer.concat([Buffer.from(head), payload]);
};

/** A WebSocket client without a library, for what no library would do. */
const rawWebSocket = async (port: number): Promise<RawClient> => {
  const client = new RawClient(port);
  client.send(
    'GET /im HTTP/1.1',
    'Host: x',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==',
  );
  await client.until('\r\n\r\n');
  return client;
};

/** The payload of a close frame: its code, as it is on the wire. */
const closeFrame = (code: number): string =>
  Buffer.from([0x88, 2, code >> 8, code & 0xff]).toString('latin1');

/** Sends more than the operating system keeps for a reader that does not read. */
const fillUp = async (client: WebSocketClient): Promise<void> => {
  for (let i = 0; i < FILLING; i++) client.socket.send('x'.repeat(60_000));
  let before = Number.POSITIVE_INFINITY;
  // It is full once no more leaves; the client's own pongs still add to it.
  while (client.socket.bufferedAmount < before) {
    before = client.socket.bufferedAmount;
    await once(client.socket, 'ping');
  }
  assert.ok(before > 0);
};
const FILLING = 400;

describe('messages', () => {
  it('arrive as they were sent, text as text and bytes as bytes', async (test) => {
    const { ws, recorder } = await serveRecorder(test);
    const client = new WebSocketClient(`${ws}/im`);
    const server = await recorder.next();
    assert.equal(server.connection.transport, 'websocket');
    assert.equal(server.connection.carriesBinary, true);
    await client.opened;
    client.socket.send('grüße');
    assert.deepEqual(await server.messages.next(), { data: Buffer.from('grüße'), binary: false });
    client.socket.send(Buffer.from([0, 255]));
    assert.deepEqual(await server.messages.next(), { data: Buffer.from([0, 255]), binary: true });
    server.connection.write(Batch.of(Payload.text('三'), new Payload(Buffer.from([1]), true)));
    assert.equal(await client.nextText(), '三');
    assert.deepEqual(await client.next(), { data: Buffer.from([1]), binary: true });
  });

  it('arrive whole however they were fragmented', async (test) => {
    const { ws, recorder } = await serveRecorder(test);
    const client = new WebSocketClient(`${ws}/im`);
    const server = await recorder.next();
    await client.opened;
    for (const part of ['a', '', 'b']) client.socket.send(part, { fin: false });
    client.socket.ping();
    client.socket.send('c', { fin: true });
    assert.equal(await server.nextText(), 'abc');
  });

  it('of one tick keep their order and leave together', async (test) => {
    const written: number[] = [];
    const events: Partial<TransportEvents> = { bytesOut: (count) => written.push(count) };
    const { ws, recorder } = await serveRecorder(test, { events });
    const clients = [new WebSocketClient(`${ws}/im`), new WebSocketClient(`${ws}/im`)];
    const servers = [await recorder.next(), await recorder.next()];
    const texts = Array.from({ length: 20 }, (_, index) => `message ${index}`);
    for (const text of texts) for (const server of servers) server.write(text);
    for (const client of clients) for (const text of texts) assert.equal(await client.nextText(), text);
    const bytes = servers.reduce((sum, { connection }) => sum + connection.enqueuedBytes, 0);
    assert.deepEqual(written, [bytes]);
  });

  it('of one batch are the same for a hundred connections', async (test) => {
    const { ws, recorder } = await serveRecorder(test);
    const clients = Array.from({ length: 100 }, () => new WebSocketClient(`${ws}/im`));
    const batch = Batch.of(Payload.text('x'.repeat(300)), new Payload(Buffer.alloc(70_000, 7), true));
    for (let i = 0; i < clients.length; i++) (await recorder.next()).connection.write(batch);
    for (const client of clients) {
      assert.equal(await client.nextText(), 'x'.repeat(300));
      assert.deepEqual(await client.next(), { data: Buffer.alloc(70_000, 7), binary: true });
    }
  });

  it('are compressed for clients that offer it, and for no others', async (test) => {
    const { ws, recorder } = await serveRecorder(test, { perMessageDeflate: true });
    const text = 'again and '.repeat(1000);
    for (const perMessageDeflate of [true, false]) {
      const client = new WebSocketClient(`${ws}/im`, [], { perMessageDeflate });
      const server = await recorder.next();
      await client.opened;
      assert.equal(client.socket.extensions, perMessageDeflate ? 'permessage-deflate' : '');
      client.socket.send(text);
      assert.equal(await server.nextText(), text);
      server.write(text, 'and short');
      assert.equal(await client.nextText(), text);
      assert.equal(await client.nextText(), 'and short');
      server.connection.close(closeOf('normal'));
      assert.equal((await client.closed).code, 1000);
    }
  });
});

describe('the queue', () => {
  it('is counted until the operating system has taken it', async (test) => {
    const { ws, recorder } = await serveRecorder(test);
    const client = new WebSocketClient(`${ws}/im`);
    const { connection } = await recorder.next();
    assert.equal(connection.enqueuedBytes, 0);
    const batch = Batch.of(Payload.text('hello'));
    connection.write(batch);
    connection.write(batch);
    assert.equal(connection.enqueuedBytes, 2 * batch.webSocketFrames.byteLength);
    assert.equal(connection.queuedBytes, connection.enqueuedBytes);
    await client.nextText();
    assert.equal(connection.queuedBytes, 0);
  });

  it('takes one batch of any size while it is empty', async (test) => {
    const { ws, recorder } = await serveRecorder(test, { maxQueuedBytes: 10 });
    const client = new WebSocketClient(`${ws}/im`);
    const { connection } = await recorder.next();
    const large = Buffer.alloc(8 * KIB * KIB, 1);
    connection.write(Batch.of(new Payload(large, true)));
    assert.ok(large.equals((await client.next()).data));
    assert.ok(connection.isOpen);
  });

  it('stays known for what a socket that breaks did not write', async (test) => {
    const options = { maxQueuedBytes: 64 * KIB * KIB };
    const { port, recorder, server: httpServer } = await serveRecorder(test, options);
    const arrived = once(httpServer, 'connection');
    const client = await rawWebSocket(port);
    client.socket.pause();
    const [socket] = await arrived;
    const server = await recorder.next();
    server.connection.write(Batch.of(new Payload(Buffer.alloc(32 * KIB * KIB), true)));
    await new Promise((resolve) => setImmediate(resolve));
    const before = server.connection.queuedBytes;
    assert.ok(before > 0);
    socket.destroy();
    server.write('what is written now is lost too');
    assert.equal(await server.closes.next(), 'client');
    assert.ok(server.connection.queuedBytes > before);
  });

  it('takes many batches in one tick if only the client reads', async (test) => {
    let written = 0;
    const events: Partial<TransportEvents> = {
      bytesOut: (count) => {
        written += count;
      },
    };
    const { ws, recorder } = await serveRecorder(test, { maxQueuedBytes: 4 * KIB, events });
    const client = new WebSocketClient(`${ws}/im`);
    const { connection } = await recorder.next();
    for (let i = 0; i < 16; i++) connection.write(Batch.of(Payload.text('x'.repeat(KIB))));
    connection.close(closeOf('normal'));
    for (let i = 0; i < 16; i++) assert.equal((await client.nextText()).length, KIB);
    assert.equal((await client.closed).code, 1000);
    assert.equal(written, connection.enqueuedBytes);
  });

  it('ends a client that does not read, and holds nobody else back', async (test) => {
    const { ws, port, recorder, transports } = await serveRecorder(test, { maxQueuedBytes: 256 * KIB });
    const slow = await rawWebSocket(port);
    slow.socket.pause();
    const slowServer = await recorder.next();
    const fast = new WebSocketClient(`${ws}/im`);
    const fastServer = await recorder.next();
    const batch = Batch.of(Payload.text('x'.repeat(64 * KIB)));
    let rounds = 0;
    while (slowServer.connection.isOpen && rounds++ < 1000) {
      for (const { connection } of [slowServer, fastServer]) connection.write(batch);
      await fast.nextText();
    }
    assert.equal(await slowServer.closes.next(), 'slow-consumer');
    assert.ok(slowServer.connection.queuedBytes <= 256 * KIB);
    await until(() => transports.connectionCount === 1);
    fastServer.write('still here');
    assert.equal(await fast.nextText(), 'still here');
  });

  it('tells the client that it was too slow, if it reads after all', async (test) => {
    const options = { maxQueuedBytes: 256 * KIB, closeTimeout: 5000 };
    const { ws, recorder } = await serveRecorder(test, options);
    const client = new WebSocketClient(`${ws}/im`);
    const server = await recorder.next();
    await client.opened;
    client.socket.pause();
    while (server.connection.isOpen) {
      server.write('x'.repeat(64 * KIB));
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.socket.resume();
    assert.deepEqual(await client.closed, closeOf('slow-consumer'));
  });
});

describe('closing', () => {
  const closing = async (close: (server: Recorded, client: WebSocketClient) => void, test: Scope) => {
    const { ws, recorder } = await serveRecorder(test);
    const client = new WebSocketClient(`${ws}/im`);
    const server = await recorder.next();
    await client.opened;
    close(server, client);
    return { server, client };
  };

  it('sends what is queued first', async (test) => {
    const { server, client } = await closing((server) => {
      server.write('last', 'words');
      server.connection.close({ code: 4321, reason: 'enough' });
      server.write('too late');
    }, test);
    assert.equal(server.connection.isOpen, false);
    assert.equal(await client.nextText(), 'last');
    assert.equal(await client.nextText(), 'words');
    assert.deepEqual(await client.closed, { code: 4321, reason: 'enough' });
    assert.equal(await server.closes.next(), 'server');
  });

  it('tells the handler once, and not from inside the call', async (test) => {
    const { server, client } = await closing((server) => {
      server.connection.close(closeOf('normal'));
      server.connection.close(closeOf('normal'));
      assert.equal(server.closes.size, 0);
    }, test);
    assert.equal(await server.closes.next(), 'server');
    await client.closed;
    assert.equal(server.closes.size, 0);
  });

  it('cuts a reason to what a frame holds, between two characters', async (test) => {
    const { client } = await closing(
      ({ connection }) => connection.close({ code: 1000, reason: '€'.repeat(100) }),
      test,
    );
    assert.deepEqual(await client.closed, { code: 1000, reason: '€'.repeat(41) });
  });

  it('by the client is its doing, whether it says so or vanishes', async (test) => {
    const polite = await closing((_, client) => client.socket.close(1000), test);
    assert.equal(await polite.server.closes.next(), 'client');
    const gone = await closing((_, client) => client.socket.terminate(), test);
    assert.equal(await gone.server.closes.next(), 'client');
  });

  it('works before the handler is there', async (test) => {
    const causes = new Inbox<string>();
    const transports = new TransportServer();
    transports.mount('/im', (connection) => {
      connection.write(Batch.of(Payload.text('no')));
      connection.close({ code: 4000, reason: 'not today' });
      return { onMessage: () => {}, onClose: (cause) => causes.put(cause) };
    });
    const { ws } = await serve(transports, test);
    const client = new WebSocketClient(`${ws}/im`);
    assert.equal(await client.nextText(), 'no');
    assert.equal((await client.closed).code, 4000);
    assert.equal(await causes.next(), 'server');
  });

  it('does not wait for ever for a client that does not answer', async (test) => {
    const { port, recorder, transports } = await serveRecorder(test, { closeTimeout: 50 });
    const client = await rawWebSocket(port);
    const { connection } = await recorder.next();
    connection.close(closeOf('normal'));
    await client.closed;
    await until(() => transports.connectionCount === 0);
  });
});

describe('clients that break the rules', () => {
  const violations = [
    ['invalid UTF-8', frame(0x81, Buffer.from([0xc3, 0x28])), 1007, 'protocol'],
    ['a frame without a mask', frame(0x81, Buffer.from('x'), false), 1002, 'protocol'],
    ['an unknown opcode', frame(0x83, Buffer.from('x')), 1002, 'protocol'],
    ['a continuation of nothing', frame(0x80, Buffer.from('x')), 1002, 'protocol'],
    ['a message over the limit', frame(0x81, Buffer.alloc(101, 0x20)), 1009, 'oversized'],
    [
      'fragments over the limit',
      Buffer.concat([frame(0x01, Buffer.alloc(60, 0x20)), frame(0x80, Buffer.alloc(60, 0x20))]),
      1009,
      'oversized',
    ],
  ] as const;

  for (const [what, bytes, code, cause] of violations) {
    it(`are closed with ${code} for ${what}`, async (test) => {
      const { port, recorder } = await serveRecorder(test, { maxMessageBytes: 100 });
      const client = await rawWebSocket(port);
      const server = await recorder.next();
      client.socket.write(bytes);
      assert.equal(await server.closes.next(), cause);
      await client.until(closeFrame(code));
      assert.equal(server.messages.size, 0);
    });
  }

  it('are closed for cutting a message into too many pieces', async (test) => {
    const { port, recorder } = await serveRecorder(test);
    const client = await rawWebSocket(port);
    const server = await recorder.next();
    client.socket.write(frame(0x01, Buffer.from('x')));
    client.socket.write(Buffer.concat(Array.from({ length: 5000 }, () => frame(0x00, Buffer.alloc(0)))));
    assert.equal(await server.closes.next(), 'oversized');
  });
});

describe('keep-alive', () => {
  it('pings', async (test) => {
    const { ws } = await serveRecorder(test, { pingInterval: 30 });
    const client = new WebSocketClient(`${ws}/im`);
    await once(client.socket, 'ping');
    await once(client.socket, 'ping');
  });

  it('ends a client that answers nothing', async (test) => {
    const { port, recorder } = await serveRecorder(test, { pingInterval: 30 });
    const client = await rawWebSocket(port);
    const server = await recorder.next();
    assert.equal(await server.closes.next(), 'timeout');
    await client.closed;
  });

  it('takes any traffic for a sign of life', async (test) => {
    const { port, recorder } = await serveRecorder(test, { pingInterval: 30 });
    const client = await rawWebSocket(port);
    const server = await recorder.next();
    for (let pings = 0; pings < 5; pings++) {
      await client.until('\x89\x00');
      client.socket.write(frame(0x81, Buffer.from('x')));
      assert.equal(await server.nextText(), 'x');
    }
    assert.ok(server.connection.isOpen);
  });

  it('leaves a connection alone while it does not read it', async (test) => {
    const { ws, recorder } = await serveRecorder(test, { pingInterval: 20 });
    const client = new WebSocketClient(`${ws}/im`);
    const server = await recorder.next();
    await client.opened;
    server.connection.pause();
    await fillUp(client);
    for (let pings = 0; pings < 4; pings++) await once(client.socket, 'ping');
    assert.ok(server.connection.isOpen);
    server.connection.resume();
    for (let pings = 0; pings < 4; pings++) await once(client.socket, 'ping');
    assert.ok(server.connection.isOpen);
  });

  it('goes on when the layer above wants no heart-beats', async (test) => {
    const { ws, recorder } = await serveRecorder(test, { pingInterval: 20 });
    const client = new WebSocketClient(`${ws}/im`);
    (await recorder.next()).connection.disableHeartbeat();
    await once(client.socket, 'ping');
  });

  it('answers pings of the client', async (test) => {
    const { ws } = await serveRecorder(test);
    const client = new WebSocketClient(`${ws}/im`);
    await client.opened;
    client.socket.ping('are you there?');
    const [data] = await once(client.socket, 'pong');
    assert.equal(String(data), 'are you there?');
  });
});

describe('back-pressure from above', () => {
  it('keeps the client waiting until the connection is resumed', async (test) => {
    const { ws, recorder } = await serveRecorder(test, { pingInterval: 20 });
    const client = new WebSocketClient(`${ws}/im`);
    const server = await recorder.next();
    await client.opened;
    server.connection.pause();
    await fillUp(client);
    server.write('the other direction is open');
    await client.nextText();
    assert.equal(server.messages.size, 0);
    server.connection.resume();
    for (let i = 0; i < FILLING; i++) assert.equal((await server.nextText()).length, 60_000);
  });

  it('does not keep a paused connection from closing', { timeout: 5000 }, async (test) => {
    const { ws, recorder } = await serveRecorder(test, { closeTimeout: 60_000 });
    const client = new WebSocketClient(`${ws}/im`);
    const server = await recorder.next();
    await client.opened;
    server.connection.pause();
    server.connection.close({ code: 1000, reason: 'bye' });
    assert.deepEqual(await client.closed, { code: 1000, reason: 'bye' });
  });
});

describe('a handshake', () => {
  const refusalOf = (port: number, version: number, ...lines: string[]): Promise<string> => {
    const client = new RawClient(port);
    client.send(
      ...lines,
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Version: ${version}`,
      'Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==',
    );
    return client.rest();
  };

  for (const path of ['/im', '/im/websocket', '/im/000/a/websocket']) {
    it(`at ${path} is refused if it is of HTTP/1.0 or names no host, or two`, async (test) => {
      const { port } = await serveRecorder(test);
      assert.match(await refusalOf(port, 13, `GET ${path} HTTP/1.1`), /^HTTP\/1\.1 400 /);
      assert.match(await refusalOf(port, 13, `GET ${path} HTTP/1.0`, 'Host: x'), /^HTTP\/1\.1 400 /);
      assert.match(
        await refusalOf(port, 13, `GET ${path} HTTP/1.1`, 'Host: x', 'Host: y'),
        /^HTTP\/1\.1 400 /,
      );
    });
  }

  it('of an unknown version is told the known ones', async (test) => {
    const { port } = await serveRecorder(test);
    const refusal = await refusalOf(port, 6, 'GET /im HTTP/1.1', 'Host: x');
    assert.match(refusal, /^HTTP\/1\.1 4\d\d /);
    assert.match(refusal, /\r\nsec-websocket-version: 13/i);
  });
});

describe('subprotocols', () => {
  const subprotocols = ['v12.stomp', 'v11.stomp', 'v10.stomp'];

  for (const [offered, agreed] of [
    [['v10.stomp', 'v11.stomp'], 'v11.stomp'],
    [['v10.stomp', 'other', 'v12.stomp'], 'v12.stomp'],
    [[], ''],
  ] as const) {
    it(`of [${offered}] give "${agreed}"`, async (test) => {
      const { ws, recorder } = await serveRecorder(test, {}, { subprotocols });
      const client = new WebSocketClient(`${ws}/im`, [...offered]);
      await client.opened;
      assert.equal(client.socket.protocol, agreed);
      assert.equal((await recorder.next()).connection.subprotocol, agreed);
    });
  }

  it('that are all unknown are not echoed, and the client is served', async (test) => {
    const { port, recorder } = await serveRecorder(test, {}, { subprotocols });
    const client = new RawClient(port);
    client.send(
      'GET /im HTTP/1.1',
      'Host: x',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==',
      'Sec-WebSocket-Protocol: mqtt, xmpp',
    );
    const head = await client.until('\r\n\r\n');
    assert.match(head, /^HTTP\/1.1 101 /);
    assert.doesNotMatch(head, /sec-websocket-protocol/i);
    assert.equal((await recorder.next()).connection.subprotocol, '');
    client.socket.destroy();
  });
});

describe('a handler that throws', () => {
  it('loses its connection, and nobody else theirs', async (test) => {
    const failures = new Inbox<unknown>();
    const events: Partial<TransportEvents> = { failed: (_, error) => failures.put(error) };
    const transports = new TransportServer({ events });
    const problem = new Error('handler is broken');
    transports.mount('/message', () => ({
      onMessage: () => {
        throw problem;
      },
      onClose: () => {},
    }));
    transports.mount('/accept', () => {
      throw problem;
    });
    const { ws } = await serve(transports, test);
    const client = new WebSocketClient(`${ws}/message`);
    await client.opened;
    client.socket.send('x');
    assert.deepEqual(await client.closed, { code: 1011, reason: 'internal error' });
    assert.equal(await failures.next(), problem);
    assert.equal((await new WebSocketClient(`${ws}/accept`).closed).code, 1011);
    assert.equal(await failures.next(), problem);
  });
});
