import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import fastify from 'fastify';
import { isWebSocketUpgrade, TransportServer } from '../src/transport/index.ts';
import { get, Recorder, WebSocketClient } from '../src/transport/test-support.ts';

describe('beside fastify', () => {
  it('shares its server, and stops with it', async () => {
    const recorder = new Recorder();
    const transports = new TransportServer();
    transports.mount('/im', recorder.accept, { sockJs: true });
    const app = fastify({
      serverFactory: (handler) => {
        const server = createServer({ shouldUpgradeCallback: isWebSocketUpgrade });
        transports.attach(server, handler);
        return server;
      },
    });
    app.get('/health', () => 'ok');
    app.addHook('preClose', () => transports.close());
    const url = await app.listen({ port: 0, host: '127.0.0.1' });

    assert.equal((await get(`${url}/health`)).body, 'ok');
    assert.equal((await get(`${url}/nowhere`)).status, 404);
    assert.equal((await get(`${url}/im`)).body, 'Welcome to SockJS!\n');
    const client = new WebSocketClient(`${url.replace('http', 'ws')}/im`);
    const server = await recorder.next();
    await client.opened;
    await app.close();
    assert.equal(await server.closes.next(), 'shutdown');
    assert.equal((await client.closed).code, 1001);
  });
});
