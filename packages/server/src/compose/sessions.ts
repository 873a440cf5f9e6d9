import type { CustomerWatch } from '../core/desk/customer-watch.ts';
import type { Core } from '../core/index.ts';
import { PresenceLook, type PresenceLookDeps } from '../core/presence-look.ts';
import { Sessions } from '../hub/sessions.ts';
import { MemoryPresence } from '../presence/memory/index.ts';
import type { Presence, PresenceOptions } from '../presence/presence.ts';
import { SharedPresence } from '../presence/shared/presence.ts';
import { type ClusterParts, sessionPlacesOf } from './cluster.ts';
import { composeCustomerWatch } from './desk.ts';
import type { Ground } from './ground.ts';

export interface LiveParts {
  readonly sessions: Sessions;
  readonly presence: PresenceLook;
  /** To be started once the server serves. */
  readonly customerWatch: CustomerWatch;
}

export interface SessionParts extends Pick<PresenceLookDeps, 'store'> {
  readonly core: Pick<Core, 'desk' | 'presenceNews'>;
  readonly cluster: ClusterParts | undefined;
}

/** The live sessions, and who learns that their users come and go. */
export function composeSessions(ground: Ground, { store, core, cluster }: SessionParts): LiveParts {
  const { config, clock, timers, log, metrics, teardown } = ground;
  const presence = openPresence(cluster, {
    grace: config.presenceGrace,
    clock,
    timers,
    changed: (change) =>
      core.presenceNews
        .tell(change)
        .catch((err: unknown) => log.warn({ err }, "a user's coming or going was not told")),
    changedHere: (user) => customerWatch.changed(user),
  });
  teardown.defer('presence', () => presence.close());
  const customerWatch = composeCustomerWatch(ground, { core, presence });
  const sessions = new Sessions(config.maxSessionsPerUser, presence, cluster && sessionPlacesOf(cluster));
  metrics.watchQueue('sessions', () => sessions.count);
  return {
    sessions,
    customerWatch,
    presence: new PresenceLook({ store, limits: config, online: presence }),
  };
}

function openPresence(cluster: ClusterParts | undefined, options: PresenceOptions): Presence {
  return cluster ? new SharedPresence({ ...options, ...cluster }) : new MemoryPresence(options);
}
