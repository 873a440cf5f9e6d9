import type { Files } from '../core/files.ts';
import type { Core } from '../core/index.ts';
import { NotificationSchedule } from '../core/notification-schedule.ts';
import { Sweep, type SweepDeps } from '../core/sweep.ts';
import type { Ground } from './ground.ts';

/** From one look for what is of no use any more to the next, in ms. */
const SWEEP_INTERVAL = 600_000;
/** Unused files removed at a time. */
const FILE_SWEEP_BATCH = 100;

/** What tells planned notifications; those that fell due while no server ran are told at once. */
export async function composeNotificationSchedule(
  { clock, timers, log, teardown }: Ground,
  { notifications }: Pick<Core, 'notifications'>,
): Promise<void> {
  const schedule = new NotificationSchedule({
    notifications,
    clock,
    timers,
    onError: (err) => log.warn({ err }, 'planned notifications could not be told; trying again'),
  });
  teardown.defer('notification schedule', () => schedule.close());
  await schedule.start();
}

export interface SweptParts {
  readonly files: Pick<Files, 'removeUnused'>;
  readonly core: Pick<Core, 'notifications' | 'guestRetention' | 'remains'>;
}

/** From one look for what other nodes left to the next, in ms. */
const REMAINS_INTERVAL = 60_000;
/** Between two batches, in ms, where there may be any number of them. */
const BATCH_PAUSE = 5;

/** What removes the old, again and again; to be started once the server serves. */
export function composeSweeps(ground: Ground, { files, core }: SweptParts): readonly Sweep[] {
  const remains = composeSweep(ground, 'remains', 'what was deleted', () => core.remains.removeBatch(), {
    interval: REMAINS_INTERVAL,
    pause: BATCH_PAUSE,
  });
  core.remains.whenLeft(() => remains.ask());
  return [
    remains,
    composeSweep(ground, 'files', 'unused files', () => files.removeUnused(FILE_SWEEP_BATCH)),
    composeSweep(ground, 'notifications', 'old notifications', () => core.notifications.removeOld()),
    composeSweep(ground, 'guests', 'what guests left behind', () => core.guestRetention.removeOld(), {
      interval: SWEEP_INTERVAL,
      pause: BATCH_PAUSE,
    }),
  ];
}

/** @param what is removed, for the log */
function composeSweep(
  { clock, timers, log, teardown }: Ground,
  name: string,
  what: string,
  removeBatch: () => Promise<boolean>,
  pace: Pick<SweepDeps, 'interval' | 'pause'> = { interval: SWEEP_INTERVAL },
): Sweep {
  const onError = (err: unknown): void => log.warn({ err }, `${what} could not be removed; trying again`);
  const sweep = new Sweep({ ...pace, removeBatch, clock, timers, onError });
  teardown.defer(`sweep of ${name}`, () => sweep.close());
  return sweep;
}
