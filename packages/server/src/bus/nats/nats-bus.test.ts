import { NatsServer, SKIP_NATS } from '../../../test/support/nats-server.ts';
import { SYSTEM_TIMERS } from '../../stomp/timers.ts';
import { busContract } from '../bus-contract.ts';
import { openNatsBus } from './nats-bus.ts';

busContract(
  'NATS',
  async () => {
    const server = await NatsServer.start();
    return {
      open: (member, events) =>
        openNatsBus({
          ...member,
          events,
          access: { urls: [server.url] },
          timers: SYSTEM_TIMERS,
          timeout: 0,
          waiting: () => {},
        }),
      kill: () => server.kill(),
      restart: () => server.resume(),
      freeze: () => server.freeze(),
      thaw: () => server.thaw(),
      dispose: () => server.stop(),
    };
  },
  SKIP_NATS,
);
