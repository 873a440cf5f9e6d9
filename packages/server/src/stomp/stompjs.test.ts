import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type Close, closeOf, type StompFrame } from '@haina/wire';
import { Client, type IFrame, type IMessage, type IStompSocket, Versions } from '@stomp/stompjs';
import type { Batch } from '../transport/payload.ts';
import { createStompContext } from './options.ts';
import { StompSession } from './session.ts';
import { MemoryConnection } from './testing/memory-connection.ts';
import { RecordingHandler } from './testing/recording-handler.ts';

/** A memory connection whose other end looks like a browser's WebSocket. */
class SocketConnection extends MemoryConnection implements IStompSocket {
  readonly url = 'memory:';
  readyState = 0;
  binaryType = 'arraybuffer';
  onopen: IStompSocket['onopen'];
  onmessage: IStompSocket['onmessage'];
  onclose: IStompSocket['onclose'];
  onerror: IStompSocket['onerror'];

  open(session: StompSession): this {
    this.attach(session);
    setImmediate(() => {
      this.readyState = 1;
      this.onopen?.();
    });
    return this;
  }

  override write(batch: Batch): void {
    for (const { binary, data } of batch.payloads) {
      const content = binary ? Uint8Array.from(data).buffer : data.toString();
      setImmediate(() => this.onmessage?.({ data: content }));
    }
  }

  send(data: string | ArrayBufferLike | ArrayBufferView | Blob): void {
    assert.ok(typeof data === 'string' || data instanceof ArrayBuffer);
    this.receive(typeof data === 'string' ? data : Buffer.from(data));
  }

  /** The server closes it with what it says, the client as a WebSocket does. */
  override close(close?: Close | number): void {
    const said = typeof close === 'object' ? close : closeOf('normal');
    super.close(said);
    this.readyState = 3;
    setImmediate(() => this.onclose?.({ code: said.code, reason: said.reason }));
  }
}

/** A dialect that sends every message back to the sender's own subscriptions of the destination. */
class EchoHandler extends RecordingHandler {
  session: StompSession | undefined;
  #messages = 0;

  override onSend = ({ headers, body }: StompFrame): void => {
    for (const subscription of this.session?.subscriptions(headers.get('destination')) ?? []) {
      this.#messages += 1;
      const [messageId, ackId] = [`m:${this.#messages}`, `a:${this.#messages}`];
      const tracked = { messageId, ackId, token: this.#messages };
      this.session?.send(subscription, { messageId, ackId, headers, body }, [tracked]);
    }
  };
}

interface Stage {
  readonly client: Client;
  readonly handler: EchoHandler;
  readonly connected: Promise<IFrame>;
  readonly failed: Promise<IFrame>;
}

function stage(t: TestContext, version: string): Stage {
  const handler = new EchoHandler();
  const context = createStompContext();
  const client = new Client({
    stompVersions: new Versions([version]),
    reconnectDelay: 0,
    webSocketFactory: () => {
      const socket = new SocketConnection();
      handler.session = new StompSession(socket, () => handler, context);
      return socket.open(handler.session);
    },
  });
  const { promise: connected, resolve: onConnect } = Promise.withResolvers<IFrame>();
  const { promise: failed, resolve: onStompError } = Promise.withResolvers<IFrame>();
  Object.assign(client, { onConnect, onStompError });
  client.activate();
  t.after(() => client.deactivate({ force: true }));
  return { client, handler, connected, failed };
}

function receipt(client: Client, id: string): Promise<IFrame> {
  return new Promise((resolve) => client.watchForReceipt(id, resolve));
}

/** Subscribes, and gives a function for the next message. */
function subscribe(client: Client, headers: Record<string, string> = {}): () => Promise<IMessage> {
  const messages: IMessage[] = [];
  const waiting: ((message: IMessage) => void)[] = [];
  client.subscribe(
    '/topic/a',
    (message) => {
      const next = waiting.shift();
      if (next === undefined) messages.push(message);
      else next(message);
    },
    headers,
  );
  return async () => messages.shift() ?? new Promise((resolve) => waiting.push(resolve));
}

for (const version of ['1.0', '1.1', '1.2']) {
  describe(`a stompjs client of STOMP ${version}`, () => {
    test('connects, and leaves in peace', async (t) => {
      const { client, handler, connected } = stage(t, version);
      assert.equal((await connected).headers.version, version);
      await client.deactivate();
      assert.deepEqual(handler.closings, ['server']);
    });

    test('gets back text and bytes as it sent them, with its headers', async (t) => {
      const { client, connected } = stage(t, version);
      await connected;
      const next = subscribe(client);
      const text = '海纳百川 '.repeat(3000);
      // stompjs escapes in 1.2 only, though 1.1 has escapes too, and unescapes in several passes.
      const special = version === '1.2' ? 'a:b\\x\nd' : 'plain';
      client.publish({ destination: '/topic/a', body: text, headers: { 'x-special': special } });
      const message = await next();
      assert.equal(message.body, text);
      assert.equal(message.headers['x-special'], special);
      assert.equal(message.headers.destination, '/topic/a');
      const octets = Uint8Array.from({ length: 1024 }, (_, n) => n % 256);
      client.publish({ destination: '/topic/a', binaryBody: octets });
      assert.deepEqual((await next()).binaryBody, octets);
    });

    test('acknowledges', async (t) => {
      const { client, handler, connected } = stage(t, version);
      await connected;
      const next = subscribe(client, { ack: 'client' });
      for (const body of ['1', '2', '3']) client.publish({ destination: '/topic/a', body });
      await next();
      (await next()).ack();
      const last = await next();
      if (version === '1.0') last.ack();
      else last.nack();
      const done = receipt(client, 'done');
      client.publish({ destination: '/elsewhere', headers: { receipt: 'done' } });
      await done;
      assert.deepEqual(
        [handler.acks, handler.nacks],
        version === '1.0' ? [[[1, 2], [3]], []] : [[[1, 2]], [[3]]],
      );
    });

    test('commits and aborts', async (t) => {
      const { client, connected } = stage(t, version);
      await connected;
      const next = subscribe(client);
      const [aborted, committed] = [client.begin(), client.begin()];
      client.publish({ destination: '/topic/a', body: 'never', headers: { transaction: aborted.id } });
      client.publish({ destination: '/topic/a', body: 'inside', headers: { transaction: committed.id } });
      client.publish({ destination: '/topic/a', body: 'outside' });
      aborted.abort();
      committed.commit();
      assert.equal((await next()).body, 'outside');
      assert.equal((await next()).body, 'inside');
    });

    test('is told of its errors', async (t) => {
      const { client, connected, failed } = stage(t, version);
      await connected;
      client.publish({ destination: '', headers: { receipt: 'r' } });
      const error = await failed;
      assert.equal(error.headers.message, 'Missing destination');
      assert.equal(error.headers['receipt-id'], 'r');
    });
  });
}
