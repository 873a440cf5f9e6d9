import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Authenticator } from './auth/authenticator.ts';
import { Argon2Hasher } from './auth/passwords.ts';
import { RoomKeys } from './auth/room-keys.ts';
import { createTokens } from './auth/tokens.ts';
import type { Config } from './config/settings.ts';
import { StartError } from './config/start-error.ts';
import { parseStore } from './config/store-url.ts';
import { AgentWatch } from './core/desk/agent-watch.ts';
import { CustomerWatch } from './core/desk/customer-watch.ts';
import { DeskNews } from './core/desk/desk-news.ts';
import { Files } from './core/files.ts';
import { createCore } from './core/index.ts';
import { NotificationSchedule } from './core/notification-schedule.ts';
import type { Clock } from './core/ports/clock.ts';
import type { Timers } from './core/ports/timers.ts';
import { PresenceLook } from './core/presence-look.ts';
import { Sweep } from './core/sweep.ts';
import { seedDemo } from './demo.ts';
import { CATALOGS } from './dialects/catalogs.ts';
import { DestinationMap } from './dialects/common/destination-map.ts';
import type { DialectServices } from './dialects/common/services.ts';
import { desk } from './dialects/desk/index.ts';
import { describeIm, im } from './dialects/im/index.ts';
import { mimi } from './dialects/mimi/index.ts';
import { type RoomOptions, room } from './dialects/room/index.ts';
import { xuqm } from './dialects/xuqm/index.ts';
import { openEndpoints } from './endpoints.ts';
import { EventBridge, type EventBridgeDeps } from './events/index.ts';
import { MAGIC_INSPECTOR, openFileStorage, openPictures } from './files/index.ts';
import { closeHttp } from './http/close.ts';
import type { Endpoint } from './http/routes/home.ts';
import { buildHttp } from './http/server.ts';
import { Deliveries } from './hub/deliveries.ts';
import { Hub } from './hub/hub.ts';
import { Sessions } from './hub/sessions.ts';
import { createIdSource } from './ids.ts';
import { faultLog } from './observe/fault-log.ts';
import { standardError } from './observe/log-sink.ts';
import { createLogger, type Logger } from './observe/logger.ts';
import { Metrics } from './observe/metrics.ts';
import { Plugins } from './plugins/plugins.ts';
import { MemoryAttendance } from './presence/memory/attendance.ts';
import { MemoryPresence } from './presence/memory/index.ts';
import type { Presence } from './presence/presence.ts';
import { SYSTEM_TIMERS } from './stomp/timers.ts';
import { openSqliteStore, type StoreTroubles } from './store/sqlite/index.ts';
import { Teardown } from './teardown.ts';
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

/** How often the customers of the service desk are looked at within the shortest time that matters, and not more often than, in ms. */
const LOOKS_A_TIMEOUT = 3;
const MIN_DESK_LOOK = 100;

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
  /** Says goodbye to the clients, stores what is left, lets go of everything; rejects with what could not be done. */
  stop(): Promise<void>;
}

/** Time of a stop, in ms: below the ten seconds after which container runtimes kill. */
const STOP_TIME = 7000;

/** What everything stands on. */
interface Ground extends Runtime {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Undoes what was done so far, in reverse order: for a start that fails as for a stop. */
  readonly teardown: Teardown;
}

/**
 * The composition root: the one place that knows every adapter.
 *
 * Throws `StartError`, `DataDirInUse`, or the operating system's error (EADDRINUSE, EACCES) where it can't start; nothing
 * is left of it then.
 */
