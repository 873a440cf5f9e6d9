import type { RedisServer } from '../../../test/support/redis-server.ts';
import { parseRedisUrl } from '../../config/redis-url.ts';
import { RedisLink } from '../../redis/link.ts';
import { type Cluster, CONTRACT_TIMES } from '../nodes-contract.ts';
import { RedisRegister } from './register.ts';

let clusters = 0;

/** A cluster with a Redis that only it has. */
export async function openRedisCluster(server: RedisServer): Promise<Cluster> {
  const prefix = `test${++clusters}:`;
  return {
    async register(incarnation, onUp) {
      const link = await RedisLink.open({
        address: parseRedisUrl(server.url),
        name: incarnation,
        prefix,
        startTimeout: 0,
        answerTimeout: 500,
        waiting() {},
        warn() {},
        lost() {},
      });
      link.onUp(onUp);
      return {
        register: new RedisRegister({ link, prefix, incarnation, times: CONTRACT_TIMES }),
        cut: () => link.close(),
      };
    },
    async empty() {
      await server.command('FLUSHALL');
    },
    async lose() {
      server.freeze();
      return async () => server.thaw();
    },
    async close() {},
  };
}
