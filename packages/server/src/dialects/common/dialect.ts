import type { StompHandlerFactory } from '../../stomp/handler.ts';
import type { ConnectionAcceptor } from '../../transport/connection.ts';

interface DialectInfo {
  readonly name: string;
  /** One line for the home page. */
  readonly summary: string;
  /** Where its endpoints are. */
  readonly paths: readonly string[];
  /** Further paths of the same endpoints, which nobody has to be told. */
  readonly aliases?: readonly string[];
  /** A pattern of what may stand before its paths, as `MountOptions` has it. */
  readonly contextPath?: string;
}

/** A client protocol over STOMP: plain WebSocket at its paths and SockJS below them. */
export interface StompDialect extends DialectInfo {
  readonly openSession: StompHandlerFactory;
}

/** A client protocol of WebSocket messages. */
export interface PlainDialect extends DialectInfo {
  readonly accept: ConnectionAcceptor;
  /** What may wait for a slow reader beside what the configuration allows, in bytes. */
  readonly extraQueuedBytes: number;
}

export type Dialect = StompDialect | PlainDialect;
