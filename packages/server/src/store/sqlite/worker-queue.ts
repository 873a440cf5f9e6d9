import { Worker } from 'node:worker_threads';
import { DomainError } from '../../core/errors.ts';
import { sizeOf } from './argument-size.ts';
import { type OperationCall, toError, type WorkerReply, type WorkerSettings } from './protocol.ts';

interface Waiting extends OperationCall {
  /** Of its arguments. */
  readonly bytes: number;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Told of each batch that came back. */
export interface QueueEvents {
  /** @param size operations in the batch @param durationMs time in the worker @param depth operations waiting now */
  batch(size: number, durationMs: number, depth: number): void;
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

/**
 * A worker thread and what waits for it. What arrives while a batch runs forms the next one; nobody waits for a timer.
 */
export class WorkerQueue {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #options: QueueOptions;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #running: Waiting[] = [];
  #failure: Error | undefined;
  #onIdle: (() => void) | undefined;

  private constructor(worker: Worker, options: QueueOptions) {
    this.#worker = worker;
    this.#exited = new Promise((resolve) => worker.once('exit', () => resolve()));
    this.#options = options;
  }

  /** Starts the thread. Rejects with what kept it from opening the database. */
  static async start(settings: WorkerSettings, options: QueueOptions): Promise<WorkerQueue> {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: settings });
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', reject);
    });
    worker.removeAllListeners('error');
    const queue = new WorkerQueue(worker, options);
    worker.on('message', (reply: WorkerReply) => queue.#reply(reply));
    worker.on('error', (error) => queue.#fail(error as Error));
    worker.on('exit', () => queue.#fail(new Error("the store's thread has ended")));
    return queue;
  }

  /**
   * Runs an operation in the worker, after those called before. Rejects with a `DomainError`.
   *
   * @param toResult makes the result of what the worker answers. Done here, and not by whoever awaits the call, so that all
   *   calls of a batch settle one after another without a step between.
   */
  call(name: string, args: readonly unknown[], toResult?: (value: unknown) => unknown): Promise<unknown> {
    if (this.#failure) return Promise.reject(unavailable(this.#failure));
    const bytes = sizeOf(args);
    if (!this.#hasRoom(bytes)) {
      return Promise.reject(new DomainError('EINTERNAL', 'the store has too much to do; try again'));
    }
    return new Promise((done, reject) => {
      const resolve = toResult ? (value: unknown) => done(toResult(value)) : done;
      this.#waitingBytes += bytes;
      this.#waiting.push({ name, args, bytes, resolve, reject });
      if (this.#running.length === 0 && this.#waiting.length === 1) nextTurn(() => this.#send());
    });
  }

  get depth(): number {
    return this.#waiting.length + this.#running.length;
  }

  /** Finishes what was called, then stops the thread. What is called from then on is refused. */
  async close(): Promise<void> {
    // Whoever waited for the last operation may have called the next one.
    while (!this.#failure && this.depth > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    this.#failure ??= new Error('the store is closed');
    this.#worker.postMessage({ close: true });
    await this.#exited;
  }

  #hasRoom(bytes: number): boolean {
    const { maxWaiting, maxWaitingBytes } = this.#options;
    if (this.#waiting.length >= maxWaiting) return false;
    return this.#waiting.length === 0 || this.#waitingBytes + bytes <= maxWaitingBytes;
  }

  #send(): void {
    if (this.#running.length > 0 || this.#waiting.length === 0 || this.#failure) return;
    const size = this.#nextBatch();
    this.#running = this.#waiting.slice(0, size);
    this.#waiting = this.#waiting.length > size ? this.#waiting.slice(size) : [];
    try {
      this.#worker.postMessage({ batch: this.#running.map(({ name, args }) => ({ name, args })) });
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
    for (const { reject } of refused) reject(unavailable(error));
    if (this.depth === 0) this.#onIdle?.();
  }

  #reply(reply: WorkerReply): void {
    if (!('outcomes' in reply)) return;
    const done = this.#running;
    this.#running = [];
    this.#send();
    this.#options.events?.batch(done.length, reply.durationMs, this.depth);
    for (const [index, outcome] of reply.outcomes.entries()) {
      const { resolve, reject } = done[index] as Waiting;
      if ('value' in outcome) resolve(outcome.value);
      else reject(toError(outcome.failure));
    }
    if (this.depth === 0) this.#onIdle?.();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const lost = [...this.#running, ...this.#waiting];
    this.#running = [];
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const { reject } of lost) reject(unavailable(error));
    this.#onIdle?.();
  }
}

/** A burst comes in several reads: one more turn of the event loop, which does not block, finds the rest of it. */
function nextTurn(callback: () => void): void {
  setImmediate(() => setImmediate(callback));
}

function unavailable(cause: Error): DomainError {
  return new DomainError('EINTERNAL', 'the store is not available', { cause });
}
