import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import { Authenticator } from './auth/authenticator.ts';
import { Argon2Hasher } from './auth/passwords.ts';
import { createTokens } from './auth/tokens.ts';
import type { Config } from './config/settings.ts';
import { createCore } from './core/index.ts';
import { seedDemo } from './demo.ts';
import type { Dialect } from './dialects/common/dialect.ts';
import type { DialectServices } from './dialects/common/services.ts';
import { xuqm } from './dialects/xuqm/index.ts';
import type { Endpoint } from './http/routes/home.ts';
import { buildHttp } from './http/server.ts';
import { Deliveries } from './hub/deliveries.ts';
import { Hub } from './hub/hub.ts';
import { Sessions } from './hub/sessions.ts';
import { createLogger } from './observe/logger.ts';
import { Metrics } from './observe/metrics.ts';
import { stompAcceptor } from './stomp/acceptor.ts';
import type { StompOptions } from './stomp/options.ts';
import { openSqliteStore } from './store/sqlite/index.ts';
import {
  type Connection,
  isWebSocketUpgrade,
  type TransportOptions,
  TransportServer,
} from './transport/index.ts';
import { VERSION } from './version.ts';

/** A server that listens. */
export interface RunningServer {
  /** `http://HOST:PORT`, with the port that was really taken. */
  readonly url: string;
  /** Where the dialects are. */
  readonly endpoints: readonly Endpoint[];
  /** Says goodbye to the clients, stores what is left, lets go of everything. */
  stop(): Promise<void>;
}

/** Preferred first. */
const STOMP_SUBPROTOCOLS = ['v12.stomp', 'v11.stomp', 'v10.stomp'];

/** A WebSocket message may hold several STOMP frames, and one that is too long deserves an ERROR rather than a cut line. */
const FRAMES_PER_MESSAGE = 4;

/**
 * The composition root: the one place that knows every adapter.
 *
 * Throws `StartError`, `DataDirInUse`, or the operating system's error (EADDRINUSE, EACCES) where it can't start.
 */
export async function startServer(config: Config): Promise<RunningServer> {
  const log = await createLogger(config);
  const metrics = new Metrics();
  metrics.watchProcess();
  const clock = { now: () => Date.now() };
  const tokens = createTokens(config, clock);
  const store = await openSqliteStore({
    dataDir: config.dataDir,
    commits: { batch: (size, durationMs) => metrics.committed(size, durationMs) },
  });
  try {
    return await compose();
  } catch (error) {
    await store.close();
    throw error;
  }

  async function compose(): Promise<RunningServer> {
    const hub = new Hub();
    const core = createCore({
      store,
      sink: hub,
      clock,
      ids: { next: uuidv7 },
      passwords: new Argon2Hasher(),
      limits: config,
    });
    if (config.demo) await seedDemo({ ...core, store });
    const authenticator = new Authenticator({
      verifier: tokens.verifier,
      users: core.users,
      autoProvision: config.autoProvision,
    });
    const sessions = new Sessions(config.maxSessionsPerUser);
    const deliveries = new Deliveries(core.receipts, (err) =>
      log.warn({ err }, 'deliveries were not stored'),
    );
    metrics.watchQueue('sessions', () => sessions.count);
    metrics.watchQueue('topics', () => hub.topicCount);
    metrics.watchQueue('store', () => store.depth);
    const services = { core, hub, sessions, deliveries, authenticator, clock, metrics, log };
    const dialects = [xuqm(services)];
    const endpoints = dialects.flatMap(({ name, paths, summary }) =>
      paths.map((path) => ({ dialect: name, path, summary })),
    );
    const transports = openTransports(config, dialects, services);
    const api = await buildHttp({
      ...core,
      authenticator,
      issuer: tokens.issuer,
      clock,
      config,
      metrics,
      logger: log,
      version: VERSION,
      readiness: () => store.ping(),
      endpoints,
      serverFactory: (handler) => serveBoth(transports, handler),
    });
    await api.listen({ host: config.host, port: config.port });
    return {
      url: urlOf(config.host, api.server.address() as AddressInfo),
      endpoints,
      async stop() {
        await transports.close();
        await api.close();
        await deliveries.close();
        await store.close();
      },
    };
  }
}

type Handler = Parameters<TransportServer['attach']>[1];

/** One HTTP server: the dialects' paths first, everything else is the API's. */
function serveBoth(transports: TransportServer, api: Handler): Server {
  const server = createServer({ shouldUpgradeCallback: isWebSocketUpgrade });
  transports.attach(server, api);
  return server;
}

function openTransports(
  config: Config,
  dialects: readonly Dialect[],
  services: DialectServices,
): TransportServer {
  const dialectOf = new Map(
    dialects.flatMap(({ name, paths }) => paths.map((path) => [path, name] as const)),
  );
  const transports = new TransportServer(transportOptions(config, services, dialectOf));
  for (const { name, paths, openSession } of dialects) {
    const accept = stompAcceptor(openSession, stompOptions(config, services, name));
    for (const path of paths) {
      transports.mount(path, accept, { subprotocols: STOMP_SUBPROTOCOLS, sockJs: true });
    }
  }
  return transports;
}

function transportOptions(
  config: Config,
  { metrics, log }: DialectServices,
  dialectOf: ReadonlyMap<string, string>,
): TransportOptions {
  const nameOf = ({ request }: Connection): string => dialectOf.get(request.path) ?? 'none';
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
    events: {
      opened: (connection) => metrics.connectionOpened(connection.transport, nameOf(connection)),
      closed(connection, cause) {
        metrics.connectionClosed(connection.transport, nameOf(connection), cause);
        log.debug({ connection: connection.id, transport: connection.transport, cause }, 'connection closed');
      },
      bytesIn: (count) => {
        metrics.bytesIn.value += count;
      },
      bytesOut: (count) => {
        metrics.bytesOut.value += count;
      },
      refused: (reason) => metrics.rejected.add(1, reason),
      failed: (connection, err) => log.error({ err, connection: connection.id }, 'a connection failed'),
    },
  };
}

function stompOptions(config: Config, { metrics, log }: DialectServices, dialect: string): StompOptions {
  const delivered = metrics.deliveries.of(dialect);
  return {
    heartBeat: [config.stompHeartbeat, config.stompHeartbeat],
    connectTimeout: config.connectTimeout,
    maxFrameBytes: config.maxFrameBytes,
    maxSubscriptions: config.maxSubscriptions,
    server: `haina/${VERSION}`,
    events: {
      frameIn: (command) => metrics.framesIn.add(1, dialect, command),
      frameOut(command, count) {
        metrics.framesOut.add(count, dialect, command);
        if (command === 'MESSAGE') delivered.value += count;
      },
      protocolError(session, error) {
        metrics.refusals.add(1, dialect, error.code);
        log.debug({ session, dialect, code: error.code, detail: error.detail }, error.message);
      },
      internalError: (session, err) => log.error({ err, session, dialect }, 'a session failed'),
    },
  };
}

function urlOf(host: string, { port }: AddressInfo): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
