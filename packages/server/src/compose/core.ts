import { Argon2Hasher } from '../auth/passwords.ts';
import type { Config } from '../config/settings.ts';
import { type Core, type CoreDeps, createCore } from '../core/index.ts';
import type { Limits } from '../core/limits.ts';
import { MemoryAttendance } from '../presence/memory/attendance.ts';
import type { Ground } from './ground.ts';

/** The domain. */
export function composeCore(
  { config, clock, ids, node, log, metrics }: Ground,
  deps: Pick<CoreDeps, 'store' | 'sink' | 'gate'>,
): Core {
  const passwords = new Argon2Hasher();
  metrics.watchQueue('passwords', () => passwords.waiting);
  return createCore({
    ...deps,
    clock,
    ids,
    node,
    passwords,
    limits: limitsOf(config),
    register: new MemoryAttendance(),
    onError: (err) => log.warn({ err }, 'somebody who left a room is still its member'),
    origin: config.eventOrigin,
  });
}

/** Who is in which room; nobody yet. */
export async function composeAttendance(
  { metrics, teardown }: Ground,
  { attendance }: Pick<Core, 'attendance'>,
): Promise<void> {
  metrics.watchQueue('attendance', () => attendance.count);
  teardown.defer('attendance', () => attendance.settled());
  await attendance.start();
}

function limitsOf(config: Config): Limits {
  return {
    ...config,
    roomCreate: config.roomCreate || config.demo,
    // The demo's passwords are its accounts' names.
    minPasswordLength: config.demo ? 1 : config.minPasswordLength,
  };
}
