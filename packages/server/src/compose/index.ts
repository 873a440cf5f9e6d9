import type { AddressInfo } from 'node:net';
import type { CustomerWatch } from '../core/desk/customer-watch.ts';
import type { Core } from '../core/index.ts';
import { tellEntry } from '../core/log/tellings.ts';
import type { Sweep } from '../core/sweep.ts';
import { seedDemo } from '../demo.ts';
import type { EventBridge } from '../events/index.ts';
import type { Endpoint } from '../http/routes/home.ts';
import { composeAuthenticator, composeKeys } from './auth.ts';
import { type BusListener, composeBus } from './bus.ts';
import { composeCluster } from './cluster.ts';
import { composeAttendance, composeCore } from './core.ts';
import { composeDesk } from './desk.ts';
import { composeDialects } from './dialects.ts';
import { composeEvents } from './events.ts';
import { composeFiles } from './files.ts';
import type { Ground } from './ground.ts';
import { composeHttp, type Door } from './http.ts';
import { composeDeliveries, composeHub } from './hub.ts';
import { composeNodes } from './nodes.ts';
import { composeDestinations, composePlugins } from './plugins.ts';
import { Readiness } from './readiness.ts';
import { composeNotificationSchedule, composeSweeps } from './schedules.ts';
import { composeSessions } from './sessions.ts';
import { composeStore } from './store.ts';

/** Where there are no other nodes. */
const NOBODY: BusListener = { received: () => {}, connected: () => {} };

/** A server that listens, as whoever started it needs to know it. */
export interface Served {
  /** `http://HOST:PORT`, with the port that was really taken. */
  readonly url: string;
  readonly endpoints: readonly Endpoint[];
  /** Ends the time that a stop gives the clients. False where none is being given. */
  hurry(): boolean;
}

/**
 * The composition root: makes every part out of those before it, and opens the doors at last. Each part that has something to
 * undo adds it to the teardown, which is the caller's to run where a later one throws.
 */
export async function compose(ground: Ground): Promise<Served> {
  const keys = composeKeys(ground);
  const nodes = composeNodes(ground, {
    tell: (entry) => tellEntry(core.fromOthers, entry),
    sessions: () => sessions.count,
    lost() {
      core.policies.forgetAll();
      door.dismiss();
    },
  });
  const store = await composeStore(ground, nodes?.part);
  const bus = await composeBus(ground, nodes?.peers.listener ?? NOBODY);
  const cluster = await composeCluster(ground, (...place) => core.attendance.lost(...place));
  const plugins = await composePlugins(ground);
  const destinations = composeDestinations(ground, plugins);
  const hub = composeHub(ground);
  // Events pass from the core over the bridge to other systems and the plug-ins to the hub.
  const pluginSink = plugins?.before(hub);
  const sink = pluginSink ?? hub;
  const events = await composeEvents(ground, { store, next: sink, webhookLeft: () => core.remains.left() });
  const core = composeCore(ground, {
    store,
    cluster,
    sink: events.sink,
    remoteSink: pluginSink?.fromOthers ?? hub,
    ...(nodes && { others: nodes.peers }),
    ...(plugins && { gate: plugins.gate }),
  });
  plugins?.serve({ messages: core.messages, sink });
  await composeAttendance(ground, core, cluster);
  if (ground.config.demo) await seedDemo({ ...core, store });
  const authenticator = composeAuthenticator(ground, keys, core);
  const files = await composeFiles(ground, { store, core });
  const deliveries = composeDeliveries(ground, core);
  await composeNotificationSchedule(ground, core);
  const sweeps = composeSweeps(ground, { files, core });
  const agentWatch = await composeDesk(ground, { store, hub, core });
  const { sessions, presence, customerWatch } = composeSessions(ground, { store, core, cluster });
  const caughtUp = () => nodes?.peers.caughtUp();
  const services = {
    caughtUp,
    core,
    hub,
    sessions,
    deliveries,
    presence,
    authenticator,
    plugins,
    destinations,
  };
  const dialects = composeDialects(ground, { services, agentWatch, roomKeys: keys.roomKeys });
  const readiness = new Readiness(store);
  const http = { core, files, presence, events, keys, authenticator, readiness, dialects };
  const door = await composeHttp(ground, http);
  await nodes?.peers.start(bus);
  await open(ground, { door, core, events, sweeps, customerWatch, readiness });
  const { host } = ground.config;
  const url = urlOf(host, door.server.address() as AddressInfo);
  return { url, endpoints: door.endpoints, hurry: () => door.hurry() };
}

interface Opened {
  readonly door: Door;
  readonly core: Pick<Core, 'businessEvents'>;
  readonly events: EventBridge;
  readonly sweeps: readonly Sweep[];
  readonly customerWatch: CustomerWatch;
  readonly readiness: Readiness;
}

/** Lets clients and events of other systems in. A stop begins with the reverse of it. */
async function open({ teardown, config }: Ground, parts: Opened): Promise<void> {
  const { door, core, events, sweeps, customerWatch, readiness } = parts;
  teardown.defer('clients', () => door.drain(), config.drainTime);
  // Customers whom the stop throws out are not away.
  teardown.defer('customers of the service desk', () => customerWatch.close());
  teardown.defer('events of other systems', () => events.stopTaking());
  teardown.defer('readiness', () => readiness.end());
  await events.start(core.businessEvents);
  await door.listen();
  for (const sweep of sweeps) sweep.start();
  customerWatch.start();
}

function urlOf(host: string, { port }: AddressInfo): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
