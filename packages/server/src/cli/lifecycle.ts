import type { Logger } from '../observe/logger.ts';

export interface StopOptions {
  /**
   * Time in which further signals are part of the one before, in ms: a terminal's Ctrl-C reaches this process and those that
   * started it, which pass it on.
   */
  readonly sameWishMs?: number;
  /** How long a stop may take, in ms. */
  readonly timeoutMs?: number;
  /** Ends what the stop waits for of its own accord; false where it waits for nothing. */
  hurry?(): boolean;
}

/**
 * Stops cleanly at the first signal. A later one ends the waiting for the clients; where there is none, it ends the process
 * as it is, and so does a stop that takes too long.
 */
export function stopOnSignals(
  stop: () => Promise<void>,
  log: Logger,
  { sameWishMs = 1000, timeoutMs = 10_000, hurry = () => false }: StopOptions = {},
): void {
  let askedAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const before = askedAt;
    if (before !== undefined && performance.now() - before <= sameWishMs) return;
    askedAt = performance.now();
    if (before === undefined) {
      log.debug({ signal }, 'stopping');
      setTimeout(() => exitNow(`not stopped after ${timeoutMs / 1000} s: giving up`), timeoutMs).unref();
      stop().then(() => process.exit(0), failToStop);
    } else if (!hurry()) {
      exitNow(`${signal} again: not waiting any longer`);
    }
  };
  const failToStop = (error: unknown): void => {
    log.fatal({ err: error }, 'stopping failed');
    process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}

/** How often to look whether npm's shell is still there, in ms. */
const PARENT_CHECK = 100;

/**
 * Ends at once when the process that started this one is gone, where nobody else would end it: the wrapper, which holds
 * a channel, or the shell of an npm script, which passes no signal on.
 */
export function endWithParent(): void {
  if (process.channel) process.on('disconnect', () => process.exit(0));
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(0);
  }, PARENT_CHECK).unref();
}

/** A bug must be seen, and must not go on with a state that nobody thought of. What was confirmed is on the disk. */
export function endOnBugs(log: Logger): void {
  const end = (error: unknown): void => {
    log.fatal({ err: error }, 'a bug ended the server; please report it');
    process.exit(1);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}

/** Whoever reads our output may go away; the server stays. */
export function surviveClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

function exitNow(reason: string): never {
  console.error(`haina: ${reason}`);
  process.exit(1);
}
