import { after } from 'node:test';
import {
  type PostgresServer,
  SKIP_POSTGRES,
  sharedPostgres,
  startPostgres,
} from '../../../test/support/postgres.ts';
import { SYSTEM_TIMERS } from '../../stomp/timers.ts';
import { attendanceContract } from '../attendance-contract.ts';
import { nodesContract } from '../nodes-contract.ts';
import { presenceContract } from '../presence-contract.ts';
import { SharedAttendance } from '../shared/attendance.ts';
import { NodeLease } from '../shared/node-lease.ts';
import { SharedPlaces } from '../shared/places.ts';
import { SharedPresence } from '../shared/presence.ts';
import { openPostgresCluster } from './postgres-fixture.ts';

const clock = { now: () => Date.now() };
const opened: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const close of opened.reverse()) await close();
  await server?.dispose();
});

async function startOne() {
  const cluster = await openPostgresCluster(await sharedPostgres());
  const { register, cut } = await cluster.register('one', () => {});
  const common = { register, clock, onError: () => {} };
  const lease = new NodeLease({ ...common, timers: SYSTEM_TIMERS, renewal: 100 });
  opened.push(cluster.close, cut, () => lease.close(0));
  return { ...common, lease };
}

presenceContract(
  'postgres',
  async (options) => {
    const node = await startOne();
    const presence = new SharedPresence({ ...node, ...options });
    await node.lease.start();
    return presence;
  },
  SKIP_POSTGRES,
);

attendanceContract(
  'postgres',
  async () => {
    const node = await startOne();
    const places = new SharedPlaces({ ...node, freed: async () => {} });
    await node.lease.start();
    return new SharedAttendance(places);
  },
  SKIP_POSTGRES,
);

let server: PostgresServer | undefined;
nodesContract(
  'postgres',
  async () => {
    // Of its own, as it is killed.
    server ??= await startPostgres();
    return openPostgresCluster(server);
  },
  SKIP_POSTGRES,
);
