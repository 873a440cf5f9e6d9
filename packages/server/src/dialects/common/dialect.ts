import type { StompHandlerFactory } from '../../stomp/handler.ts';

/** A client protocol over STOMP. */
export interface Dialect {
  readonly name: string;
  /** One line for the home page. */
  readonly summary: string;
  /** Where its endpoints are; each serves plain WebSocket at the path and SockJS below it. */
  readonly paths: readonly string[];
  /** Further paths of the same endpoints, which nobody has to be told. */
  readonly aliases?: readonly string[];
  readonly openSession: StompHandlerFactory;
}
