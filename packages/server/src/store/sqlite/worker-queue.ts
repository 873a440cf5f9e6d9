import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { storeBusy, storeUnavailable } from '../../core/errors.ts';
import { type OperationCall, type OperationOutcome, toError } from '../sql/calls.ts';
import { sizeOf } from './argument-size.ts';
import type { WorkerReply, WorkerSettings } from './protocol.ts';

interface Waiting extends OperationCall {
  /** Of its arguments. */
  readonly bytes: number;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** What happens to a queue and its thread. */
export interface QueueEvents {
  /** @param size operations in the batch @param durationMs time in the worker @param depth operations waiting now */
  batch?(size: number, durationMs: number, depth: number): void;
  /** Why nothing that is written would be found any more; undefined once that is over. */
  lost?(reason: string | undefined): void;
  /** What SQLite found wrong with the file. */
  damaged?(reason: string): void;
  /** The thread has ended, or could not be started again: everything is refused until it could. */
  down?(reason: Error): void;
  /** The thread was started again, and nothing was called yet. */
  up?(): void;
}

export interface QueueOptions {
  /** Most operations of one batch. */
  readonly maxBatch: number;
  /** Most bytes of arguments in one batch; a larger operation goes alone. */
  readonly maxBatchBytes: number;
  /** Most operations waiting; beyond it calls are refused at once. */
  readonly maxWaiting: number;
  /** The same in bytes of their arguments. */
  readonly maxWaitingBytes: number;
  readonly events?: QueueEvents;
}

/** Until a thread that ended is started again, in ms; twice as long after each try that fails. */
const RESTART_AFTER = 50;
const MAX_RESTART_AFTER = 5000;

type State =
  | { readonly name: 'up'; readonly worker: Worker }
  /** It has ended, and is started again. */
  | { readonly name: 'down'; readonly reason: Error }
  | { readonly name: 'closed'; readonly reason: Error };

/**
 * A worker thread and what waits for it. What arrives while a batch runs forms the next one; nobody waits for a timer.
 * A thread that ends is started again: what was called and not answered is refused then, as nobody knows of its fate.
 */
export class WorkerQueue {
  readonly #settings: WorkerSettings;
  readonly #options: QueueOptions;
  #state: State;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #running: Waiting[] = [];
  #onIdle: (() => void) | undefined;
  /** Settles once no thread is being started. */
  #restarting = Promise.resolve();

  private constructor(settings: WorkerSettings, options: QueueOptions, worker: Worker) {
    this.#settings = settings;
    this.#options = options;
    this.#state = this.#adopt(worker);
  }

  /** Starts the thread. Rejects with what kept it from opening the database. */
  static async start(settings: WorkerSettings, options: QueueOptions): Promise<WorkerQueue> {
    return new WorkerQueue(settings, options, await startWorker(settings));
  }

