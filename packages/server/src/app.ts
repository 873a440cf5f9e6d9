import type { Ground, Runtime } from './compose/ground.ts';
import { compose, type Served } from './compose/index.ts';
import { nodeName } from './config/node-name.ts';
import type { Config } from './config/settings.ts';
import { createIdSource } from './ids.ts';
import { standardError } from './observe/log-sink.ts';
import { createLogger, type Logger } from './observe/logger.ts';
import { Metrics } from './observe/metrics.ts';
import { SYSTEM_TIMERS } from './stomp/timers.ts';
import { Teardown } from './teardown.ts';

export type { Runtime } from './compose/ground.ts';

const SYSTEM: Runtime = { clock: { now: () => Date.now() }, timers: SYSTEM_TIMERS };

/** Time of a stop beyond what it gives the clients, in ms: below the ten seconds after which container runtimes kill. */
const STOP_TIME = 7000;

/** A server that listens. */
export interface RunningServer extends Served {
  /**
   * Lets the clients go, over `drainTime` or until told to hurry, stores what is left, lets go of everything; rejects with
   * what could not be done.
   */
  stop(): Promise<void>;
}

/**
 * Throws `StartError`, `DataDirInUse`, or the operating system's error (EADDRINUSE, EACCES) where it can't start; nothing
 * is left of it then.
 *
 * @param signal ends a start that waits for something, which rejects with the signal's reason then
 */
export async function startServer(
  config: Config,
  runtime = SYSTEM,
  log?: Logger,
  signal?: AbortSignal,
): Promise<RunningServer> {
  const ground = {
    ...groundOf(config, runtime, log ?? (await createLogger(config))),
    ...(signal && { startSignal: signal }),
  };
  const { teardown } = ground;
  try {
    const served = await compose(ground);
    return { ...served, stop: () => stop(teardown) };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

function groundOf(config: Config, { clock, timers }: Runtime, log: Logger): Ground {
  const metrics = new Metrics();
  metrics.watchProcess();
  metrics.watchLog(standardError());
  const teardown = new Teardown(log, STOP_TIME);
  return {
    config,
    clock,
    timers,
    ids: createIdSource(clock),
    log,
    metrics,
    teardown,
    node: nodeName(config),
  };
}

async function stop(teardown: Teardown): Promise<void> {
  const failed = await teardown.run();
  if (failed.length > 0) throw new Error(`these steps of the stop failed: ${failed.join(', ')}`);
}
