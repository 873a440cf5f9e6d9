import type { Config } from '../config/settings.ts';
import type { Clock, IdSource } from '../core/ports/clock.ts';
import type { Timers } from '../core/ports/timers.ts';
import type { Logger } from '../observe/logger.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Teardown } from '../teardown.ts';

/** Where the server's time comes from. */
export interface Runtime {
  readonly clock: Clock;
  readonly timers: Timers;
}

/** What every part stands on. */
export interface Ground extends Runtime {
  readonly config: Config;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Undoes what was done so far, in reverse order: for a start that fails as for a stop. */
  readonly teardown: Teardown;
  /** This server's name among those that share a store. */
  readonly node: string;
  /** Ends a start that waits for something. */
  readonly startSignal?: AbortSignal;
}
