import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import SockJS from 'sockjs-client';
import { serveEcho } from '../src/transport/test-support.ts';

const server = await serveEcho();

interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** Sends messages one after the other and gathers what comes back. */
const exchange = async (client: WebSocket, messages: readonly string[]): Promise<string[]> => {
  const received: string[] = [];
  client.onopen = () => {
    for (const message of messages) client.send(message);
  };
  client.onmessage = ({ data }) => {
    received.push(data);
    if (received.length === messages.length) client.close();
  };
  await once(client as unknown as EventTarget, 'close');
  return received;
};

const MESSAGES = ['one', 'zwei\n', '三', '😀', '\u2028\ufffe', '', 'x'.repeat(5000), '"\\'];

for (const transport of ['websocket', 'xhr-streaming', 'xhr-polling']) {
  describe(`sockjs-client over ${transport}`, () => {
    it('gets its messages back in order', { timeout: 10_000 }, async () => {
      const client = new SockJS(`${server.http}/echo`, null, { transports: [transport] });
      assert.deepEqual(await exchange(client, MESSAGES), MESSAGES);
    });

    it('learns why the server closed', { timeout: 10_000 }, async () => {
      const client = new SockJS(`${server.http}/close`, null, { transports: [transport] });
      const [event] = (await once(client as unknown as EventTarget, 'close')) as [Closing];
      assert.equal(event.code, 3000);
      assert.equal(event.reason, 'Go away!');
    });
  });
}

describe('sockjs-client without a choice of transport', () => {
  it('falls back from WebSocket where that is off', { timeout: 10_000 }, async () => {
    const client = new SockJS(`${server.http}/disabled_websocket_echo`);
    assert.deepEqual(await exchange(client, MESSAGES), MESSAGES);
  });
});
