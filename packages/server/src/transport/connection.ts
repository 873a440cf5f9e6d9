import type { IncomingHttpHeaders } from 'node:http';
import type { Close } from '@haina/wire';
import type { Batch } from './payload.ts';

/** How the bytes travel. The SockJS names are those of its URLs. */
export type TransportName =
  | 'websocket'
  | 'sockjs-websocket'
  | 'xhr'
  | 'xhr_streaming'
  | 'eventsource'
  | 'htmlfile'
  | 'jsonp';

/** What the client's first HTTP request said. */
export interface ConnectionRequest {
  /** Path of the mount point, without SockJS's own segments and the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Each `Authorization` header that came: Node keeps the first only. */
  readonly authorizations: readonly string[];
  readonly remoteAddress: string;
}

/** Why a connection ended, for logs and metrics. */
export type CloseCause =
  | 'client' // the client closed it, or its socket ended
  | 'server' // the layer above asked for it
  | 'slow-consumer' // more bytes were queued than allowed
  | 'oversized' // one inbound message exceeded the size limit
  | 'protocol' // the client broke RFC 6455 or the SockJS protocol
  | 'timeout' // pings, or a SockJS receiver, stayed away too long
  | 'shutdown'; // the server is stopping

/**
 * A two-way stream of messages with one client, whatever carries it.
 *
 * Writes of one event-loop tick are gathered and reach the socket in one write, in the order given. A connection
 * whose client does not read is closed by the transport once `queuedBytes` exceeds the configured limit.
 */
export interface Connection {
  /** Unique in this process. */
  readonly id: string;
  readonly transport: TransportName;
  readonly request: ConnectionRequest;
  /** The WebSocket subprotocol agreed on, or `''`. */
  readonly subprotocol: string;
  /** False where the transport can carry text only (SockJS). */
  readonly carriesBinary: boolean;
  readonly isOpen: boolean;
  /** Bytes accepted by `write` since the start. */
  readonly enqueuedBytes: number;
  /** Of those, the bytes not yet handed to the operating system; once the connection has ended, those that never were. */
  readonly queuedBytes: number;

  /** Queues messages. Does nothing on a closed connection. */
  write(batch: Batch): void;
  /** Flushes what is queued, then closes with a code and a reason of at most 123 bytes. */
  close(close: Close): void;
  /** Stops, or goes on, reading from the client (back-pressure from above). What was read already still arrives. */
  pause(): void;
  resume(): void;
  /** Stops SockJS's `h` frames, for a protocol that brings its own. WebSocket pings, which no client sees, go on. */
  disableHeartbeat(): void;
}

/** What the layer above does with a connection. No call may throw; one that does costs it the connection. */
export interface ConnectionHandler {
  /** One message of the client: a string from text-only transports, bytes (valid UTF-8 unless `binary`) otherwise. */
  onMessage(data: string | Buffer, binary: boolean): void;
  /**
   * The server is about to close the connection because it stops. What the client sends from here on does not count. A
   * promise is waited for, for a while: it resolves once what the client asked for before is answered. Nothing that is
   * written after that reaches the client.
   */
  onStopping?(): Promise<void> | void;
  /** Called exactly once, after the last message, and never from inside a call to the connection. */
  onClose(cause: CloseCause): void;
}

/** Called for every new connection of a mount point. */
export type ConnectionAcceptor = (connection: Connection) => ConnectionHandler;
