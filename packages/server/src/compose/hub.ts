import type { Core } from '../core/index.ts';
import { Deliveries } from '../hub/deliveries.ts';
import { Hub } from '../hub/hub.ts';
import { faultLog } from '../observe/fault-log.ts';
import type { Ground } from './ground.ts';

/** What carries the core's events to the sessions. */
export function composeHub({ clock, log, metrics }: Ground): Hub {
  const hub = new Hub(faultLog(metrics, log, clock));
  metrics.watchQueue('topics', () => hub.topicCount);
  return hub;
}

/** What notes in the store how far each user was told. */
export function composeDeliveries(
  { config, log, teardown }: Ground,
  { receipts, notifications }: Pick<Core, 'receipts' | 'notifications'>,
): Deliveries {
  const deliveries = new Deliveries({
    receipts,
    notifications,
    maxReceiptMembers: config.maxReceiptMembers,
    onError: (err) => log.warn({ err }, 'deliveries were not stored'),
  });
  teardown.defer('deliveries', () => deliveries.close());
  return deliveries;
}
