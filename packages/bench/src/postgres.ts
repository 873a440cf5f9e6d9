import { type PostgresServer, SKIP_POSTGRES, startPostgres } from '../../server/test/support/postgres.ts';
import { pinToServers } from './child.ts';
import { childrenOf, cpuOfFamily, TELLS_CPU } from './usage/cpu.ts';

/** As much memory as a small machine gives it. What makes it durable is on, as it is unless somebody changes it. */
const SETTINGS = { fsync: 'on', synchronous_commit: 'on', shared_buffers: '256MB', max_wal_size: '2GB' };

/** A PostgreSQL on the servers' core, with an empty database. */
export interface Database {
  readonly server: PostgresServer;
  readonly url: string;
  /** What all of its processes had of the processor, ms. */
  cpu(): number | undefined;
  walBytes(): Promise<number>;
}

export async function startDatabase(): Promise<Database> {
  if (SKIP_POSTGRES) throw new Error(SKIP_POSTGRES);
  const server = await startPostgres({ settings: SETTINGS });
  const { pid } = server;
  // A backend runs where its parent does.
  for (const each of [pid, ...childrenOf(pid)]) pinToServers(each);
  return {
    server,
    url: await server.createDatabase(),
    cpu: () => (TELLS_CPU ? cpuOfFamily(pid) : undefined),
    async walBytes() {
      const [row] = await server.admin(`SELECT (pg_current_wal_insert_lsn() - '0/0')::float8 AS bytes`);
      return row?.bytes as number;
    },
  };
}