export async function startServer(
  config: Config,
  { clock, timers }: Runtime = SYSTEM,
  log?: Logger,
): Promise<RunningServer> {
  const logger = log ?? (await createLogger(config));
  const teardown = new Teardown(logger, STOP_TIME);
  const metrics = new Metrics();
  metrics.watchProcess();
  metrics.watchLog(standardError());
  const ground: Ground = { config, clock, timers, log: logger, metrics, teardown };
  try {
    const domain = await composeDomain(ground);
    const background = await composeBackground(ground, domain);
    const { url, endpoints } = await composeDoors(ground, domain, background);
    return { url, endpoints, stop: () => stop(teardown) };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function stop(teardown: Teardown): Promise<void> {
  const failed = await teardown.run();
  if (failed.length > 0) throw new Error(`these steps of the stop failed: ${failed.join(', ')}`);
}

type Domain = Awaited<ReturnType<typeof composeDomain>>;

/** The core between the store it writes to and the hub it publishes to, with plug-ins and business events in between. */
async function composeDomain(ground: Ground) {
  const { config, clock, timers, log, metrics, teardown } = ground;
  const tokens = createTokens(config, clock);
  if (parseStore(config.store).kind !== 'sqlite') {
    throw new StartError('this version keeps its data in SQLite only: leave HAINA_STORE unset');
  }
  const store = await openSqliteStore({
    dataDir: config.dataDir,
    commits: { batch: (size, durationMs) => metrics.committed(size, durationMs) },
    troubles: storeTroubles(log),
  });
  teardown.defer('store', () => store.close());
  const plugins = await Plugins.start(config, { catalogs: CATALOGS, timers, metrics, log });
  teardown.defer('plug-ins', () => plugins?.close());
  const destinations = DestinationMap.of(config.destinations, CATALOGS, plugins?.addedNames);
  const hub = new Hub(faultLog(metrics, log, clock));
  const sink = plugins?.before(hub) ?? hub;
  const ids = createIdSource(clock);
  const events = composeEvents(ground, { store, next: sink, ids });
  teardown.defer('business events', () => events.close());
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
    limits: {
      ...config,
      roomCreate: config.roomCreate || config.demo,
      // The demo's passwords are its accounts' names.
      minPasswordLength: config.demo ? 1 : config.minPasswordLength,
    },
    register: new MemoryAttendance(),
    onError: (err) => log.warn({ err }, 'somebody who left a room is still its member'),
    origin: config.eventOrigin,
    node: NODE,
  });
  plugins?.serve({ messages: core.messages, sink });
  teardown.defer('attendance', () => core.attendance.settled());
  await core.attendance.start();
  if (config.demo) await seedDemo({ ...core, store });
  const authenticator = new Authenticator({
    verifier: tokens.verifier,
    users: core.users,
    autoProvision: config.autoProvision,
    roleAuthority: config.roleAuthority,
  });
  metrics.watchQueue('topics', () => hub.topicCount);
  metrics.watchQueue('store', () => store.depth);
  metrics.watchQueue('attendance', () => core.attendance.count);
  return { tokens, store, plugins, destinations, hub, ids, events, core, authenticator };
}

/** Tells the operator what is wrong with the database; `/readyz` is 503 meanwhile. */
function storeTroubles(log: Logger): StoreTroubles {
  return {
    lost(reason) {
      if (reason === undefined) log.warn('the database is back: sends are confirmed again');
      else
        log.fatal({ reason }, 'the database is lost to this server: nothing is confirmed until it is back');
    },
    damaged: (reason) => log.fatal({ reason }, 'the database is damaged: run haina doctor'),
    down: (err) => log.error({ err }, "the store's thread has ended; it is started again"),
    up: () => log.warn("the store's thread was started again"),
  };
}

function composeEvents(ground: Ground, deps: Pick<EventBridgeDeps, 'store' | 'next' | 'ids'>): EventBridge {
  return new EventBridge({
    ...ground,
    ...deps,
    version: VERSION,
    makeSecret: () => randomBytes(32).toString('base64url'),
    random: Math.random,
  });
}

type Background = Awaited<ReturnType<typeof composeBackground>>;

