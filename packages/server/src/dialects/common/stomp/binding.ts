import type { StompFrame } from '@haina/wire';
import type { DomainError } from '../../../core/errors.ts';
import type { Principal } from '../../../core/model.ts';
import type { Shape } from '../../../hub/fan-out.ts';
import type { SessionEnd } from '../../../hub/sessions.ts';
import type { StompSubscription } from '../../../stomp/handler.ts';
import type { StompSession } from '../../../stomp/session.ts';
import type { RouteOwner } from './route-kinds.ts';
import type { Routes } from './routes.ts';
import type { Target } from './target.ts';

/** How a dialect is bound to STOMP. It has no state: one binding serves all sessions of an endpoint. */
export interface StompBinding {
  /** Name of the dialect, for logs and metrics. */
  readonly dialect: string;
  /** The tenant whose users the endpoint is for, or `ANY_TENANT`. */
  readonly tenant: string;
  /** The body of the ERROR frame that refuses a CONNECT or ends a session; `errorTextOf` where it is absent. */
  errorText?(refusal: DomainError): string;
  /** Looks at a CONNECT once its user is known, before plug-ins are asked; refuses it by throwing. */
  admit(principal: Principal, frame: StompFrame, stomp: StompSession): Admission;
}

/** A client that a dialect lets in. */
export interface Admission {
  /** Reads what the dialect needs of the user, whom nobody has noticed yet; refuses the CONNECT by rejecting. */
  prepare?(principal: Principal): Promise<void> | void;
  /** Called once the session is open. Must not throw. */
  open(session: OpenSession): DialectSession;
}

/** A session that is open, as its dialect may use it. */
export interface OpenSession extends RouteOwner {
  readonly stomp: StompSession;
  readonly routes: Routes;
}

/** What a dialect does in an open session. */
export interface DialectSession {
  /** EPERM for what is another user's, ENOENT for what there is not. */
  parseTarget(destination: string): Target;
  shapeOf(target: Target, subscription: StompSubscription): Shape;
  /** Does what a SEND asks; what resolves is durable. A `Stored` that it resolves with is told in the RECEIPT. */
  execute(destination: string, frame: StompFrame): Promise<unknown>;
  /** @param destination of the frame, as the dialect calls it; the frame has it as the client does */
  tellRefusal(refusal: DomainError, frame: StompFrame, destination: string): void;
  /** Called when a subscription was accepted; what is told to it here comes before everything else. */
  subscribed?(subscription: StompSubscription, target: Target): void;
  /** Called once the session is open; CONNECTED is sent once it resolves. */
  entered?(): Promise<void> | void;
  /** Called before the server ends the session. */
  ending?(reason: Farewell): void;
  /** Called once the session has ended. */
  left?(): void;
}

/** Why the server ends a session that it can still tell so. */
export type Farewell = SessionEnd | 'server-stopping';

/** The text of an ERROR frame in most dialects. */
export function errorTextOf({ code, message }: DomainError): string {
  return code === 'EAUTH' ? 'Unauthorized' : message;
}
