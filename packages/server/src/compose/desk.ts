import { AgentWatch } from '../core/desk/agent-watch.ts';
import { CustomerWatch, type CustomerWatchDeps } from '../core/desk/customer-watch.ts';
import { DeskNews } from '../core/desk/desk-news.ts';
import type { EventSink } from '../core/events.ts';
import type { Core } from '../core/index.ts';
import type { DeskStore } from '../core/ports/desk-store.ts';
import type { Ground } from './ground.ts';

/** How often the customers of the service desk are looked at within the shortest time that matters, and not more often than, in ms. */
const LOOKS_A_TIMEOUT = 3;
const MIN_DESK_LOOK = 100;

export interface DeskParts {
  readonly store: DeskStore;
  readonly hub: EventSink;
  readonly core: Pick<Core, 'desk'>;
}

/** What tells of the service desk as time passes, and keeps who is at it. */
export async function composeDesk(
  { config, clock, timers, node, log, metrics, teardown }: Ground,
  { store, hub, core }: DeskParts,
): Promise<AgentWatch> {
  const { dispatch, reports } = core.desk;
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
    node,
    timeout: config.deskAgentTimeout,
    onError: (err) => log.warn({ err }, 'who is at the service desk was not stored; trying again'),
  });
  teardown.defer('agents of the desk', () => agentWatch.close());
  await agentWatch.start();
  metrics.watchDesk(async () => ({ ...(await reports.totals()) }));
  return agentWatch;
}

/** What keeps which customers of the service desk are connected, and settles what their absence means. */
export function composeCustomerWatch(
  { config, clock, timers, node, log }: Ground,
  { core, presence }: { readonly core: Pick<Core, 'desk'> } & Pick<CustomerWatchDeps, 'presence'>,
): CustomerWatch {
  const { deskAgentTimeout, deskCustomerTimeout, deskAbsenceTimeout, deskIdleTimeout } = config;
  const timeouts = [deskAgentTimeout, deskCustomerTimeout, deskAbsenceTimeout, deskIdleTimeout];
  const shortest = Math.min(...timeouts.filter((timeout) => timeout > 0));
  return new CustomerWatch({
    clock,
    timers,
    node,
    customers: core.desk.customers,
    presence,
    interval: Math.max(MIN_DESK_LOOK, shortest / LOOKS_A_TIMEOUT),
    onError: (err) => log.warn({ err }, 'who waits at the service desk was not looked at; trying again'),
  });
}
