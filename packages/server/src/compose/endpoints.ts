import type { Config } from '../config/settings.ts';
import type { Dialect } from '../dialects/common/dialect.ts';
import type { DialectServices } from '../dialects/common/services.ts';
import { stompAcceptor } from '../stomp/acceptor.ts';
import type { StompOptions } from '../stomp/options.ts';
import {
  type Connection,
  type ConnectionAcceptor,
  type MountOptions,
  type TransportOptions,
  TransportServer,
} from '../transport/index.ts';
import { VERSION } from '../version.ts';

/** Preferred first. */
const STOMP_SUBPROTOCOLS = ['v12.stomp', 'v11.stomp', 'v10.stomp'];

/** A client may write anything there. */
const MAX_LOGGED_ORIGIN = 200;

/** A WebSocket message may hold several STOMP frames, and one that is too long deserves an ERROR rather than a cut line. */
const FRAMES_PER_MESSAGE = 4;

/** Mounts each dialect at its paths: plain WebSocket at the path and, for STOMP, SockJS below it. */
export function openEndpoints(
  config: Config,
  dialects: readonly Dialect[],
  services: Pick<DialectServices, 'metrics' | 'log'>,
): TransportServer {
  const dialectOf = new Map(
    dialects.flatMap((dialect) => allPaths(dialect).map((path) => [path, dialect.name] as const)),
  );
  const transports = new TransportServer(transportOptions(config, services, dialectOf));
  for (const dialect of dialects) {
    const accept = acceptorOf(dialect, config, services);
    const options = mountOptions(dialect, config);
    for (const path of allPaths(dialect)) transports.mount(path, accept, options);
  }
  return transports;
}

function allPaths({ paths, aliases = [] }: Dialect): readonly string[] {
  return [...paths, ...aliases];
}

function acceptorOf(dialect: Dialect, config: Config, services: Observers): ConnectionAcceptor {
  if ('accept' in dialect) return dialect.accept;
  return stompAcceptor(dialect.openSession, stompOptions(config, services, dialect.name));
}

function mountOptions(dialect: Dialect, { maxFrameBytes, maxQueuedBytes }: Config): MountOptions {
  if (!('accept' in dialect)) {
    const { contextPath } = dialect;
    return {
      subprotocols: STOMP_SUBPROTOCOLS,
      sockJs: true,
      ...(contextPath === undefined ? {} : { contextPath }),
    };
  }
  return { maxMessageBytes: maxFrameBytes, maxQueuedBytes: maxQueuedBytes + dialect.extraQueuedBytes };
}

type Observers = Pick<DialectServices, 'metrics' | 'log'>;

function transportOptions(
  config: Config,
  observers: Observers,
  dialectOf: ReadonlyMap<string, string>,
): TransportOptions {
  return {
    maxMessageBytes: config.maxFrameBytes * FRAMES_PER_MESSAGE,
    maxQueuedBytes: config.maxQueuedBytes,
    pingInterval: config.pingInterval,
    perMessageDeflate: config.perMessageDeflate,
    allowedOrigins: config.allowedOrigins.includes('*') ? '*' : [...config.allowedOrigins],
    trustedProxies: config.trustedProxies,
    sockJsHeartbeat: config.sockjsHeartbeat,
    sockJsSessionTimeout: config.sockjsSessionTimeout,
    sockJsStreamingLimit: config.sockjsStreamingLimit,
    maxSockJsSessions: config.maxSockjsSessions,
    sockJsClientUrl: config.sockjsClientUrl,
    events: transportEvents(observers, ({ request }) => dialectOf.get(request.path) ?? 'none'),
  };
}

function transportEvents(
  { metrics, log }: Observers,
  nameOf: (connection: Connection) => string,
): NonNullable<TransportOptions['events']> {
  return {
    opened: (connection) => metrics.connectionOpened(connection.transport, nameOf(connection)),
    closed(connection, cause) {
      metrics.connectionClosed(connection.transport, nameOf(connection), cause);
      log.debug({ connection: connection.id, transport: connection.transport, cause }, 'connection closed');
    },
    bytesIn(count) {
      metrics.bytesIn.value += count;
    },
    bytesOut(count) {
      metrics.bytesOut.value += count;
    },
    refused(reason, page) {
      metrics.rejected.add(1, reason);
      if (!page) return;
      const origin = page.origin.slice(0, MAX_LOGGED_ORIGIN);
      log.warn({ ...page, origin }, 'a page was refused: allowedOrigins does not list its origin');
    },
    failed: (connection, err) => log.error({ err, connection: connection.id }, 'a connection failed'),
  };
}

function stompOptions(config: Config, { metrics, log }: Observers, dialect: string): StompOptions {
  const delivered = metrics.deliveries.of(dialect);
  const messagesOut = metrics.framesOut.of(dialect, 'MESSAGE');
  return {
    heartBeat: [config.stompHeartbeat, config.stompHeartbeat],
    connectTimeout: config.connectTimeout,
    maxFrameBytes: config.maxFrameBytes,
    maxSubscriptions: config.maxSubscriptions,
    server: `haina/${VERSION}`,
    events: {
      frameIn: (command) => metrics.framesIn.add(1, dialect, command),
      frameOut(command, count) {
        if (command !== 'MESSAGE') return metrics.framesOut.add(count, dialect, command);
        messagesOut.value += count;
        delivered.value += count;
      },
      protocolError(session, error) {
        metrics.refusals.add(1, dialect, error.code);
        log.debug({ session, dialect, code: error.code, detail: error.detail }, error.message);
      },
      internalError: (session, err) => log.error({ err, session, dialect }, 'a session failed'),
    },
  };
}
