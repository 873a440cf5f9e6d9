import { isUtf8 } from 'node:buffer';
import {
  encodeFrame,
  encodeMessage,
  type ServerCommand,
  type StompHeaderEntries,
  type StompProtocolError,
  type StompVersion,
} from '@haina/wire';
import type { Connection } from '../transport/connection.ts';
import { Batch, Payload } from '../transport/payload.ts';
import type { StompSubscription } from './handler.ts';
import type { StompEvents } from './options.ts';

const allocate = (length: number): Buffer => Buffer.allocUnsafe(length);

/** A message as one subscription will see it. */
export interface OutgoingMessage {
  readonly messageId: string;
  /** Where the message was published; the subscription's own destination by default. */
  readonly destination?: string;
  /** Needed under the ack modes `client` and `client-individual` of 1.2. Unique in the session while unacknowledged. */
  readonly ackId?: string;
  readonly contentType?: string;
  /** The sender's own headers. */
  readonly headers?: StompHeaderEntries;
  readonly body: Uint8Array;
}

/**
 * Encodes a MESSAGE for every subscription that shares `id`, `destination`, `anonymous` and the version.
 *
 * A frame that is not valid UTF-8 becomes a binary WebSocket message, since a text one would break the connection.
 * Only transports that carry binary may be given such a payload.
 */
export function messagePayload(
  message: OutgoingMessage,
  subscription: Pick<StompSubscription, 'id' | 'destination' | 'anonymous'>,
  version: StompVersion,
): Payload {
  const frame = encodeMessage(
    {
      destination: message.destination ?? subscription.destination,
      subscriptionId: subscription.anonymous ? undefined : subscription.id,
      messageId: message.messageId,
      ackId: version === '1.2' ? message.ackId : undefined,
      contentType: message.contentType,
      headers: message.headers ?? [],
      body: message.body,
    },
    version,
    allocate,
  );
  return new Payload(frame, !isUtf8(message.body));
}

/** The frames that one session writes, but the MESSAGEs of its subscriptions. */
export class Output {
  /** The newest version until another is agreed on, as for the decoder. */
  version: StompVersion = '1.2';
  readonly #connection: Connection;
  readonly #events: StompEvents;

  constructor(connection: Connection, events: StompEvents) {
    this.#connection = connection;
    this.#events = events;
  }

  connected(headers: StompHeaderEntries): void {
    this.#frame('CONNECTED', headers);
  }

  receipt(receiptId: string, headers: StompHeaderEntries = []): void {
    this.#frame('RECEIPT', [['receipt-id', receiptId], ...headers]);
  }

  error(error: StompProtocolError, receiptId: string | undefined): void {
    const headers = Object.entries(error.headers);
    headers.push(['message', error.message]);
    if (receiptId !== undefined) headers.push(['receipt-id', receiptId]);
    headers.push(['content-type', 'text/plain']);
    this.#frame('ERROR', headers, error.detail);
  }

  #frame(command: ServerCommand, headers: StompHeaderEntries, body = ''): void {
    this.#connection.write(
      Batch.of(new Payload(encodeFrame(command, headers, body, this.version, allocate))),
    );
    this.#events.frameOut(command, 1);
  }
}
