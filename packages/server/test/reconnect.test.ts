import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { Client, type IFrame, ReconnectionTimeMode } from '@stomp/stompjs';
import { startTestServer, type TestServer } from './support/server.ts';
import { tokenOf } from './support/token.ts';

const manager = tokenOf('backend', { role: 'service' });
let server: TestServer;
let users = 0;

before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

/** The client of a page, as it is written there but for the address, shorter pauses, and its noise. */
async function clientOf(page: string, url: string, logIn: () => unknown): Promise<Client> {
  const text = await readFile(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
  const [, code = ''] = text.match(/```js\n(import \{ Client.*?)```/s) ?? [];
  const runnable = code
    .replace(/^import .*\n/, '')
    .replace('ws://127.0.0.1:8080', url)
    .replace('1000 + 1000 * Math.random()', '10')
    .replace('client.activate();', 'return client;');
  return new Function('Client', 'ReconnectionTimeMode', 'logIn', 'console', runnable)(
    Client,
    ReconnectionTimeMode,
    logIn,
    { log() {} },
  ) as Client;
}

/** Goes through what the client sees, one after the other. */
function follow(client: Client) {
  const { onConnect, onWebSocketClose } = client;
  let connected = Promise.withResolvers<void>();
  let closed = Promise.withResolvers<number>();
  client.onConnect = (frame: IFrame) => {
    onConnect(frame);
    connected.resolve();
    connected = Promise.withResolvers();
  };
  client.onWebSocketClose = (event: CloseEvent) => {
    onWebSocketClose(event);
    closed.resolve(event.code);
    closed = Promise.withResolvers();
  };
  return { connected: () => connected.promise, closed: () => closed.promise };
}

for (const page of ['clients.md', 'clients.zh-CN.md']) {
  describe(`the client of docs/${page}`, { timeout: 30_000 }, () => {
    test('gets a new token and connects again where its own was taken back', async () => {
      const id = `again-${users++}`;
      const credentials = { username: id, password: 'a first password' };
      await server.call('POST', '/api/v1/users', manager, { id, ...credentials });
      let logins = 0;
      const client = await clientOf(page, server.wsUrl, async () => {
        logins++;
        const { body } = await server.call('POST', '/api/v1/login', undefined, credentials);
        return (body as { token: string }).token;
      });
      const { connected, closed } = follow(client);
      const first = connected();
      client.activate();
      await first;
      const [end, next] = [closed(), connected()];
      await server.call('POST', `/api/v1/users/${id}/sessions/end`, manager);
      assert.equal(await end, 4102);
      await next;
      assert.equal(logins, 2);
      await client.deactivate();
    });

    for (const [what, code, logIn] of [
      ['a new token is refused too', 4102, () => 'nonsense'],
      ['the token of a new login has expired', 4101, () => tokenOf('late', { exp: 1 })],
    ] as const) {
      test(`gives up where ${what}`, async () => {
        const client = await clientOf(page, server.wsUrl, logIn);
        const end = follow(client).closed();
        client.activate();
        assert.equal(await end, code);
        assert.equal(client.active, false);
      });
    }

    test('gives up where its user is disabled', async () => {
      const id = `disabled-${users++}`;
      const client = await clientOf(page, server.wsUrl, () => tokenOf(id));
      const { connected, closed } = follow(client);
      const first = connected();
      client.activate();
      await first;
      const end = closed();
      await server.call('PATCH', `/api/v1/users/${id}`, manager, { disabled: true });
      assert.equal(await end, 4201);
      assert.equal(client.active, false);
    });

    test('connects again with the token that it has where the server restarts', async () => {
      const stopping = await startTestServer();
      let logins = 0;
      const client = await clientOf(page, stopping.wsUrl, () => {
        logins++;
        return tokenOf('stays');
      });
      const { connected, closed } = follow(client);
      const first = connected();
      client.activate();
      await first;
      const end = closed();
      await stopping.stop();
      assert.equal(await end, 1001);
      assert.equal(client.active, true);
      const again = connected();
      client.brokerURL = `${server.wsUrl}/ws/im`;
      await again;
      assert.equal(logins, 1);
      await client.deactivate();
    });
  });
}
