import type { Timers } from '../../core/ports/timers.ts';
import { type WaitOptions, waitAtStart } from '../../start-wait.ts';
import type { Bus, BusEvents, BusMember } from '../bus.ts';
import { guarded } from '../guarded.ts';
import { LinkedBus } from '../linked-bus.ts';
import { connectBus, gaveUp, type NatsBusAccess, notYet, refusal } from './access.ts';
import { NatsSession } from './nats-session.ts';
import { Subjects } from './subjects.ts';

/** Longest body, in bytes: a longer one would delay what is behind it. */
const MAX_BYTES = 262_144;

export interface NatsBusOptions extends BusMember, WaitOptions {
  readonly access: NatsBusAccess;
  readonly events: BusEvents;
  readonly timers: Timers;
}

/**
 * Opens a bus on NATS core: subjects `<cluster>.bus.<channel>.<node>`. What only the operator can mend is a `StartError` at
 * once; a server that can't be reached is tried again until `timeout`.
 */
export async function openNatsBus(given: NatsBusOptions): Promise<Bus> {
  const options = { ...given, events: guarded(given.events) };
  const { access, timeout } = options;
  const subjects = new Subjects(options);
  const first = await waitAtStart({
    ...options,
    attempt: async () => {
      try {
        return await openSession(options, subjects);
      } catch (error) {
        return notYet(error, access);
      }
    },
    gaveUp: (last) => gaveUp(access, timeout, last),
    release: (session) => session.close(),
  });
  return new LinkedBus(first, {
    ...options,
    maxBytes: MAX_BYTES,
    open: async () => {
      try {
        return await openSession(options, subjects);
      } catch (error) {
        // Says as a StartError what an operator can mend.
        throw notYet(error, access).error;
      }
    },
  });
}

/** Rejects with a StartError where the account may not do what the bus does. */
async function openSession(options: NatsBusOptions, subjects: Subjects): Promise<NatsSession> {
  const { access, events, timers } = options;
  const connection = await connectBus(access, `haina bus of ${subjects.node}`);
  const session = new NatsSession(connection, { subjects, events, timers, maxBytes: MAX_BYTES });
  const forbidden = await session.forbidden();
  if (forbidden === undefined) return session;
  await session.close();
  throw refusal(access.urls, `does not let haina publish and subscribe to ${subjects.all}: ${forbidden}`);
}
