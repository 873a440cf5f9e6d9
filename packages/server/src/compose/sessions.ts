import type { CustomerWatch } from '../core/desk/customer-watch.ts';
import type { Core } from '../core/index.ts';
import { PresenceLook, type PresenceLookDeps } from '../core/presence-look.ts';
import { Sessions } from '../hub/sessions.ts';
import { MemoryPresence } from '../presence/memory/index.ts';
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
}

/** The live sessions, and who learns that their users come and go. */
export function composeSessions(ground: Ground, { store, core }: SessionParts): LiveParts {
  const { config, clock, timers, log, metrics, teardown } = ground;
  const presence = new MemoryPresence({
    grace: config.presenceGrace,
    clock,
    timers,
    changed(change) {
      customerWatch.changed(change);
      core.presenceNews
        .tell(change)
        .catch((err: unknown) => log.warn({ err }, "a user's coming or going was not told"));
    },
  });
  teardown.defer('presence', () => presence.close());
  const customerWatch = composeCustomerWatch(ground, { core, presence });
  const sessions = new Sessions(config.maxSessionsPerUser, presence);
  metrics.watchQueue('sessions', () => sessions.count);
  return {
    sessions,
    customerWatch,
    presence: new PresenceLook({ store, limits: config, online: presence }),
  };
}
