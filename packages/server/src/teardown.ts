import type { Logger } from './observe/logger.ts';

/** Longest time for one step, in ms. */
const STEP = 2500;
/** What is left to a step once the time for all of them is over, in ms: enough to let go of what needs no waiting. */
const LAST_STEP = 100;

interface Step {
  /** What is undone, for the log. */
  readonly name: string;
  undo(): unknown;
  /** What it may take beyond the limits, in ms. */
  readonly extraTime: number;
}

/**
 * How to undo what was done so far: a start that fails half-way and a stop are the same walk back.
 *
 * Each step runs whatever became of the others, the last one first, and none is waited for without end: what fails or
 * takes too long is logged, and the next one runs.
 */
export class Teardown {
  readonly #log: Pick<Logger, 'error'>;
  readonly #time: number;
  readonly #steps: Step[] = [];
  #running: Promise<readonly string[]> | undefined;

  /** @param time for all steps together, in ms */
  constructor(log: Pick<Logger, 'error'>, time: number) {
    this.#log = log;
    this.#time = time;
  }

  /**
   * Adds a step. To be called before what it undoes is done, where a failure may leave half of that.
   *
   * @param extraTime what it may take beyond the limits of a step and of all of them, in ms
   */
  defer(name: string, undo: () => unknown, extraTime = 0): void {
    this.#steps.push({ name, undo, extraTime });
  }

  /** Undoes everything, once. Resolves to the names of the steps that failed. */
  run(): Promise<readonly string[]> {
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<readonly string[]> {
    let end = performance.now() + this.#time;
    const failed: string[] = [];
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      end += step.extraTime;
      const limit = Math.max(LAST_STEP, Math.min(STEP + step.extraTime, end - performance.now()));
      if (!(await this.#undo(step, limit))) failed.push(step.name);
    }
    return failed;
  }

  async #undo({ name, undo }: Step, limit: number): Promise<boolean> {
    try {
      await within(limit, Promise.try(undo));
      return true;
    } catch (err) {
      this.#log.error({ err, step: name }, 'a step of the stop failed; the others go on');
      return false;
    }
  }
}

/** Rejects once the limit, in ms, has passed. */
async function within(limit: number, work: Promise<unknown>): Promise<void> {
  const tooLong = Promise.withResolvers<never>();
  const timer = setTimeout(() => tooLong.reject(new Error(`not done after ${Math.round(limit)} ms`)), limit);
  try {
    await Promise.race([work, tooLong.promise]);
  } finally {
    clearTimeout(timer);
  }
}
