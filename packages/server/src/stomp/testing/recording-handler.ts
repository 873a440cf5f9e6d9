import type { StompFrame, StompVersion } from '@haina/wire';
import type { CloseCause } from '../../transport/connection.ts';
import type { ConnectedInfo, StompHandler, StompSubscription } from '../handler.ts';

/** A dialect that does what the test tells it, and remembers what it was told. */
export class RecordingHandler implements StompHandler {
  readonly sent: StompFrame[] = [];
  readonly subscribed: StompSubscription[] = [];
  readonly unsubscribed: StompSubscription[] = [];
  readonly acks: (readonly unknown[])[] = [];
  readonly nacks: (readonly unknown[])[] = [];
  readonly refusals: { readonly error: unknown; readonly frame: StompFrame }[] = [];
  readonly closings: CloseCause[] = [];
  connectFrame: StompFrame | undefined;
  connectVersion: StompVersion | undefined;

  onConnect: () => Promise<ConnectedInfo> = async () => ({ userName: 'joe' });
  onSend: (frame: StompFrame) => void | Promise<void> = () => {};
  onSubscribe: (subscription: StompSubscription) => void | Promise<void> = () => {};
  onRefuse: () => void = () => {};

  connect(frame: StompFrame, version: StompVersion): Promise<ConnectedInfo> {
    this.connectFrame = frame;
    this.connectVersion = version;
    return this.onConnect();
  }

  send(frame: StompFrame): void | Promise<void> {
    this.sent.push(frame);
    return this.onSend(frame);
  }

  subscribe(subscription: StompSubscription): void | Promise<void> {
    this.subscribed.push(subscription);
    return this.onSubscribe(subscription);
  }

  unsubscribe(subscription: StompSubscription): void {
    this.unsubscribed.push(subscription);
  }

  acknowledged(tokens: readonly unknown[]): void {
    this.acks.push(tokens);
  }

  rejected(tokens: readonly unknown[]): void {
    this.nacks.push(tokens);
  }

  refuse(error: unknown, frame: StompFrame): void {
    this.refusals.push({ error, frame });
    this.onRefuse();
  }

  closed(cause: CloseCause): void {
    this.closings.push(cause);
  }

  /** The bodies of what was sent, in order. */
  get bodies(): string[] {
    return this.sent.map(({ body }) => Buffer.from(body).toString());
  }
}
