import type { BusEvents } from './bus.ts';

/** The events, of which one that throws is told to `failed`: it would end the reading of what comes behind it. */
export function guarded(events: BusEvents): BusEvents {
  const safe = (tell: () => void): void => {
    try {
      tell();
    } catch (error) {
      events.failed(error);
    }
  };
  return {
    received: (channel, body, from) => safe(() => events.received(channel, body, from)),
    connected: () => safe(() => events.connected()),
    disconnected: (reason) => safe(() => events.disconnected(reason)),
    dropped: (count) => safe(() => events.dropped(count)),
    troubled: (reason) => safe(() => events.troubled(reason)),
    failed: (error) => events.failed(error),
  };
}
