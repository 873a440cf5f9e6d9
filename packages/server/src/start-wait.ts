import { setTimeout } from 'node:timers/promises';

/** Why something can't be used, though it may be in a moment. */
export class NotYet {
  /** In one line, without secrets. */
  readonly reason: string;
  readonly error: unknown;

  constructor(reason: string, error: unknown) {
    this.reason = reason;
    this.error = error;
  }
}

/** What whoever starts lays down about a wait. */
export interface WaitOptions {
  /** How long a server is waited for that is not there yet, in ms; 0: one try. */
  readonly timeout: number;
  /** Told at the first failed try, and every few seconds of further ones. */
  waiting(reason: string): void;
  /** Ends the wait: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Waits for a time in ms. */
  readonly sleep?: (ms: number, value: undefined, options: { signal?: AbortSignal }) => Promise<void>;
}

export interface Wait<T> extends WaitOptions {
  /**
   * Tries once; rejects with what will not pass.
   *
   * @param left time until the wait is over, in ms
   */
  attempt(left: number): Promise<T | NotYet>;
  /** What to reject with once the time is over. */
  gaveUp(last: NotYet): Error;
  /** Lets go of what was opened after the signal. */
  release(opened: T): unknown;
}

const FIRST_PAUSE = 100;
const MAX_PAUSE = 2000;
/** From one word about the wait to the next, in ms. */
const WORD_INTERVAL = 5000;

/** Opens what a start needs, trying again until its time is over. */
export async function waitAtStart<T>(wait: Wait<T>): Promise<T> {
  const { timeout, signal, sleep = setTimeout } = wait;
  const begun = performance.now();
  let spoken = Number.NEGATIVE_INFINITY;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, MAX_PAUSE)) {
    const left = timeout - (performance.now() - begun);
    const opened = await unlessEnded(wait.attempt(left), wait);
    if (!(opened instanceof NotYet)) return opened;
    if (performance.now() - begun + pause >= timeout) throw wait.gaveUp(opened);
    if (performance.now() - spoken >= WORD_INTERVAL) {
      spoken = performance.now();
      wait.waiting(opened.reason);
    }
    await unlessEnded(sleep(pause, undefined, signal ? { signal } : {}), { signal });
  }
}

/** Why a start gave up, in words that follow a server's name. @param timeout that it has waited, in ms */
export function unusableWithin(timeout: number, { reason }: NotYet): string {
  return `can't be used${timeout === 0 ? '' : ` within ${timeout / 1000} s`}: ${reason}`;
}

/** Rejects with the signal's reason once there is one. What a try opens after that is let go of. */
async function unlessEnded<T>(
  trying: Promise<T | NotYet>,
  { signal, release }: { readonly signal?: AbortSignal | undefined; release?(opened: T): unknown },
): Promise<T | NotYet> {
  if (!signal) return trying;
  const ended = Promise.withResolvers<never>();
  const end = (): void => ended.reject(signal.reason);
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    return await Promise.race([ended.promise, trying]);
  } catch (error) {
    if (!signal.aborted) throw error;
    void trying.then((late) => late instanceof NotYet || release?.(late)).catch(() => {});
    throw signal.reason;
  } finally {
    signal.removeEventListener('abort', end);
  }
}
