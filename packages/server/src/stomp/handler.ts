import type { StompFrame, StompHeaderEntries, StompVersion } from '@haina/wire';
import type { CloseCause } from '../transport/connection.ts';
import type { Batch } from '../transport/payload.ts';
import type { StompSession } from './session.ts';

/** STOMP 1.2, "SUBSCRIBE ack Header". */
export type AckMode = 'auto' | 'client' | 'client-individual';

/** One subscription of a session. `id` is the destination itself where a 1.0 client gave none. */
export interface StompSubscription {
  readonly id: string;
  readonly destination: string;
  readonly ack: AckMode;
  /** The SUBSCRIBE frame's headers, first occurrence of each name. */
  readonly headers: ReadonlyMap<string, string>;
  /** True where a 1.0 client gave no id, so that MESSAGE frames must not carry a `subscription` header. */
  readonly anonymous: boolean;
  /** Deliveries that may still be made before the client has to acknowledge some; infinite under `ack:auto`. */
  readonly room: number;

  /**
   * Writes MESSAGE frames, encoded already, possibly for others too; or holds them back while the SUBSCRIBE is not
   * confirmed, so that its RECEIPT goes first.
   *
   * @param tracked what the client is to acknowledge; ignored under `ack:auto`
   * @returns whether they were taken: not where the subscription or its session has ended
   */
  deliver(batch: Batch, tracked?: readonly TrackedDelivery[]): boolean;
}

/** A MESSAGE as its receiver will acknowledge it. `token` is the upper layer's own and opaque here. */
export interface TrackedDelivery {
  /** The MESSAGE's `message-id` (1.0 and 1.1 acknowledge by it). */
  readonly messageId: string;
  /** The MESSAGE's `ack` header (1.2 acknowledges by it). */
  readonly ackId: string;
  readonly token: unknown;
}

/** What CONNECTED tells beside version, heart-beat and session. */
export interface ConnectedInfo {
  readonly userName: string;
}

/** Headers of a SEND's RECEIPT beside `receipt-id`, as they are: they are escaped where they are written. */
export type SendOutcome = StompHeaderEntries | undefined;

/**
 * A dialect's side of one STOMP session. Calls come in the order of the client's frames; a promise returned by one
 * does not hold back the next, except that DISCONNECT, and the closing RECEIPT, wait for all of them.
 *
 * A `StompProtocolError` thrown (or rejected with) ends the session with an ERROR frame. Any other error is an
 * application-level refusal: it is handed to `refuse`, no RECEIPT is sent, and the session goes on.
 */
export interface StompHandler {
  /** Authenticates. Rejecting, with anything, ends the session with an ERROR frame. */
  connect(frame: StompFrame, version: StompVersion): Promise<ConnectedInfo>;
  /** Does what the frame asks. The headers that it resolves with stand in the frame's RECEIPT, if it asked one. */
  send(frame: StompFrame): SendOutcome | Promise<SendOutcome>;
  subscribe(subscription: StompSubscription): void | Promise<void>;
  /**
   * Called for each subscription that was accepted and then ended by the client. Where the client, or the end of the
   * session, was faster than `subscribe`, it is called once `subscribe` has resolved, then also after `closed`.
   */
  unsubscribe(subscription: StompSubscription): void;
  /** Deliveries the client acknowledged, in the order they were delivered. */
  acknowledged(tokens: readonly unknown[]): void;
  /** Resolves once all that was acknowledged is stored; rejects where it could not be. */
  stored?(): Promise<void>;
  /** Deliveries the client refused by NACK. */
  rejected(tokens: readonly unknown[]): void;
  /**
   * Reports an application-level refusal of `frame` (a SEND, SUBSCRIBE or COMMIT) to the client: what the handler
   * threw, a `StompLimitError` or a `StompTransactionError`. Not called once the session has ended. Must not throw.
   */
  refuse(error: unknown, frame: StompFrame): void;
  /** The server ends the session because it stops, and all that was in flight is done. What is written here still goes out. */
  stopping?(): void;
  /** Called exactly once, also when `connect` never was or failed. Unacknowledged deliveries are simply forgotten. */
  closed(cause: CloseCause): void;
}

/** Makes the handler of a new session. */
export type StompHandlerFactory = (session: StompSession) => StompHandler;