  /**
   * Runs an operation in the worker, after those called before. Rejects with a `DomainError`.
   *
   * @param toResult makes the result of what the worker answers. Done here, and not by whoever awaits the call, so that all
   *   calls of a batch settle one after another without a step between.
   */
  call(name: string, args: readonly unknown[], toResult?: (value: unknown) => unknown): Promise<unknown> {
    if (this.#state.name !== 'up') return Promise.reject(storeUnavailable(this.#state.reason));
    const bytes = sizeOf(args);
    if (!this.#hasRoom(bytes)) return Promise.reject(storeBusy());
    return new Promise((done, reject) => {
      const resolve = (value: unknown): void => {
        try {
          done(toResult ? toResult(value) : value);
        } catch (error) {
          // The other calls of the batch settle all the same.
          reject(error as Error);
        }
      };
      this.#waitingBytes += bytes;
      this.#waiting.push({ name, args, bytes, resolve, reject });
      if (this.#running.length === 0 && this.#waiting.length === 1) nextTurn(() => this.#send());
    });
  }

  /** Throws a `DomainError` while there is no thread. */
  requireUp(): void {
    if (this.#state.name !== 'up') throw storeUnavailable(this.#state.reason);
  }

  get depth(): number {
    return this.#waiting.length + this.#running.length;
  }

  /** Finishes what was called, then stops the thread. What is called from then on is refused. */
  async close(): Promise<void> {
    // Whoever waited for the last operation may have called the next one.
    while (this.#state.name === 'up' && this.depth > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    const state = this.#state;
    this.#state = { name: 'closed', reason: new Error('the store is closed') };
    await this.#restarting;
    if (state.name === 'up') await stopWorker(state.worker);
  }

  #hasRoom(bytes: number): boolean {
    const { maxWaiting, maxWaitingBytes } = this.#options;
    if (this.#waiting.length >= maxWaiting) return false;
    return this.#waiting.length === 0 || this.#waitingBytes + bytes <= maxWaitingBytes;
  }

  #send(): void {
    if (this.#running.length > 0 || this.#waiting.length === 0 || this.#state.name !== 'up') return;
    const size = this.#nextBatch();
    this.#running = this.#waiting.slice(0, size);
    this.#waiting = this.#waiting.length > size ? this.#waiting.slice(size) : [];
    try {
      this.#state.worker.postMessage({ batch: this.#running.map(({ name, args }) => ({ name, args })) });
    } catch (error) {
      this.#refuseRunning(error as Error);
    }
  }

  /** How many of the waiting go next; at least one. Their bytes wait no more. */
  #nextBatch(): number {
    const { maxBatch, maxBatchBytes } = this.#options;
    let size = 0;
    let bytes = 0;
    for (const waiting of this.#waiting) {
      if (size === maxBatch || (size > 0 && bytes + waiting.bytes > maxBatchBytes)) break;
      size += 1;
      bytes += waiting.bytes;
    }
    this.#waitingBytes -= bytes;
    return size;
  }

  /** Arguments that can not be copied into the thread end their batch, never the process. */
  #refuseRunning(error: Error): void {
    const refused = this.#running;
    this.#running = [];
    this.#send();
    for (const { reject } of refused) reject(storeUnavailable(error));
    if (this.depth === 0) this.#onIdle?.();
  }

  #adopt(worker: Worker): State {
    let reason = new Error("the store's thread has ended");
    worker.on('message', (reply: WorkerReply) => this.#reply(reply));
    worker.on('error', (error) => {
      reason = error as Error;
    });
    worker.once('exit', () => this.#ended(worker, reason));
    return { name: 'up', worker };
  }

  #ended(worker: Worker, reason: Error): void {
    if (this.#state.name !== 'up' || this.#state.worker !== worker) return;
    this.#state = { name: 'down', reason };
    this.#refuseAll(reason);
    this.#options.events?.down?.(reason);
    this.#restarting = this.#restart();
  }

  async #restart(): Promise<void> {
    for (
      let pause = RESTART_AFTER;
      this.#state.name === 'down';
      pause = Math.min(2 * pause, MAX_RESTART_AFTER)
    ) {
      await setTimeout(pause, undefined, { ref: false });
      const worker = await startWorker(this.#settings).catch((error: Error) => error);
      if (worker instanceof Error) {
        this.#options.events?.down?.(worker);
      } else if (this.#state.name === 'down') {
        this.#state = this.#adopt(worker);
        this.#options.events?.up?.();
      } else {
        await stopWorker(worker);
      }
    }
  }

  #reply(reply: WorkerReply): void {
    if ('outcomes' in reply) this.#settle(reply.outcomes, reply.durationMs);
    else if ('lost' in reply) this.#options.events?.lost?.(reply.lost ?? undefined);
    else if ('damaged' in reply) this.#options.events?.damaged?.(reply.damaged);
  }

  #settle(outcomes: readonly OperationOutcome[], durationMs: number): void {
    const done = this.#running;
    this.#running = [];
    this.#send();
    this.#options.events?.batch?.(done.length, durationMs, this.depth);
    for (const [index, outcome] of outcomes.entries()) {
      const { resolve, reject } = done[index] as Waiting;
      if ('value' in outcome) resolve(outcome.value);
      else reject(toError(outcome.failure));
    }
    if (this.depth === 0) this.#onIdle?.();
  }

  #refuseAll(error: Error): void {
    const lost = [...this.#running, ...this.#waiting];
    this.#running = [];
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const { reject } of lost) reject(storeUnavailable(error));
    this.#onIdle?.();
  }
}

/** Resolves once the thread has opened the database; rejects with what kept it from that. */
async function startWorker(settings: WorkerSettings): Promise<Worker> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: settings });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error("the store's thread ended before it was ready")));
  });
  for (const event of ['error', 'exit']) worker.removeAllListeners(event);
  return worker;
}

async function stopWorker(worker: Worker): Promise<void> {
  const exited = once(worker, 'exit');
  worker.postMessage({ close: true });
  await exited;
}

/** A burst comes in several reads: one more turn of the event loop, which does not block, finds the rest of it. */
function nextTurn(callback: () => void): void {
  setImmediate(() => setImmediate(callback));
}
