import type { PostgresServer } from '../../../test/support/postgres.ts';
import { addressOf } from '../../store/postgres/postgres-fixture.ts';
import { type Cluster, CONTRACT_TIMES } from '../nodes-contract.ts';
import { PostgresLink } from './link.ts';
import { PostgresRegister } from './register.ts';

/** A cluster in a database of its own. */
export async function openPostgresCluster(server: PostgresServer): Promise<Cluster> {
  const url = await server.createDatabase();
  const restart = () => server.restart();
  return {
    async register(incarnation) {
      const link = new PostgresLink({ address: addressOf(url), name: incarnation, lost() {} });
      return {
        register: new PostgresRegister({ link, incarnation, times: CONTRACT_TIMES }),
        cut: () => link.close(),
      };
    },
    // What is not logged is empty after a crash.
    async empty() {
      await server.kill9();
      await restart();
    },
    async lose() {
      await server.kill9();
      return restart;
    },
    async close() {
      await server.dropDatabase(url);
    },
  };
}
