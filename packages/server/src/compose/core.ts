import { Argon2Hasher } from '../auth/passwords.ts';
import type { Config } from '../config/settings.ts';
import { type Core, type CoreDeps, createCore } from '../core/index.ts';
import type { Limits } from '../core/limits.ts';
import { attendanceOf, type ClusterParts } from './cluster.ts';
import type { Ground } from './ground.ts';

/** The domain. */
export function composeCore(
  { config, clock, ids, node, log, metrics }: Ground,
  {
    cluster,
    ...deps
  }: Pick<CoreDeps, 'store' | 'sink' | 'remoteSink' | 'others' | 'gate'> & {
    readonly cluster: ClusterParts | undefined;
  },
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
    register: attendanceOf(cluster),
    onError: (err) => log.warn({ err }, 'somebody who left a room is still its member'),
    origin: config.eventOrigin,
  });
}

/** Who is in which room; nobody yet through this node. */
export async function composeAttendance(
  { metrics, teardown }: Ground,
  { attendance }: Pick<Core, 'attendance'>,
  cluster: ClusterParts | undefined,
): Promise<void> {
  metrics.watchQueue('attendance', () => attendance.count);
  teardown.defer('attendance', () => attendance.settled());
  await attendance.start(cluster?.lease.isAlone);
}

function limitsOf(config: Config): Limits {
  return {
    ...config,
    roomCreate: config.roomCreate || config.demo,
    // The demo's passwords are its accounts' names.
    minPasswordLength: config.demo ? 1 : config.minPasswordLength,
  };
}
