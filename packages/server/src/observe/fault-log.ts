import type { Logger } from 'pino';
import type { Metrics } from './metrics.ts';

/** From one line to the next, in ms: a fan-out that fails for thousands must not fill the log. */
const LINE_INTERVAL = 1000;
/** Clients choose parts of a shape's key. */
const MAX_KEY_LENGTH = 200;

interface Fault {
  readonly stage: string;
  readonly error: unknown;
  /** Types of the events that were lost. */
  readonly events: readonly string[];
  readonly shape?: string;
}

/** Counts the events that one form, session or listener lost, and logs why: at most one line a second. */
export function faultLog(metrics: Metrics, log: Logger, clock: { now(): number }): (fault: Fault) => void {
  let lastLine = Number.NEGATIVE_INFINITY;
  let skipped = 0;
  return ({ stage, error, events, shape }) => {
    for (const event of events) metrics.eventsLost.add(1, stage, event);
    const now = clock.now();
    if (now - lastLine < LINE_INTERVAL) {
      skipped += 1;
      return;
    }
    const line = {
      err: error,
      stage,
      events: events.slice(0, 10),
      shape: shape?.slice(0, MAX_KEY_LENGTH),
      skipped,
    };
    lastLine = now;
    skipped = 0;
    log.error(line, 'an event was lost for one form, session or listener; all others got it');
  };
}
