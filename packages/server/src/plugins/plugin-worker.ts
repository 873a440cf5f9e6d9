import { Worker } from 'node:worker_threads';
import type { Timers } from '../core/ports/timers.ts';
import {
  Board,
  type FromThread,
  type HostCall,
  type Manifest,
  type Outcome,
  type Taken,
  type ThreadSettings,
  type ToThread,
} from './protocol.ts';

/** How long a plug-in may take to set up, and to end, in ms. */
const START_LIMIT = 10_000;
const CLOSE_LIMIT = 2000;

const MIB = 1024 * 1024;

export interface WorkerOptions extends Omit<ThreadSettings, 'board'> {
  /** What the thread's heap may hold, in bytes. */
  readonly memory: number;
  readonly timers: Timers;
}

export interface WorkerListener {
  done(outcomes: readonly Outcome[], taken: Taken): void;
  reply(id: number, json: string): void;
  hostCall(call: HostCall): void;
  fault(hook: string, fault: string): void;
  printed(text: string): void;
  /** It ended by itself. Told once; nothing is told after it. */
  ended(reason: string): void;
}

/** One thread of a plug-in, from its start to its end. */
export class PluginWorker {
  readonly board: Board;
  readonly #worker: Worker;
  readonly #timers: Timers;
  #listener: WorkerListener | undefined;
  readonly #isClosed = Promise.withResolvers<void>();

  private constructor({ name, entry, base, options, memory, timers }: WorkerOptions) {
    this.board = new Board();
    this.#timers = timers;
    const settings: ThreadSettings = { name, entry, base, options, board: this.board.buffer };
    this.#worker = new Worker(new URL('./thread.ts', import.meta.url), {
      name: `plugin ${name}`,
      workerData: settings,
      // Not the secrets of the server.
      env: Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('HAINA_'))),
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(memory / MIB) },
      stdout: true,
      stderr: true,
    });
    // A server that ends does not wait for a plug-in.
    this.#worker.unref();
    for (const output of [this.#worker.stdout, this.#worker.stderr]) {
      output.setEncoding('utf8').on('data', (text: string) => this.#listener?.printed(text.trimEnd()));
    }
  }

  /** Rejects with an error that says what keeps the plug-in from starting. */
  static async start(options: WorkerOptions): Promise<{ worker: PluginWorker; manifest: Manifest }> {
    const worker = new PluginWorker(options);
    try {
      return { worker, manifest: await worker.#ready() };
    } catch (error) {
      worker.terminate();
      throw error;
    }
  }

  /** To be called once, before anything else is done with a worker that was started. */
  listen(listener: WorkerListener): void {
    this.#listener = listener;
  }

  /** Throws where the message can not be copied. Does nothing once the thread has ended. */
  post(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  /** Lets it do what it was given, and end by itself; not for ever. */
  async close(): Promise<void> {
    this.post({ close: true });
    const cancel = this.#timers.after(CLOSE_LIMIT, () => this.#isClosed.resolve());
    await this.#isClosed.promise;
    cancel();
    this.terminate();
  }

  /** Ends it, whatever it does. Nothing is told any more. */
  terminate(): void {
    this.#listener = undefined;
    void this.#worker.terminate();
  }

  #ready(): Promise<Manifest> {
    return new Promise((resolve, reject) => {
      const cancel = this.#timers.after(START_LIMIT, () =>
        reject(new Error(`it was not set up within ${START_LIMIT / 1000} s`)),
      );
      this.#worker.on('message', (message: FromThread) => {
        if ('ready' in message) resolve(message.ready);
        else if ('unfit' in message) reject(new Error(message.unfit));
        else this.#receive(message);
        cancel();
      });
      this.#worker.on('error', (error) => {
        reject(error as Error);
        this.#ended((error as Error).message);
      });
      this.#worker.on('exit', (code) => {
        reject(new Error(`it ended with ${code} while it was set up`));
        this.#ended(`it ended with ${code}`);
      });
    });
  }

  #ended(reason: string): void {
    this.#isClosed.resolve();
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.ended(reason);
  }

  #receive(message: Exclude<FromThread, { ready: unknown } | { unfit: unknown }>): void {
    if ('closed' in message) this.#isClosed.resolve();
    else if ('done' in message) this.#listener?.done(message.done, message.taken);
    else if ('reply' in message) this.#listener?.reply(message.id, message.reply);
    else if ('hostCall' in message) this.#listener?.hostCall(message.hostCall);
    else this.#listener?.fault(message.hook, message.fault);
  }
}
