import type { Bus, BusEvents } from '../bus/bus.ts';
import { LOCAL_BUS } from '../bus/local.ts';
import { openNatsBus } from '../bus/nats/nats-bus.ts';
import { openNotifyBus } from '../bus/notify/notify-bus.ts';
import { type PostgresAddress, parseStore } from '../config/store-url.ts';
import type { Logger } from '../observe/logger.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Ground } from './ground.ts';

/** What hears the other nodes. */
export type BusListener = Pick<BusEvents, 'received' | 'connected'>;

/**
 * The bus that the settings name. It need not be there for the server to be ready: what it does not tell is read from the
 * change log.
 */
export async function composeBus(ground: Ground, listener: BusListener): Promise<Bus> {
  const { config, log, metrics, teardown } = ground;
  const store = parseStore(config.store);
  if (store.kind === 'sqlite') return LOCAL_BUS;
  const bus = await openBus(ground, store.address, watched(listener, log, metrics));
  teardown.defer('bus', () => bus.close());
  return counted(bus, metrics);
}

function openBus(ground: Ground, address: PostgresAddress, events: BusEvents): Promise<Bus> {
  const { config, node, timers, log, startSignal } = ground;
  const common = {
    node,
    cluster: config.cluster,
    events,
    timers,
    timeout: config.startTimeout,
    waiting: (reason: string) => log.warn({ reason }, 'the bus can not be used yet; it is tried again'),
    ...(startSignal && { signal: startSignal }),
  };
  if (config.bus.length === 0) return openNotifyBus({ ...common, address });
  return openNatsBus({ ...common, access: { urls: config.bus, credsFile: config.busCredsFile } });
}

/** Counts what comes, and tells the operator what becomes of the bus. */
function watched({ received, connected }: BusListener, log: Logger, metrics: Metrics): BusEvents {
  let isUp = true;
  metrics.watchBus(() => isUp);
  const count = metrics.busMessages.of('received');
  const bytes = metrics.busBytes.of('in');
  const dropped = metrics.busMessages.of('dropped');
  return {
    received(channel, body, from) {
      count.value += 1;
      bytes.value += body.length;
      received(channel, body, from);
    },
    connected() {
      isUp = true;
      log.warn('the bus is back');
      connected();
    },
    disconnected(reason) {
      isUp = false;
      log.warn({ reason }, 'the bus is away, and nodes tell each other late; it is tried again');
    },
    dropped(bodies) {
      dropped.value += bodies;
    },
    troubled: (reason) => log.error({ reason }, 'the bus is in trouble'),
    failed: (err) => log.error({ err }, 'what came by the bus could not be dealt with'),
  };
}

function counted(bus: Bus, metrics: Metrics): Bus {
  const count = metrics.busMessages.of('published');
  const bytes = metrics.busBytes.of('out');
  return {
    get maxBytes() {
      return bus.maxBytes;
    },
    publish(channel, body) {
      count.value += 1;
      bytes.value += body.length;
      bus.publish(channel, body);
    },
    listen: (channels) => bus.listen(channels),
    ignore: (channels) => bus.ignore(channels),
    close: () => bus.close(),
  };
}
