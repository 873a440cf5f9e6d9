import { StartError } from '../config/start-error.ts';
import { parseStore } from '../config/store-url.ts';
import type { Store } from '../core/ports/store.ts';
import type { Logger } from '../observe/logger.ts';
import { openSqliteStore, type StoreTroubles } from '../store/sqlite/index.ts';
import type { Ground } from './ground.ts';

/** The store that the settings name: the one place that knows which adapters there are. */
export async function composeStore({ config, log, metrics, teardown }: Ground): Promise<Store> {
  if (parseStore(config.store).kind !== 'sqlite') {
    throw new StartError('this version keeps its data in SQLite only: leave HAINA_STORE unset');
  }
  const store = await openSqliteStore({
    dataDir: config.dataDir,
    commits: { batch: (size, durationMs) => metrics.committed(size, durationMs) },
    troubles: storeTroubles(log),
  });
  teardown.defer('store', () => store.close());
  metrics.watchQueue('store', () => store.depth);
  return store;
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
