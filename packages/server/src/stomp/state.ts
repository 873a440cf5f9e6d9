import type { StompFrame } from '@haina/wire';
import type { CloseCause } from '../transport/connection.ts';
import type { ConnectTerms } from './connect.ts';
import type { FrameRunner } from './frame-runner.ts';
import type { HeartBeat } from './heart-beat.ts';
import type { Cancel } from './timers.ts';

/** Where a session is in its life, with what exists only there. */
export type SessionState =
  /** Waits for CONNECT. */
  | { readonly name: 'connecting'; readonly cancelDeadline: Cancel }
  /** The handler looks at the credentials; bytes that follow CONNECT wait. */
  | { readonly name: 'authenticating'; readonly terms: ConnectTerms; readonly cancelDeadline: Cancel }
  | { readonly name: 'active'; readonly runner: FrameRunner; readonly heartBeat: HeartBeat }
  /** DISCONNECT came; work in flight is finished, and still reported. */
  | {
      readonly name: 'draining';
      readonly runner: FrameRunner;
      readonly disconnect: StompFrame;
      readonly cancelDeadline: Cancel;
    }
  /** The last frame is written, and the transport closes. */
  | { readonly name: 'closing' }
  | { readonly name: 'closed'; readonly cause: CloseCause };

export type StateName = SessionState['name'];
export type StateOf<Name extends StateName> = Extract<SessionState, { name: Name }>;

interface Transitions {
  connecting: 'authenticating' | 'closing' | 'closed';
  authenticating: 'active' | 'closing' | 'closed';
  active: 'draining' | 'closing' | 'closed';
  draining: 'closing' | 'closed';
  closing: 'closed';
  closed: never;
}

/** The states that may be left for `To`. */
export type Sources<To extends StateName> = {
  [From in StateName]: To extends Transitions[From] ? From : never;
}[StateName];

/** Told of every transition. */
export type TransitionLog = (from: StateName, to: StateName) => void;

/**
 * The one way from a state to the next. An illegal step does not type-check, nor does one from a state that was not
 * looked at first.
 */
export function transition<To extends StateName>(
  from: StateOf<Sources<To>>,
  to: StateOf<To>,
  log: TransitionLog,
): StateOf<To> {
  log(from.name, to.name);
  return to;
}