/** What goes on beside the clients' commands. */
async function composeBackground(ground: Ground, domain: Domain) {
  const { config, clock, timers, log, metrics, teardown } = ground;
  const { core } = domain;
  const files = await composeFiles(ground, domain);
  const deliveries = new Deliveries({
    receipts: core.receipts,
    notifications: core.notifications,
    maxReceiptMembers: config.maxReceiptMembers,
    onError: (err) => log.warn({ err }, 'deliveries were not stored'),
  });
  teardown.defer('deliveries', () => deliveries.close());
  const schedule = new NotificationSchedule({
    notifications: core.notifications,
    clock,
    timers,
    onError: (err) => log.warn({ err }, 'planned notifications could not be told; trying again'),
  });
  teardown.defer('notification schedule', () => schedule.close());
  await schedule.start();
  const sweeps = composeSweeps(ground, domain, files);
  const agentWatch = await watchDesk(ground, domain);
  const presence = new MemoryPresence({
    grace: config.presenceGrace,
    clock,
    timers,
    changed(change) {
      customerWatch.changed(change);
      core.presenceNews
        .tell(change)
        .catch((err: unknown) => log.warn({ err }, "a user's coming or going was not told"));
    },
  });
  teardown.defer('presence', () => presence.close());
  const customerWatch = watchCustomers(ground, domain, presence);
  const sessions = new Sessions(config.maxSessionsPerUser, presence);
  metrics.watchQueue('sessions', () => sessions.count);
  const presenceLook = new PresenceLook({ store: domain.store, limits: config, online: presence });
  return { files, deliveries, sweeps, agentWatch, customerWatch, sessions, presence: presenceLook };
}

async function composeFiles(
  { config, clock, timers, log, metrics, teardown }: Ground,
  { store, core, ids }: Domain,
) {
  const storage = await openFileStorage(config);
  teardown.defer('file storage', () => storage.close());
  const pictures = openPictures(config, {
    timers,
    onFault: (err) =>
      err.isEnd
        ? log.warn({ err }, 'a picture ended the process that decoded it')
        : log.debug({ err }, 'a picture can not be decoded'),
    onUnfit: (err) => log.warn({ err }, 'pictures can not be decoded here: there are no smaller forms'),
  });
  teardown.defer('pictures', () => pictures.close());
  const files = new Files({
    store,
    storage,
    inspector: MAGIC_INSPECTOR,
    pictures,
    policies: core.policies,
    clock,
    ids,
    limits: config,
    onError: (err) =>
      log.warn({ err }, 'a refused upload was not cleared away yet, or a picture not measured'),
  });
  teardown.defer('uploads', () => files.close());
  metrics.watchQueue('uploads', () => files.uploading);
  metrics.watchQueue('pictures', () => pictures.depth);
  return files;
}

/** What removes the old, again and again; to be started once the server serves. */
function composeSweeps(
  { clock, timers, log, teardown }: Ground,
  { core }: Domain,
  files: Files,
): readonly Sweep[] {
  const fileSweep = new Sweep({
    removeBatch: () => files.removeUnused(FILE_SWEEP_BATCH),
    clock,
    timers,
    interval: SWEEP_INTERVAL,
    onError: (err) => log.warn({ err }, 'unused files could not be removed; trying again'),
  });
  teardown.defer('sweep of files', () => fileSweep.close());
  const notificationSweep = new Sweep({
    removeBatch: () => core.notifications.removeOld(),
    clock,
    timers,
    interval: SWEEP_INTERVAL,
    onError: (err) => log.warn({ err }, 'old notifications could not be removed; trying again'),
  });
  teardown.defer('sweep of notifications', () => notificationSweep.close());
  const guestSweep = new Sweep({
    removeBatch: () => core.guestRetention.removeOld(),
    clock,
    timers,
    interval: SWEEP_INTERVAL,
    onError: (err) => log.warn({ err }, 'what guests left behind could not be removed; trying again'),
  });
  teardown.defer('sweep of guests', () => guestSweep.close());
  return [fileSweep, notificationSweep, guestSweep];
}

