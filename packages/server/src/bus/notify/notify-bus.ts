import { StartError } from '../../config/start-error.ts';
import type { PostgresAddress } from '../../config/store-url.ts';
import type { Timers } from '../../core/ports/timers.ts';
import type { WaitOptions } from '../../start-wait.ts';
import { Connection, type OnLost } from '../../store/postgres/connect.ts';
import { openAtStart } from '../../store/postgres/start.ts';
import type { Bus, BusEvents, BusMember } from '../bus.ts';
import { guarded } from '../guarded.ts';
import { LinkedBus } from '../linked-bus.ts';
import { NotifySession } from './notify-session.ts';

/** Longest body, in bytes: it is written in base 64 into a payload of less than 8000 bytes. */
const MAX_BYTES = 4096;
/** A statement that takes longer is given up, and the connection with it where no answer comes. In ms. */
const STATEMENT_TIMEOUT = 2000;
const ANSWER_SLACK = 1000;
/** Longest time that a further connection may take to open, in ms. */
const CONNECT_TIMEOUT = 5000;

export interface NotifyBusOptions extends BusMember, WaitOptions {
  readonly address: PostgresAddress;
  readonly events: BusEvents;
  readonly timers: Timers;
}

/**
 * Opens a bus on PostgreSQL's NOTIFY, with a connection of its own. What only the operator can mend is a `StartError` at once; a
 * server that can't be reached is tried again until `timeout`.
 */
export async function openNotifyBus(given: NotifyBusOptions): Promise<Bus> {
  const options = { ...given, events: guarded(given.events) };
  const { address } = options;
  const session = {
    name: `haina-bus/${options.node}`,
    statementTimeout: STATEMENT_TIMEOUT,
    lockTimeout: STATEMENT_TIMEOUT,
    answerSlack: ANSWER_SLACK,
  };
  // What is to be said of the server, the store has said.
  const atStart = (onLost: OnLost) => openAtStart({ ...options, session, warn: () => {}, onLost });
  const connectTimeout = Math.min(address.connectTimeout, CONNECT_TIMEOUT);
  const first = await openSession(options, atStart).catch((cause: unknown) => {
    if (cause instanceof StartError || options.signal?.aborted) throw cause;
    throw new StartError(`the bus can't use PostgreSQL: ${(cause as Error).message}`, { cause });
  });
  return new LinkedBus(first, {
    ...options,
    maxBytes: MAX_BYTES,
    open: () =>
      openSession(options, (onLost) => Connection.open({ ...address, connectTimeout }, session, onLost)),
  });
}

async function openSession(
  options: NotifyBusOptions,
  open: (onLost: OnLost) => Promise<Connection>,
): Promise<NotifySession> {
  const lost = Promise.withResolvers<Error>();
  const connection = await open(lost.resolve);
  return NotifySession.open(connection, { ...options, maxBytes: MAX_BYTES, lost: lost.promise });
}
