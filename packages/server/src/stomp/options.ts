import type { ServerCommand, StompProtocolError } from '@haina/wire';
import type { StateName } from './state.ts';
import { SYSTEM_TIMERS, type Timers } from './timers.ts';

/** What happens in sessions, for logs and metrics. No call may throw. */
export interface StompEvents {
  transition(sessionId: string, from: StateName, to: StateName): void;
  frameIn(command: string): void;
  frameOut(command: ServerCommand, count: number): void;
  /** A session ends with an ERROR frame. `error.code` is from a closed set. */
  protocolError(sessionId: string, error: StompProtocolError): void;
  /** Something that must not fail did: a bug, or a service that is down. */
  internalError(sessionId: string, error: unknown): void;
}

/** What a session may use. Times are in milliseconds. */
export interface StompSettings {
  /** How often the server can send a heart-beat, and how often it wants one; 0 for never. Applied by STOMP's rules. */
  readonly heartBeat: readonly [sends: number, wants: number];
  /** From the opened connection to CONNECTED. Short, as each open connection costs memory before it is known. */
  readonly connectTimeout: number;
  /** From DISCONNECT to the end of the work in flight; then the session ends with an ERROR instead of a RECEIPT. */
  readonly drainTimeout: number;
  /** Longest frame before CONNECTED, in bytes: a token must fit, nothing else has to. */
  readonly preAuthMaxFrameBytes: number;
  /** Longest frame afterwards, in bytes. */
  readonly maxFrameBytes: number;
  /** Longest command and headers of one frame, in bytes. */
  readonly maxHeaderBytes: number;
  /** Most headers of one frame, not counting repetitions. */
  readonly maxHeaders: number;
  /** One more is refused, and the session goes on. */
  readonly maxSubscriptions: number;
  /** Frames whose work is not finished. At this many the session stops reading, at half of it it goes on. */
  readonly maxInFlight: number;
  /** The same in bytes, counted with what each frame takes in memory. A larger frame alone is carried out. */
  readonly maxInFlightBytes: number;
  /** Deliveries of one subscription that wait for ACK. One more ends the session. */
  readonly maxUnacknowledged: number;
  /** Bytes of a session that wait for ACKs, or for SUBSCRIBEs to be confirmed. More end the session. */
  readonly maxOutstandingBytes: number;
  /** Open transactions. One more ends the session, as do the next two. */
  readonly maxTransactions: number;
  /** Frames held in one transaction. */
  readonly maxTransactionFrames: number;
  /** Bytes held in all transactions of a session, counted with what each frame takes in memory. */
  readonly maxTransactionBytes: number;
  /** The `server` header of CONNECTED; left out where empty. */
  readonly server: string;
}

export const DEFAULT_STOMP_SETTINGS: StompSettings = Object.freeze({
  heartBeat: [10_000, 10_000] as const,
  connectTimeout: 5_000,
  drainTimeout: 5_000,
  preAuthMaxFrameBytes: 16 * 1024,
  maxFrameBytes: 64 * 1024,
  maxHeaderBytes: 16 * 1024,
  maxHeaders: 100,
  maxSubscriptions: 64,
  maxInFlight: 256,
  maxInFlightBytes: 256 * 1024,
  maxUnacknowledged: 1_000,
  maxOutstandingBytes: 4 * 1024 * 1024,
  maxTransactions: 16,
  maxTransactionFrames: 1_000,
  maxTransactionBytes: 1024 * 1024,
  server: 'haina',
});

/** What all sessions of one endpoint share. */
export interface StompContext {
  readonly settings: StompSettings;
  readonly events: StompEvents;
  readonly timers: Timers;
}

export interface StompOptions extends Partial<StompSettings> {
  readonly events?: Partial<StompEvents>;
  readonly timers?: Timers;
}

/** Fills in what is not given. */
export function createStompContext(options: StompOptions = {}): StompContext {
  const { events = {}, timers = SYSTEM_TIMERS, ...given } = options;
  return { settings: { ...DEFAULT_STOMP_SETTINGS, ...given }, events: completeEvents(events), timers };
}

/** The listener may be an instance of a class, so its methods are called on it. */
function completeEvents(given: Partial<StompEvents>): StompEvents {
  return {
    transition: (sessionId, from, to) => given.transition?.(sessionId, from, to),
    frameIn: (command) => given.frameIn?.(command),
    frameOut: (command, count) => given.frameOut?.(command, count),
    protocolError: (sessionId, error) => given.protocolError?.(sessionId, error),
    internalError: (sessionId, error) => given.internalError?.(sessionId, error),
  };
}
