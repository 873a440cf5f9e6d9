import { type ImError, type ImMessage, ImMessageStatus, type StompFrame } from '@haina/wire';
import type { DomainError } from '../../core/errors.ts';
import type { StompSubscription } from '../../stomp/handler.ts';
import { headerOf } from '../common/credentials.ts';
import type { OpenSession } from '../common/stomp/binding.ts';
import { sendBody, sendJson } from '../common/stomp-shape.ts';
import { isImDestination } from './commands.ts';
import { encode, encodingOf, mediaTypeOf, requireEncoding } from './encoding.ts';
import { renderAttempt } from './render.ts';
import { type ImEncoding, isMessage, peekMessageId } from './schemas.ts';
import { type Addressee, renderAuthRefusal, renderRefusal } from './system.ts';

/** What a client said of itself with its CONNECT. */
export interface ImClient {
  /** What it reads where a subscription asks for nothing else. */
  readonly encoding: ImEncoding;
  readonly deviceId: string;
}

/** What is written to one session alone, in the encoding of each of its subscriptions. */
export class Answers {
  readonly #session: OpenSession;
  readonly #client: ImClient;

  constructor(session: OpenSession, client: ImClient) {
    this.#session = session;
    this.#client = client;
  }

  /** The session as the addressee of what is written now. */
  get addressee(): Addressee {
    const { services, chat } = this.#session;
    return {
      userId: chat.principal.userId,
      deviceId: this.#client.deviceId,
      now: services.clock.now(),
    };
  }

  /** EINVAL for protobuf where only text can travel. */
  encodingOf({ headers }: StompSubscription): ImEncoding {
    const { connection } = this.#session.stomp;
    return requireEncoding(connection, headerOf(headers, 'accept'), this.#client.encoding);
  }

  tell(subscription: StompSubscription, message: ImMessage): void {
    const encoding = this.encodingOf(subscription);
    sendBody(this.#session.stomp, subscription, encode(message, encoding), mediaTypeOf(encoding));
  }

  tellAll(name: 'status' | 'events' | 'heartbeat' | 'auth', message: ImMessage): void {
    for (const subscription of this.#session.routes.named(name)) this.tell(subscription, message);
  }

  /** At the events, and at the queue where clients of the field wait for it. */
  answer(name: 'heartbeat' | 'auth', message: ImMessage): void {
    this.tellAll('events', message);
    this.tellAll(name, message);
  }

  /** Tells how a message that is not stored yet fares. */
  tellAttempt(status: ImMessageStatus, clientMessageId: string, reason = ''): void {
    const { userId: senderId, deviceId, now: at } = this.addressee;
    this.tellAll('status', renderAttempt(status, { senderId, deviceId, clientMessageId, at }, reason));
  }

  /** Tells it at the errors, and wherever else the client waits for what became of the frame. */
  refuse({ code, message }: DomainError, { headers, body }: StompFrame, destination: string): void {
    const written = headers.get('destination') ?? '';
    const encoding = encodingOf(headers.get('content-type')) ?? 'json';
    const messageId = isImDestination(destination) ? peekMessageId(destination, body, encoding) : null;
    this.#tellError({ code, message, destination: written, messageId });
    if (destination === '/app/auth')
      this.tellAll('auth', renderAuthRefusal(this.addressee, { code, message }));
    // A conflict is about another message under the same id, which has not failed.
    if (isMessage(destination) && messageId !== null && code !== 'ECONFLICT')
      this.tellAttempt(ImMessageStatus.MESSAGE_FAILED, messageId, message);
  }

  /** Plain JSON where JSON is read; who reads protobuf only finds the same inside an envelope. */
  #tellError(error: ImError): void {
    const { stomp, routes } = this.#session;
    for (const subscription of routes.named('errors')) {
      if (this.encodingOf(subscription) === 'json') sendJson(stomp, subscription, error);
      else this.tell(subscription, renderRefusal(this.addressee, error));
    }
  }
}
