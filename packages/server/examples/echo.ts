/**
 * Echo services for conformance suites: SockJS at /echo, /disabled_websocket_echo, /cookie_needed_echo and /close,
 * plain WebSocket at /rawecho. HAINA_HOST and HAINA_PORT say where to listen; port 0 takes any.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEchoServices } from '../src/transport/echo-services.ts';
import { isWebSocketUpgrade } from '../src/transport/index.ts';

const host = process.env.HAINA_HOST ?? '127.0.0.1';
const port = Number(process.env.HAINA_PORT ?? 8081);

const transports = createEchoServices();
const server = createServer({ shouldUpgradeCallback: isWebSocketUpgrade });
transports.attach(server);

server.listen(port, host, () => {
  const { port: actual } = server.address() as AddressInfo;
  console.log(`haina listening on http://${host.includes(':') ? `[${host}]` : host}:${actual}`);
});

const stop = async (): Promise<void> => {
  server.close();
  await transports.close();
  server.closeAllConnections();
};

process.once('SIGINT', stop);
process.once('SIGTERM', stop);
