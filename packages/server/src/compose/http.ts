import { createServer, type Server } from 'node:http';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Files } from '../core/files.ts';
import type { Core } from '../core/index.ts';
import type { PresenceLook } from '../core/presence-look.ts';
import type { Dialect } from '../dialects/common/dialect.ts';
import { describeIm } from '../dialects/im/index.ts';
import type { EventBridge } from '../events/index.ts';
import { closeHttp } from '../http/close.ts';
import type { Endpoint } from '../http/routes/home.ts';
import { buildHttp } from '../http/server.ts';
import { clientAddress, isWebSocketUpgrade, type TransportServer } from '../transport/index.ts';
import { VERSION } from '../version.ts';
import type { Keys } from './auth.ts';
import { openEndpoints } from './endpoints.ts';
import type { Ground } from './ground.ts';
import type { Readiness } from './readiness.ts';

/** Longest time between looks for requests that take too long, in ms. */
const MAX_REQUEST_CHECK = 30_000;

/** What closing the connections may take beyond their goodbyes, in ms: what clients asked for is answered first. */
const ANSWER_TIME = 1000;

export interface HttpParts {
  readonly core: Core;
  readonly files: Files;
  readonly presence: PresenceLook;
  readonly events: Pick<EventBridge, 'webhooks'>;
  readonly keys: Keys;
  readonly authenticator: Authenticator;
  readonly readiness: Pick<Readiness, 'check' | 'isOver'>;
  readonly dialects: readonly Dialect[];
}

/** The one port of the server: nobody can come in before it listens. */
export interface Door {
  readonly server: Server;
  /** Where the dialects are. */
  readonly endpoints: readonly Endpoint[];
  listen(): Promise<void>;
  /** Takes no new clients, and lets those who are connected go, spread over the time that the settings give. */
  drain(): Promise<void>;
  /** Ends that time. False where it has not begun or is over. */
  hurry(): boolean;
  /** Closes every connection with 1001; clients may come again at once. */
  dismiss(): void;
}

/** The HTTP API and the endpoints of the dialects on one port, which is not open yet. */
export async function composeHttp(ground: Ground, parts: HttpParts): Promise<Door> {
  const { config, clock, timers, log, metrics, teardown } = ground;
  const { core, events, keys, readiness, dialects, ...others } = parts;
  const endpoints = endpointsOf(dialects);
  const transports = openEndpoints(config, dialects, ground);
  const api = await buildHttp({
    ...core,
    ...others,
    webhooks: events.webhooks,
    issuer: keys.issuer,
    roomKeys: keys.roomKeys,
    clock,
    timers,
    addressOf: (request) => clientAddress(request, config.trustedProxies),
    config,
    metrics,
    logger: log,
    version: VERSION,
    readiness: () => readiness.check(),
    endpoints,
    asyncApi: () => describeIm(VERSION),
    serverFactory: (handler) => serveBoth(transports, handler, { config, readiness }),
  });
  teardown.defer('HTTP', () => closeHttp(api));
  teardown.defer('connections', () => transports.close(), ANSWER_TIME);
  return {
    server: api.server,
    endpoints,
    async listen() {
      await api.listen({ host: config.host, port: config.port });
    },
    drain: () => transports.drain(config.drainTime, timers),
    hurry: () => transports.hurry(),
    dismiss: () => transports.dismiss(),
  };
}

function endpointsOf(dialects: readonly Dialect[]): readonly Endpoint[] {
  return dialects.flatMap(({ name, paths, summary }) =>
    paths.map((path) => ({ dialect: name, path, summary })),
  );
}

type Handler = Parameters<TransportServer['attach']>[1];

/** One HTTP server: the dialects' paths first, everything else is the API's. */
function serveBoth(
  transports: TransportServer,
  api: Handler,
  { config: { requestTimeout }, readiness }: Pick<Ground, 'config'> & Pick<HttpParts, 'readiness'>,
): Server {
  const server = createServer({
    shouldUpgradeCallback: isWebSocketUpgrade,
    requestTimeout,
    connectionsCheckingInterval: Math.min(requestTimeout, MAX_REQUEST_CHECK),
  });
  server.on('request', (_request, response) => {
    // A proxy that keeps connections must not send the next request on one that is about to be closed.
    if (readiness.isOver) response.setHeader('Connection', 'close');
  });
  transports.attach(server, api);
  return server;
}
