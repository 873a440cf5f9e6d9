import type { Shape } from '../../hub/fan-out.ts';
import type { ReplayTarget } from '../../hub/replay.ts';
import type { StompSubscription } from '../../stomp/handler.ts';
import type { Connection } from '../../transport/connection.ts';
import type { Outlet } from './session-outlet.ts';

/** A replay goes on when fewer bytes than this are queued. */
const LOW_WATER = 65_536;
/** How often a queue that is full is looked at, in ms. */
const POLL_INTERVAL = 10;

/** Unacknowledged deliveries that a replay leaves room for: its verdict, and live messages after it. */
export const RESERVED_ROOM = 200;

export interface ReplayGoal {
  readonly subscription: StompSubscription;
  /** Looked at again for each page, as it may change meanwhile. */
  readonly shape: Shape;
  readonly outlet: Outlet;
}

/** Subscriptions of one session as the goal of a replay. */
export function replayTarget(connection: Connection, goals: readonly ReplayGoal[]): ReplayTarget {
  return {
    outlets: goals.map((goal) => ({
      get shape() {
        return goal.shape;
      },
      deliver: (fanOut) => goal.outlet.deliver(fanOut),
    })),
    get room() {
      return Math.min(...goals.map(({ subscription }) => subscription.room)) - RESERVED_ROOM;
    },
    get isOpen() {
      return connection.isOpen;
    },
    drained: () => drained(connection),
  };
}

/** Resolves when most of what was written to a connection is with the operating system, or it is closed. */
export async function drained(connection: Connection): Promise<void> {
  while (connection.isOpen && connection.queuedBytes > LOW_WATER) {
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
  }
}
