import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Authenticator } from './auth/authenticator.ts';
import { Argon2Hasher } from './auth/passwords.ts';
import { RoomKeys } from './auth/room-keys.ts';
import { createTokens } from './auth/tokens.ts';
import type { Config } from './config/settings.ts';
import { AgentWatch } from './core/desk/agent-watch.ts';
import { DeskNews } from './core/desk/desk-news.ts';
import { Files } from './core/files.ts';
import { type Core, createCore } from './core/index.ts';
import { NotificationSchedule } from './core/notification-schedule.ts';
import type { Clock } from './core/ports/clock.ts';
import type { Store } from './core/ports/store.ts';
import type { Timers } from './core/ports/timers.ts';
import { Sweep } from './core/sweep.ts';
import { seedDemo } from './demo.ts';
import { desk } from './dialects/desk/index.ts';
import { describeIm, im } from './dialects/im/index.ts';
import { mimi } from './dialects/mimi/index.ts';
import { type RoomOptions, room } from './dialects/room/index.ts';
import { xuqm } from './dialects/xuqm/index.ts';
import { openEndpoints } from './endpoints.ts';
import { EventBridge } from './events/index.ts';
import { MAGIC_INSPECTOR, openFileStorage } from './files/index.ts';
import type { Endpoint } from './http/routes/home.ts';
import { buildHttp } from './http/server.ts';
import { Deliveries } from './hub/deliveries.ts';
import { Hub } from './hub/hub.ts';
import { Sessions } from './hub/sessions.ts';
import { createIdSource } from './ids.ts';
import { faultLog } from './observe/fault-log.ts';
import { createLogger, type Logger } from './observe/logger.ts';
import { Metrics } from './observe/metrics.ts';
import { Plugins } from './plugins/plugins.ts';
import { MemoryAttendance } from './presence/memory/attendance.ts';
import { MemoryPresence } from './presence/memory/index.ts';
import { SYSTEM_TIMERS } from './stomp/timers.ts';
import { openSqliteStore } from './store/sqlite/index.ts';
import { clientAddress, isWebSocketUpgrade, type TransportServer } from './transport/index.ts';
import { VERSION } from './version.ts';

/** Where the server's time comes from. */
export interface Runtime {
  readonly clock: Clock;
  readonly timers: Timers;
}

/** From one look for what is of no use any more to the next, in ms. */
const SWEEP_INTERVAL = 600_000;
/** Unused files removed at a time. */
const FILE_SWEEP_BATCH = 100;

/** Longest time between looks for requests that take too long, in ms. */
const MAX_REQUEST_CHECK = 30_000;

const SYSTEM: Runtime = { clock: { now: () => Date.now() }, timers: SYSTEM_TIMERS };

/** This server among those that share a store. */
const NODE = 'main';

/** A server that listens. */
export interface RunningServer {
  /** `http://HOST:PORT`, with the port that was really taken. */
  readonly url: string;
  /** Where the dialects are. */
  readonly endpoints: readonly Endpoint[];
  /** Says goodbye to the clients, stores what is left, lets go of everything. */
  stop(): Promise<void>;
}

/**
 * The composition root: the one place that knows every adapter.
 *
 * Throws `StartError`, `DataDirInUse`, or the operating system's error (EADDRINUSE, EACCES) where it can't start.
 */
