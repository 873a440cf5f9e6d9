import { after, before } from 'node:test';
import { RedisServer, SKIP_REDIS } from '../../../test/support/redis-server.ts';
import { SYSTEM_TIMERS } from '../../stomp/timers.ts';
import { attendanceContract } from '../attendance-contract.ts';
import { SharedAttendance } from '../shared/attendance.ts';
import { NodeLease } from '../shared/node-lease.ts';
import { SharedPlaces } from '../shared/places.ts';
import { openRedisCluster } from './redis-fixture.ts';

let server: RedisServer;
before(async () => {
  if (!SKIP_REDIS) server = await RedisServer.start();
});
const opened: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of opened) await close();
  await server?.stop();
});

attendanceContract(
  'redis',
  async () => {
    const cluster = await openRedisCluster(server);
    const { register, cut } = await cluster.register('one', () => {});
    const common = { register, clock: { now: () => Date.now() }, timers: SYSTEM_TIMERS, onError: () => {} };
    const lease = new NodeLease({ ...common, renewal: 100 });
    const places = new SharedPlaces({ ...common, lease, freed: async () => {} });
    await lease.start();
    opened.push(async () => {
      await lease.close(0);
      await cut();
    });
    return new SharedAttendance(places);
  },
  SKIP_REDIS,
);
