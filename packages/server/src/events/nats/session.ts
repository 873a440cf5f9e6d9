import { JetStreamApiError, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import {
  type MsgHdrs,
  type NatsConnection,
  PermissionViolationError,
  RequestError,
} from '@nats-io/transport-node';

/** A connection with NATS, and its streams. */
export interface NatsSession {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  /** The stream that has what is published to a subject, as it was when the session began. */
  streamOf(subject: string): string | undefined;
}

/** The first line of headers and the empty one after them, in bytes. */
const HEADER_FRAME = 'NATS/1.0\r\n\r\n'.length;
/** What a line of headers has beside name and value, in bytes. */
const LINE_FRAME = ': \r\n'.length;
/** Status codes of JetStream from here on tell of the server's own trouble, which passes. */
const SERVER_TROUBLE = 500;

/** Most bytes that this server takes as one message, its headers among them. */
export function maxPayloadOf({ connection }: NatsSession): number {
  return connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
}

/** What headers take of a message, in bytes. */
export function sizeOf(headers: MsgHdrs): number {
  const lines = headers.keys().flatMap((name) => headers.values(name).map((value) => [name, value]));
  return lines.reduce((sum, [name = '', value = '']) => {
    return sum + Buffer.byteLength(name) + Buffer.byteLength(value) + LINE_FRAME;
  }, HEADER_FRAME);
}

/** Whether NATS answered that it will not take this message, now or later. */
export function isRefusal(error: unknown): error is Error {
  const cause = error instanceof RequestError ? error.cause : error;
  if (cause instanceof PermissionViolationError) return cause.operation === 'publish';
  return error instanceof JetStreamApiError && error.status < SERVER_TROUBLE;
}
