import type { PostgresAddress } from '../../config/store-url.ts';
import type { Appended, NewMessage, PendingPage, PendingQuery, Store } from '../../core/ports/store.ts';
import type { CommittedRecord } from '../../log/record.ts';
import type { AppendOutcome } from '../sql/append.ts';
import { appended } from '../sql/appended.ts';
import { LogSettings } from '../sql/change-log.ts';
import { isWrite, OPERATION_KINDS } from '../sql/operation-kinds.ts';
import { pendingInTime } from '../sql/pending-in-time.ts';
import { Membership } from './cluster/membership.ts';
import { PostgresNodeLog } from './cluster/node-log.ts';
import { Connection } from './connect.ts';
import type { Failure } from './errors.ts';
import { Health } from './health.ts';
import { Lane } from './lane.ts';
import { Lanes } from './lanes.ts';
import { migratePostgres } from './migrate.ts';
import { Readers } from './readers.ts';
import { openAtStart } from './start.ts';

export interface PostgresStoreOptions {
  readonly address: PostgresAddress;
  /** How long a server is waited for at the start, in ms. */
  readonly startTimeout?: number;
  /** What this node calls itself to the server. */
  readonly node?: string;
  /** Where it is one of several nodes, or may be. */
  readonly cluster?: ClusterPart;
  /** Connections that write. */
  readonly lanes?: number;
  /** Connections that read. */
  readonly readers?: number;
  /** Told of each transaction. */
  readonly commits?: { batch(size: number, durationMs: number, depth: number): void };
  readonly troubles?: PostgresTroubles;
  /** Told why a write is tried again, where others were in its way. */
  readonly retried?: (reason: string) => void;
  /** Ends the start: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What a store needs where others may work on the same database. */
export interface ClusterPart {
  readonly membership: Membership;
  /** Told at once of what was committed for other nodes, too; resolves when this node may tell of it itself. */
  committed(record: CommittedRecord): Promise<void>;
}

export interface PostgresTroubles {
  /** Why the server is waited for at the start. */
  waiting(reason: string): void;
  /** What the operator should know of the server. */
  warn(text: string): void;
  /** Why the store can't do one kind of its work; undefined once that is over. */
  unavailable(work: 'reads' | 'writes', reason: string | undefined): void;
}

const UNTOLD: PostgresTroubles = { waiting() {}, warn() {}, unavailable() {} };

const LANES = 2;
const READERS = 4;
/** What a node takes at most: one more looks at the server and migrates when it starts; later the bus, the other nodes and who is where have one each. */
export const CONNECTIONS_OF_NODE = LANES + READERS + 3;
const MAX_BATCH = 200;
const MAX_WAITING = 50_000;
const STATEMENT_TIMEOUT = 30_000;
const LOCK_TIMEOUT = 5000;

/**
 * Opens a store in a PostgreSQL database: a few connections that write, each a transaction at a time, and a few that read.
 * Throws a `StartError` where the database can't be used.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { address, startTimeout = 0, node = 'main', troubles = UNTOLD, signal } = options;
  // Who is no node tells nobody by itself, but others of what it does.
  const { membership, committed } = options.cluster ?? {
    membership: new Membership(node),
    committed: untold,
  };
  const session = sessionOf(node);
  const first = await openAtStart({
    address,
    // A migration may take its time, and others wait for it.
    session: { ...session, statementTimeout: 0, lockTimeout: 0 },
    timeout: startTimeout,
    waiting: (reason) => troubles.waiting(reason),
    warn: (text) => troubles.warn(text),
    ...(signal && { signal }),
  });
  await migrate(first, signal);
  const workOf = (kind: 'reads' | 'writes') => {
    const health = new Health({ unavailable: (reason) => troubles.unavailable(kind, reason) });
    return {
      connect: () => health.connect(() => Connection.open(address, { ...session, keepsPlans: true })),
      failed: (failure: Failure) => health.failed(failure),
      succeeded: () => health.succeeded(),
      close: () => health.close(),
    };
  };
  const writing = workOf('writes');
  const reading = workOf('reads');
  const log = new LogSettings(membership);
  const retried = ({ reason }: Failure): void => options.retried?.(reason);
  const lane = { ...writing, log, membership, committed, retried };
  const lanes = Array.from({ length: options.lanes ?? LANES }, () => new Lane(lane));
  return makeStore(
    new Lanes(lanes, { maxBatch: MAX_BATCH, maxWaiting: MAX_WAITING, ...options.commits }),
    new Readers({ ...reading, ...readersOf(options.readers ?? READERS), maxWaiting: MAX_WAITING }),
    [writing, reading],
  );
}

async function untold(): Promise<void> {}

function sessionOf(node: string) {
  return { name: `haina/${node}`, statementTimeout: STATEMENT_TIMEOUT, lockTimeout: LOCK_TIMEOUT };
}

/** What other nodes do, beside a store that is open. @param version of the program */
export function openPostgresNodeLog(
  { address, node = 'main' }: Pick<PostgresStoreOptions, 'address' | 'node'>,
  { membership, version }: { membership: Membership; version: string },
): PostgresNodeLog {
  const connect = () => Connection.open(address, { ...sessionOf(node), keepsPlans: true });
  return new PostgresNodeLog({ membership, version, connect });
}

/** Brings the schema up to date. A stop waits for no other node that migrates. */
async function migrate(connection: Connection, signal: AbortSignal | undefined): Promise<void> {
  const stop = (): void => connection.destroy(new Error('the start was ended'));
  signal?.addEventListener('abort', stop);
  try {
    signal?.throwIfAborted();
    await migratePostgres(connection);
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', stop);
    await connection.close();
  }
}

function readersOf(connections: number): { connections: number; forLongReads: number } {
  return { connections, forLongReads: Math.max(1, Math.floor(connections / 2)) };
}

function makeStore(lanes: Lanes, readers: Readers, work: readonly { close(): void }[]): Store {
  const forwarded = Object.entries(OPERATION_KINDS).map(([name, kind]) => {
    if (isWrite(kind)) return [name, (...args: unknown[]) => lanes.call(name, args)];
    return [name, (...args: unknown[]) => readers.call(name, args, kind === 'long-read')];
  });
  let closed: Promise<void> | undefined;
  return {
    ...Object.fromEntries(forwarded),
    listPending(given: PendingQuery): Promise<PendingPage> {
      return pendingInTime(
        (query) => readers.call('listPending', [query], true) as Promise<PendingPage>,
        given,
      );
    },
    appendMessage(message: NewMessage): Promise<Appended> {
      const toAppended = (outcome: unknown) => appended(message, outcome as AppendOutcome);
      return lanes.call('appendMessage', [message], toAppended) as Promise<Appended>;
    },
    get depth(): number {
      return lanes.depth + readers.depth;
    },
    close(): Promise<void> {
      closed ??= (async () => {
        await lanes.close();
        await readers.close();
        for (const { close } of work) close();
      })();
      return closed;
    },
  } as Store;
}
