import type { Logger } from 'pino';
import type { Authenticator } from '../../auth/authenticator.ts';
import type { Core } from '../../core/index.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Timers } from '../../core/ports/timers.ts';
import type { PresenceLook } from '../../core/presence-look.ts';
import type { Deliveries } from '../../hub/deliveries.ts';
import type { Hub } from '../../hub/hub.ts';
import type { Sessions } from '../../hub/sessions.ts';
import type { Metrics } from '../../observe/metrics.ts';
import type { DestinationMap } from './destination-map.ts';
import type { SessionHooks } from './session-hooks.ts';

/** What the composition root hands to every dialect. */
export interface DialectServices {
  readonly core: Core;
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly deliveries: Deliveries;
  readonly presence: PresenceLook;
  readonly authenticator: Authenticator;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Resolves once all that other nodes have done is known here; undefined where there are none now, absent where there never are. */
  caughtUp?(): Promise<void> | undefined;
  /** Absent where no plug-in is configured. */
  readonly plugins?: SessionHooks;
  /** Absent where no destination has another name. */
  readonly destinations?: DestinationMap;
}
