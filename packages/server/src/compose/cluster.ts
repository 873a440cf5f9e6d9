import { randomUUID } from 'node:crypto';
import { parseRedisUrl } from '../config/redis-url.ts';
import { RedisRegister } from '../presence/redis/register.ts';
import { NodeLease } from '../presence/shared/node-lease.ts';
import { LEASE_TIMES, type Register, RegisterUnavailable } from '../presence/shared/register.ts';
import { RedisLink } from '../redis/link.ts';
import type { Ground } from './ground.ts';

/** What the nodes of a cluster share, and this node's lease of it. */
export interface ClusterParts {
  readonly register: Register;
  readonly lease: NodeLease;
  /** Told of what failed; the log learns of what the operator does not know yet. */
  onError(error: unknown): void;
}

/** Undefined where this node has nobody to share with. */
export async function composeCluster(ground: Ground): Promise<ClusterParts | undefined> {
  const { config, clock, timers, log, node, teardown } = ground;
  if (config.redisUrl === undefined) return undefined;
  const link = await openRedis(ground, config.redisUrl);
  // Another one for each start: what a killed process had is not this one's.
  const incarnation = `${node}/${randomUUID()}`;
  const register = new RedisRegister({ link, prefix: `${config.cluster}:`, incarnation });
  const onError = (err: unknown): void => {
    if (!(err instanceof RegisterUnavailable))
      log.warn({ err }, 'what nodes share could not be kept; trying again');
  };
  const lease = new NodeLease({ register, clock, timers, renewal: LEASE_TIMES.renewal, onError });
  link.onUp(() => lease.doubt());
  teardown.defer('lease of this node', () => lease.close(config.presenceGrace));
  await lease.start();
  return { register, lease, onError };
}

const LOST =
  'Redis is lost: who is online is unknown, and limits are those of this server alone, until it is back';

async function openRedis({ config, log, metrics, node, teardown, startSignal }: Ground, url: string) {
  const link = await RedisLink.open({
    address: parseRedisUrl(url),
    name: `haina.${node}`,
    prefix: `${config.cluster}:`,
    startTimeout: config.startTimeout,
    waiting: (reason) => log.warn({ reason }, 'Redis can not be used yet; it is tried again'),
    warn: (text) => log.warn(`Redis ${text}`),
    lost(reason) {
      if (reason === undefined) log.warn('Redis is back');
      else log.error({ reason }, LOST);
    },
    ...(startSignal && { signal: startSignal }),
  });
  teardown.defer('Redis', () => link.close());
  metrics.watchRedis(link);
  return link;
}
