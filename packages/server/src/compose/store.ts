import { type PostgresAddress, parseStore } from '../config/store-url.ts';
import type { Store } from '../core/ports/store.ts';
import type { NodeLog } from '../log/node-log.ts';
import type { Logger } from '../observe/logger.ts';
import { Membership } from '../store/postgres/cluster/membership.ts';
import { type ClusterPart, openPostgresNodeLog, openPostgresStore } from '../store/postgres/index.ts';
import { openSqliteStore, type StoreTroubles } from '../store/sqlite/index.ts';
import { VERSION } from '../version.ts';
import type { Ground } from './ground.ts';

/**
 * The store that the settings name: the one place that knows which adapters there are.
 *
 * @param cluster where several nodes may work on it
 */
export async function composeStore(ground: Ground, cluster?: ClusterPart): Promise<Store> {
  const { config, metrics, teardown } = ground;
  const choice = parseStore(config.store);
  const store =
    choice.kind === 'sqlite' ? await openSqlite(ground) : await openPostgres(ground, choice.address, cluster);
  teardown.defer('store', () => store.close());
  metrics.watchQueue('store', () => store.depth);
  return store;
}

export type { ClusterPart };

/** What the nodes on one database do; undefined where the store has one node only. Nothing is opened before it is used. */
export function openNodeLog({
  config,
  node,
}: Ground): { nodeLog: NodeLog; membership: Membership } | undefined {
  const choice = parseStore(config.store);
  if (choice.kind === 'sqlite') return undefined;
  const membership = new Membership(node);
  const nodeLog = openPostgresNodeLog({ address: choice.address, node }, { membership, version: VERSION });
  return { nodeLog, membership };
}

function openSqlite({ config, log, metrics }: Ground): Promise<Store> {
  return openSqliteStore({
    dataDir: config.dataDir,
    commits: { batch: (size, durationMs) => metrics.committed(size, durationMs) },
    troubles: storeTroubles(log),
  });
}

const GONE = {
  writes: 'PostgreSQL can not be written to: nothing is confirmed until it can',
  reads: 'PostgreSQL can not be read: what needs it is refused until it can',
};
const BACK = {
  writes: 'PostgreSQL can be written to again: sends are confirmed',
  reads: 'PostgreSQL can be read again',
};

function openPostgres(
  { config, log, metrics, node, startSignal }: Ground,
  address: PostgresAddress,
  cluster: ClusterPart | undefined,
): Promise<Store> {
  return openPostgresStore({
    address,
    node,
    ...(cluster && { cluster }),
    startTimeout: config.startTimeout,
    commits: { batch: (size, durationMs) => metrics.committed(size, durationMs) },
    troubles: {
      waiting: (reason) => log.warn({ reason }, 'PostgreSQL can not be used yet; it is tried again'),
      warn: (text) => log.warn(`PostgreSQL ${text}`),
      unavailable(work, reason) {
        if (reason === undefined) log.warn(BACK[work]);
        else log.error({ reason }, GONE[work]);
      },
    },
    ...(startSignal && { signal: startSignal }),
  });
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
