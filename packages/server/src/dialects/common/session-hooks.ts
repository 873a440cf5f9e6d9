import type { JsonValue, Principal } from '../../core/model.ts';

/** A session as plug-ins know it. */
export interface SessionFacts {
  readonly id: string;
  readonly dialect: string;
  readonly user: Principal;
  /** The client's address. */
  readonly address: string;
}

export interface AddedRequest {
  readonly session: SessionFacts;
  readonly destination: string;
  readonly body: JsonValue;
}

/** A destination that a plug-in added. */
export interface AddedDestination {
  /** Where sessions subscribe to what it has to say. */
  readonly queue: string;
  /** Resolves once it is done. @param reply tells the asking session; JSON */
  handle(request: AddedRequest, reply: (json: string) => void): Promise<void>;
}

/** Where plug-ins have a say in sessions, whatever the dialect. Refusals are `DomainError`s. */
export interface SessionHooks {
  /** Gives the user that the session is to be of, who may have another name or role than its token says. */
  connect(session: SessionFacts): Principal | Promise<Principal>;
  connected(session: SessionFacts): void;
  disconnected(session: SessionFacts): void;
  /** Gives the destination whose messages the subscription is to get. */
  subscribe(session: SessionFacts, destination: string): string | Promise<string>;
  subscribed(session: SessionFacts, destination: string): void;
  /**
   * Asked about whatever a session sends, before it is looked at, in the order it came. Undefined where nobody has a say.
   *
   * @param destination where it was sent to; the command's name in a dialect without destinations
   * @param readBody called only where somebody has a say; null for what is no JSON
   */
  command(
    session: SessionFacts,
    destination: string,
    readBody: () => JsonValue | null,
  ): Promise<void> | undefined;
  /** Undefined where no plug-in added such a destination to the dialect. */
  destination(dialect: string, destination: string): AddedDestination | undefined;
  /** Whether sessions of the dialect may subscribe to what plug-ins tell there. */
  hasQueue(dialect: string, destination: string): boolean;
  hasMessageType(name: string): boolean;
}