export async function startServer(
  config: Config,
  { clock, timers }: Runtime = SYSTEM,
): Promise<RunningServer> {
  const log = await createLogger(config);
  const metrics = new Metrics();
  metrics.watchProcess();
  const tokens = createTokens(config, clock);
  const store = await openSqliteStore({
    dataDir: config.dataDir,
    commits: { batch: (size, durationMs) => metrics.committed(size, durationMs) },
  });
  let plugins: Plugins | undefined;
  try {
    plugins = await Plugins.start(config, { timers, metrics, log });
    return await compose();
  } catch (error) {
    await plugins?.close();
    await store.close();
    throw error;
  }

  async function compose(): Promise<RunningServer> {
    let isStopping = false;
    const hub = new Hub(faultLog(metrics, log, clock));
    const sink = plugins?.before(hub) ?? hub;
    const ids = createIdSource(clock);
    const events = new EventBridge({
      config,
      store,
      next: sink,
      clock,
      timers,
      ids,
      metrics,
      log,
      version: VERSION,
      makeSecret: () => randomBytes(32).toString('base64url'),
      random: Math.random,
    });
    await events.prepare();
    const passwords = new Argon2Hasher();
    metrics.watchQueue('passwords', () => passwords.waiting);
    const core = createCore({
      store,
      sink: events.sink,
      ...(plugins ? { gate: plugins.gate } : {}),
      clock,
      ids,
      passwords,
      limits: { ...config, roomCreate: config.roomCreate || config.demo },
      register: new MemoryAttendance(),
      onError: (err) => log.warn({ err }, 'somebody who left a room is still its member'),
      origin: config.eventOrigin,
    });
    plugins?.serve({ messages: core.messages, sink });
    await core.attendance.start();
    if (config.demo) await seedDemo({ ...core, store });
    const authenticator = new Authenticator({
      verifier: tokens.verifier,
      users: core.users,
      autoProvision: config.autoProvision,
    });
    const presence = new MemoryPresence({
      grace: config.presenceGrace,
      clock,
      timers,
      changed: (change) =>
        core.presenceNews
          .tell(change)
          .catch((err: unknown) => log.warn({ err }, "a user's coming or going was not told")),
    });
    const sessions = new Sessions(config.maxSessionsPerUser, presence);
    const deliveries = new Deliveries({
      receipts: core.receipts,
      notifications: core.notifications,
      maxReceiptMembers: config.maxReceiptMembers,
      onError: (err) => log.warn({ err }, 'deliveries were not stored'),
    });
    const schedule = new NotificationSchedule({
      notifications: core.notifications,
      clock,
      timers,
      onError: (err) => log.warn({ err }, 'planned notifications could not be told; trying again'),
    });
    await schedule.start();
    const storage = await openFileStorage(config);
    const files = new Files({
      store,
      storage,
      inspector: MAGIC_INSPECTOR,
      policies: core.policies,
      clock,
      ids,
      limits: config,
      onError: (err) => log.warn({ err }, 'a refused upload could not be cleared away yet'),
    });
    const fileSweep = new Sweep({
      removeBatch: () => files.removeUnused(FILE_SWEEP_BATCH),
      timers,
      interval: SWEEP_INTERVAL,
      onError: (err) => log.warn({ err }, 'unused files could not be removed; trying again'),
    });
    metrics.watchQueue('uploads', () => files.uploading);
    const { deskNews, agentWatch } = watchDesk(config, { core, store, hub, clock, timers, log });
    await agentWatch.start();
    metrics.watchDesk(async () => ({ ...(await core.desk.reports.totals()) }));
    const notificationSweep = new Sweep({
      removeBatch: () => core.notifications.removeOld(),
      timers,
      interval: SWEEP_INTERVAL,
      onError: (err) => log.warn({ err }, 'old notifications could not be removed; trying again'),
    });
    metrics.watchQueue('sessions', () => sessions.count);
    metrics.watchQueue('topics', () => hub.topicCount);
    metrics.watchQueue('store', () => store.depth);
    metrics.watchQueue('attendance', () => core.attendance.count);
    const roomKeys = config.secret === undefined ? undefined : new RoomKeys(config.secret);
    const services = {
      core,
      hub,
      sessions,
      deliveries,
      authenticator,
      clock,
      timers,
      metrics,
      log,
      ...(plugins ? { plugins: plugins.sessions } : {}),
    };
    const dialects = [
      xuqm(services),
      im(services, config.imApp),
      mimi(services, config.mimiApp, config.mimiPrefix),
      room(services, roomOptions(config, roomKeys)),
      desk(services, config.deskApp, agentWatch),
    ];
    const endpoints = dialects.flatMap(({ name, paths, summary }) =>
      paths.map((path) => ({ dialect: name, path, summary })),
    );
    const transports = openEndpoints(config, dialects, services);
    const api = await buildHttp({
      ...core,
      files,
      webhooks: events.webhooks,
      authenticator,
      issuer: tokens.issuer,
      roomKeys,
      clock,
      timers,
      addressOf: (request) => clientAddress(request, config.trustedProxies),
      config,
      metrics,
      logger: log,
      version: VERSION,
      async readiness() {
        if (isStopping) throw new Error('the server is stopping');
        await store.ping();
      },
      endpoints,
      asyncApi: () => describeIm(VERSION),
      serverFactory: (handler) => serveBoth(transports, handler, config.requestTimeout),
    });
    await events.start(core.businessEvents);
    await api.listen({ host: config.host, port: config.port });
    fileSweep.start();
    notificationSweep.start();
    return {
      url: urlOf(config.host, api.server.address() as AddressInfo),
      endpoints,
      async stop() {
        isStopping = true;
        await events.stopTaking();
        sessions.stopping();
        await transports.close();
        await core.attendance.settled();
        presence.close();
        await schedule.close();
        await fileSweep.close();
        await notificationSweep.close();
        await agentWatch.close();
        await deskNews.close();
        await api.close();
        await deliveries.close();
        await files.close();
        await storage.close();
        await events.close();
        await plugins?.close();
        await store.close();
      },
    };
  }
}

function roomOptions(config: Config, keys: RoomKeys | undefined): RoomOptions {
  return {
    auth: config.roomAuth,
    tenant: config.roomApp,
    heartbeat: config.roomHeartbeat,
    maxRooms: config.maxRoomsPerSession,
    maxMembers: config.maxRoomMembers,
    keys,
  };
}

interface DeskWatchDeps extends Runtime {
  readonly core: Core;
  readonly store: Store;
  readonly hub: Hub;
  readonly log: Logger;
}

/** What tells of the service desk as time passes, and keeps who is at it. */
function watchDesk(config: Config, { core, store, hub, clock, timers, log }: DeskWatchDeps) {
  const { dispatch } = core.desk;
  const deskNews = new DeskNews({
    store,
    sink: hub,
    dispatch,
    timers,
    interval: config.deskNewsInterval,
    onError: (err) => log.warn({ err }, 'queue and agents of the service desk were not told; trying again'),
  });
  const agentWatch = new AgentWatch({
    store,
    dispatch,
    clock,
    timers,
    node: NODE,
    timeout: config.deskAgentTimeout,
    onError: (err) => log.warn({ err }, 'who is at the service desk was not stored; trying again'),
  });
  return { deskNews, agentWatch };
}

type Handler = Parameters<TransportServer['attach']>[1];

/** One HTTP server: the dialects' paths first, everything else is the API's. */
function serveBoth(transports: TransportServer, api: Handler, requestTimeout: number): Server {
  const server = createServer({
    shouldUpgradeCallback: isWebSocketUpgrade,
    requestTimeout,
    connectionsCheckingInterval: Math.min(requestTimeout, MAX_REQUEST_CHECK),
  });
  transports.attach(server, api);
  return server;
}

function urlOf(host: string, { port }: AddressInfo): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
