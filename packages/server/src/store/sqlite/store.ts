import { storeDamaged } from '../../core/errors.ts';
import type { Appended, NewMessage, PendingPage, PendingQuery, Store } from '../../core/ports/store.ts';
import type { AppendOutcome } from '../sql/append.ts';
import { appended } from '../sql/appended.ts';
import { isWrite, OPERATION_KINDS } from '../sql/operation-kinds.ts';
import { pendingInTime } from '../sql/pending-in-time.ts';
import { type DataLock, lockDataDir } from './data-lock.ts';
import { migrate, openDatabase } from './database.ts';
import { type QueueEvents, WorkerQueue } from './worker-queue.ts';

export interface SqliteStoreOptions {
  readonly dataDir: string;
  /** How long a commit waits for another process's lock on the file before it is refused, in ms. */
  readonly busyTimeout?: number;
  /** Told of each commit. */
  readonly commits?: Pick<QueueEvents, 'batch'>;
  /** Told of what the operator should know. */
  readonly troubles?: StoreTroubles;
}

export interface StoreTroubles {
  /** Why nothing is confirmed any more; undefined once that is over. */
  lost(reason: string | undefined): void;
  /** What is wrong with the file; told once. */
  damaged(reason: string): void;
  /** A thread has ended; it is started again. */
  down(reason: Error): void;
  /** The thread is back. */
  up(): void;
}

const UNTOLD: StoreTroubles = { lost() {}, damaged() {}, down() {}, up() {} };

const MAX_BATCH = 1000;
/** Fewer, as what they bring back is held until all of them are done. */
const MAX_READ_BATCH = 64;
const MAX_BATCH_BYTES = 8_388_608;
const MAX_WAITING = 50_000;
const MAX_WAITING_BYTES = 67_108_864;
const DEFAULT_BUSY_TIMEOUT = 1000;

/**
 * Opens the embedded store: one thread that commits groups of writes, two that read beside it, so that the event loop
 * never waits for the disk, nor a short read for a long one. Throws `DataDirInUse` where another process has the directory.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { dataDir, busyTimeout = DEFAULT_BUSY_TIMEOUT, commits, troubles = UNTOLD } = options;
  const lock = lockDataDir(dataDir);
  try {
    const db = openDatabase({ dataDir, busyTimeout });
    migrate(db);
    db.close();
    const limits = {
      maxBatch: MAX_BATCH,
      maxBatchBytes: MAX_BATCH_BYTES,
      maxWaiting: MAX_WAITING,
      maxWaitingBytes: MAX_WAITING_BYTES,
    };
    const state: StoreState = { damage: undefined, keepsLog: undefined };
    const events: QueueEvents = {
      ...troubles,
      damaged(reason) {
        if (state.damage === undefined) troubles.damaged(reason);
        state.damage ??= reason;
      },
    };
    const reading = { ...limits, maxBatch: MAX_READ_BATCH, events };
    const [writer, reader, longReader] = await startAll(
      WorkerQueue.start(
        { dataDir, busyTimeout, mode: 'write' },
        { ...limits, events: { ...events, ...commits, up: () => resume(writer, state, troubles) } },
      ),
      WorkerQueue.start({ dataDir, busyTimeout, mode: 'read', samples: true }, reading),
      WorkerQueue.start({ dataDir, busyTimeout, mode: 'read' }, reading),
    );
    return makeStore({ writer, reader, longReader }, lock, state);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** What the threads' operations don't know of each other. */
interface StoreState {
  damage: string | undefined;
  /** What the writing thread was told last, and forgets when it ends. */
  keepsLog: boolean | undefined;
}

function resume(writer: WorkerQueue, { keepsLog }: StoreState, troubles: StoreTroubles): void {
  troubles.up();
  if (keepsLog !== undefined) writer.call('keepLog', [keepsLog]).catch(troubles.down);
}

/** Leaves no thread behind where another one can't start. */
async function startAll(
  ...starting: [Promise<WorkerQueue>, Promise<WorkerQueue>, Promise<WorkerQueue>]
): Promise<[WorkerQueue, WorkerQueue, WorkerQueue]> {
  try {
    return await Promise.all(starting);
  } catch (error) {
    for (const started of await Promise.allSettled(starting)) {
      if (started.status === 'fulfilled') await started.value.close();
    }
    throw error;
  }
}

interface Threads {
  readonly writer: WorkerQueue;
  readonly reader: WorkerQueue;
  /** What takes a while keeps nobody waiting who connects. */
  readonly longReader: WorkerQueue;
}

function makeStore({ writer, reader, longReader }: Threads, lock: DataLock, state: StoreState): Store {
  const forwarded = Object.entries(OPERATION_KINDS).map(([name, kind]) => {
    const ofRead = kind === 'long-read' ? longReader : reader;
    const queue = isWrite(kind) ? writer : ofRead;
    return [name, (...args: unknown[]) => queue.call(name, args)];
  });
  let closed: Promise<void> | undefined;
  return {
    ...Object.fromEntries(forwarded),
    listPending(given: PendingQuery): Promise<PendingPage> {
      return pendingInTime((query) => longReader.call('listPending', [query]) as Promise<PendingPage>, given);
    },
    appendMessage(message: NewMessage): Promise<Appended> {
      const toAppended = (outcome: unknown) => appended(message, outcome as AppendOutcome);
      return writer.call('appendMessage', [message], toAppended) as Promise<Appended>;
    },
    keepLog(isKept: boolean): Promise<unknown> {
      state.keepsLog = isKept;
      return writer.call('keepLog', [isKept]);
    },
    async probe(): Promise<void> {
      if (state.damage !== undefined) {
        throw storeDamaged(new Error(state.damage));
      }
      reader.requireUp();
      longReader.requireUp();
      await writer.call('probe', []);
    },
    get depth(): number {
      return writer.depth + reader.depth + longReader.depth;
    },
    close(): Promise<void> {
      closed ??= (async () => {
        await writer.close();
        await reader.close();
        await longReader.close();
        lock.release();
      })();
      return closed;
    },
  } as Store;
}
