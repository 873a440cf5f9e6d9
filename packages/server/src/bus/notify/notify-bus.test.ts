import { SKIP_POSTGRES, startPostgres } from '../../../test/support/postgres.ts';
import { SYSTEM_TIMERS } from '../../stomp/timers.ts';
import { addressOf } from '../../store/postgres/postgres-fixture.ts';
import { busContract } from '../bus-contract.ts';
import { openNotifyBus } from './notify-bus.ts';

busContract(
  'NOTIFY',
  async () => {
    const server = await startPostgres();
    const address = addressOf(await server.createDatabase());
    return {
      open: (member, events) =>
        openNotifyBus({
          ...member,
          events,
          address,
          timers: SYSTEM_TIMERS,
          timeout: 0,
          waiting: () => {},
        }),
      kill: () => server.kill9(),
      restart: () => server.restart(),
      freeze: () => server.freeze(),
      thaw: () => server.thaw(),
      dispose: () => server.dispose(),
    };
  },
  SKIP_POSTGRES,
);