/** Lets clients in: the dialects and the HTTP API on one port. */
async function composeDoors(ground: Ground, domain: Domain, { sweeps, ...background }: Background) {
  const { config, log, metrics, teardown } = ground;
  const { events, core, tokens } = domain;
  const roomKeys = config.secret === undefined ? undefined : new RoomKeys(config.secret);
  const services = servicesOf(ground, domain, background);
  const dialects = [
    xuqm(services),
    im(services, config.imApp),
    mimi(services, config.mimiApp, config.mimiPrefix),
    room(services, roomOptions(config, roomKeys)),
    desk(services, config.deskApp, background.agentWatch),
  ];
  const endpoints = dialects.flatMap(({ name, paths, summary }) =>
    paths.map((path) => ({ dialect: name, path, summary })),
  );
  const transports = openEndpoints(config, dialects, services);
  let isStopping = false;
  const api = await buildHttp({
    ...core,
    files: background.files,
    presence: background.presence,
    webhooks: events.webhooks,
    authenticator: domain.authenticator,
    issuer: tokens.issuer,
    roomKeys,
    clock: ground.clock,
    timers: ground.timers,
    addressOf: (request) => clientAddress(request, config.trustedProxies),
    config,
    metrics,
    logger: log,
    version: VERSION,
    async readiness() {
      if (isStopping) throw new Error('the server is stopping');
      await domain.store.probe();
    },
    endpoints,
    asyncApi: () => describeIm(VERSION),
    serverFactory: (handler) => serveBoth(transports, handler, config.requestTimeout),
  });
  teardown.defer('HTTP', () => closeHttp(api));
  teardown.defer('connections', () => transports.close());
  teardown.defer('goodbyes', () => background.sessions.stopping());
  // Customers whom the stop throws out are not away.
  teardown.defer('customers of the service desk', () => background.customerWatch.close());
  teardown.defer('events of other systems', () => events.stopTaking());
  teardown.defer('readiness', () => {
    isStopping = true;
  });
  await events.start(core.businessEvents);
  await api.listen({ host: config.host, port: config.port });
  for (const sweep of sweeps) sweep.start();
  background.customerWatch.start();
  return { url: urlOf(config.host, api.server.address() as AddressInfo), endpoints };
}

function servicesOf(
  { clock, timers, metrics, log }: Ground,
  { core, hub, authenticator, plugins, destinations }: Domain,
  { sessions, deliveries, presence }: Pick<Background, 'sessions' | 'deliveries' | 'presence'>,
): DialectServices {
  return {
    core,
    hub,
    sessions,
    deliveries,
    presence,
    authenticator,
    clock,
    timers,
    metrics,
    log,
    ...(plugins ? { plugins: plugins.sessions } : {}),
    ...(destinations ? { destinations } : {}),
  };
}

function roomOptions(config: Config, keys: RoomKeys | undefined): RoomOptions {
  return {
    auth: config.roomAuth,
    tenant: config.roomApp,
    heartbeat: config.roomHeartbeat,
    maxRooms: config.maxRoomsPerSession,
    maxGuestsPerAddress: config.maxGuestsPerAddress,
    maxMembers: config.maxRoomMembers,
    keys,
  };
}

/** What keeps which customers of the service desk are connected, and settles what their absence means. */
function watchCustomers(
  { config, clock, timers, log }: Ground,
  { core }: Domain,
  presence: Presence,
): CustomerWatch {
  const { deskAgentTimeout, deskCustomerTimeout, deskAbsenceTimeout, deskIdleTimeout } = config;
  const timeouts = [deskAgentTimeout, deskCustomerTimeout, deskAbsenceTimeout, deskIdleTimeout];
  const shortest = Math.min(...timeouts.filter((timeout) => timeout > 0));
  return new CustomerWatch({
    customers: core.desk.customers,
    presence,
    clock,
    timers,
    node: NODE,
    interval: Math.max(MIN_DESK_LOOK, shortest / LOOKS_A_TIMEOUT),
    onError: (err) => log.warn({ err }, 'who waits at the service desk was not looked at; trying again'),
  });
}

/** What tells of the service desk as time passes, and keeps who is at it. */
async function watchDesk(
  { config, clock, timers, log, metrics, teardown }: Ground,
  { core, store, hub }: Domain,
): Promise<AgentWatch> {
  const { dispatch } = core.desk;
  const deskNews = new DeskNews({
    store,
    sink: hub,
    dispatch,
    clock,
    timers,
    interval: config.deskNewsInterval,
    onError: (err) => log.warn({ err }, 'queue and agents of the service desk were not told; trying again'),
  });
  teardown.defer('news of the desk', () => deskNews.close());
  const agentWatch = new AgentWatch({
    store,
    dispatch,
    clock,
    timers,
    node: NODE,
    timeout: config.deskAgentTimeout,
    onError: (err) => log.warn({ err }, 'who is at the service desk was not stored; trying again'),
  });
  teardown.defer('agents of the desk', () => agentWatch.close());
  await agentWatch.start();
  metrics.watchDesk(async () => ({ ...(await core.desk.reports.totals()) }));
  return agentWatch;
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
