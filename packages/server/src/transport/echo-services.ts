import { Batch, type ConnectionAcceptor, Payload, type TransportOptions, TransportServer } from './index.ts';

const MIB = 1024 * 1024;
/** What sockjs-protocol's tests count on instead of the default. */
const TEST_STREAMING_LIMIT = 4096;

const echo: ConnectionAcceptor = (connection) => ({
  onMessage: (data, binary) => connection.write(Batch.of(new Payload(data, binary))),
  onClose: () => {},
});

const closeAtOnce: ConnectionAcceptor = (connection) => {
  connection.close({ code: 3000, reason: 'Go away!' });
  return { onMessage: () => {}, onClose: () => {} };
};

/** The services that the conformance suites of SockJS (sockjs-protocol) and WebSocket (Autobahn) connect to. */
export function createEchoServices(options: TransportOptions = {}): TransportServer {
  const transports = new TransportServer({ allowedOrigins: '*', ...options });
  const streamingLimit = TEST_STREAMING_LIMIT;
  transports.mount('/echo', echo, { sockJs: { streamingLimit } });
  transports.mount('/disabled_websocket_echo', echo, { sockJs: { streamingLimit, websocket: false } });
  transports.mount('/cookie_needed_echo', echo, { sockJs: { streamingLimit, cookies: true } });
  transports.mount('/close', closeAtOnce, { sockJs: { streamingLimit } });
  transports.mount('/rawecho', echo, { maxMessageBytes: 16 * MIB, maxQueuedBytes: 64 * MIB });
  return transports;
}
