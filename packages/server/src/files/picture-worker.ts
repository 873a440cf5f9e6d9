import { DomainError } from '../core/errors.ts';
import type { PictureSource } from '../core/ports/pictures.ts';
import type { Cancel } from '../core/ports/timers.ts';
import { NoDecoder, PictureProcess, type PictureProcessOptions } from './picture-process.ts';
import type { PictureTask } from './picture-protocol.ts';

/** How long a process that has nothing to do is kept, in ms: it holds memory, and takes long to start. */
const IDLE_TIME = 30_000;
/** When to try again, as far as anybody can say, in ms. */
const RETRY_AFTER = 1000;

export interface PictureWorkerOptions extends PictureProcessOptions {
  /** Tasks that may wait. */
  readonly maxWaiting: number;
  /** Told once where pictures can't be decoded on this machine. */
  onUnfit(error: NoDecoder): void;
}

/** Runs tasks one after the other in a process that is started when it is needed, and again after it ended. */
export class PictureWorker {
  readonly #options: PictureWorkerOptions;
  #process: PictureProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #cancelIdle: Cancel = () => {};
  /** Why there are no more tasks to be run. */
  #end: Error | undefined;

  constructor(options: PictureWorkerOptions) {
    this.#options = options;
  }

  /** Tasks that wait or run. */
  get depth(): number {
    return this.#waiting;
  }

  /** PictureFault; NoDecoder; ERATE where too many wait; the source's error. */
  run(task: PictureTask, source: PictureSource): Promise<Buffer> {
    if (this.#end) return Promise.reject(this.#end);
    const { maxWaiting } = this.#options;
    if (this.#waiting > maxWaiting) return Promise.reject(tooMany(maxWaiting));
    this.#waiting++;
    const turn = this.#last.then(() => this.#work(task, source)).finally(() => this.#waiting--);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Ends what runs, and runs nothing any more. */
  async close(): Promise<void> {
    this.#end ??= new DomainError('EINTERNAL', 'the server is stopping');
    this.#cancelIdle();
    this.#process?.kill(this.#end);
    await this.#last;
  }

  async #work(task: PictureTask, source: PictureSource): Promise<Buffer> {
    if (this.#end) throw this.#end;
    this.#cancelIdle();
    if (!this.#process?.isAlive) this.#process = new PictureProcess(this.#options);
    try {
      return await this.#process.run(task, source);
    } catch (error) {
      if (error instanceof NoDecoder) this.#giveUp(error);
      throw error;
    } finally {
      if (!this.#end) this.#cancelIdle = this.#options.timers.after(IDLE_TIME, () => this.#process?.kill());
    }
  }

  #giveUp(error: NoDecoder): void {
    if (this.#end) return;
    this.#end = error;
    this.#options.onUnfit(error);
  }
}

function tooMany(limit: number): DomainError {
  return new DomainError('ERATE', `more than ${limit} pictures wait to be made smaller; try again`, {
    limit,
    retryAfter: RETRY_AFTER,
  });
}
