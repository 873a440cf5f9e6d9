import type { StompFrame, StompVersion } from '@haina/wire';
import type { CloseCause } from '../../transport/connection.ts';
import type { ConnectedInfo, SendOutcome, StompHandler, StompSubscription } from '../handler.ts';

/** A dialect that does what the test tells it, and remembers what it was told. */
export class RecordingHandler implements StompHandler {
  readonly sent: StompFrame[] = [];
  readonly subscribed: StompSubscription[] = [];
  readonly unsubscribed: StompSubscription[] = [];
  readonly acks: (readonly unknown[])[] = [];
  readonly nacks: (readonly unknown[])[] = [];
  readonly refusals: { readonly error: unknown; readonly frame: StompFrame }[] = [];
  readonly closings: CloseCause[] = [];
  onStopping: () => void = () => {};
  connectFrame: StompFrame | undefined;
  connectVersion: StompVersion | undefined;

  onConnect: () => Promise<ConnectedInfo> = async () => ({ userName: 'joe' });
  onSend: (frame: StompFrame) => void | Promise<void> = () => {};
  /** Headers for the RECEIPT of each SEND. */
  receiptHeaders: SendOutcome;
  onSubscribe: (subscription: StompSubscription) => void | Promise<void> = () => {};
  onRefuse: () => void = () => {};
  /** What an ACK waits for that asks a RECEIPT; nothing where absent. */
  stored?: () => Promise<void>;

  connect(frame: StompFrame, version: StompVersion): Promise<ConnectedInfo> {
    this.connectFrame = frame;
    this.connectVersion = version;
    return this.onConnect();
  }

  send(frame: StompFrame): SendOutcome | Promise<SendOutcome> {
    this.sent.push(frame);
    const work = this.onSend(frame);
    return work instanceof Promise ? work.then(() => this.receiptHeaders) : this.receiptHeaders;
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

  stopping(): void {
    this.onStopping();
  }

  closed(cause: CloseCause): void {
    this.closings.push(cause);
  }

  /** The bodies of what was sent, in order. */
  get bodies(): string[] {
    return this.sent.map(({ body }) => Buffer.from(body).toString());
  }
}
