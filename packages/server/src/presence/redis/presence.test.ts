import { after, before } from 'node:test';
import { RedisServer, SKIP_REDIS } from '../../../test/support/redis-server.ts';
import { SYSTEM_TIMERS } from '../../stomp/timers.ts';
import { nodesContract } from '../nodes-contract.ts';
import { presenceContract } from '../presence-contract.ts';
import { NodeLease } from '../shared/node-lease.ts';
import { SharedPresence } from '../shared/presence.ts';
import { openRedisCluster } from './redis-fixture.ts';

let server: RedisServer;
before(async () => {
  if (!SKIP_REDIS) server = await RedisServer.start();
});
after(() => server?.stop());

presenceContract(
  'redis',
  async (options) => {
    const cluster = await openRedisCluster(server);
    const { register, cut } = await cluster.register('one', () => lease.doubt());
    const common = { register, clock: { now: () => Date.now() }, onError: () => {} };
    const lease = new NodeLease({ ...common, timers: SYSTEM_TIMERS, renewal: 100 });
    const presence = new SharedPresence({ ...options, register, lease, onError: () => {} });
    await lease.start();
    const close = presence.close.bind(presence);
    presence.close = async () => {
      await close();
      await lease.close(0).catch(() => {});
      await cut();
    };
    return presence;
  },
  SKIP_REDIS,
);

nodesContract('redis', () => openRedisCluster(server), SKIP_REDIS);
