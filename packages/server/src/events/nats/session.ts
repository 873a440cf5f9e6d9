import type { JetStreamClient } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

/** A connection with NATS, and its streams. */
export interface NatsSession {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
}

/** Most bytes that this server takes as one message, its headers among them. */
export function maxPayloadOf({ connection }: NatsSession): number {
  return connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
}
