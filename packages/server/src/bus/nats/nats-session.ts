import { type NatsConnection, PermissionViolationError, type Subscription } from '@nats-io/transport-node';
import type { Timers } from '../../core/ports/timers.ts';
import type { BusEvents } from '../bus.ts';
import type { BusSession } from '../linked-bus.ts';
import type { Subjects } from './subjects.ts';

/** Bytes on their way that the server has not confirmed to have read; beyond, nothing is sent. */
const MAX_UNCONFIRMED = 8_388_608;
/** From so many on the server is asked what it has read. */
const ASK_AT = 262_144;
/** What a message has around subject and body, in bytes. */
const FRAME = 32;
/** How long what was published may take to be sent at the end, in ms. */
const CLOSE_TIMEOUT = 1000;

export interface NatsSessionDeps {
  readonly subjects: Subjects;
  readonly events: Pick<BusEvents, 'received' | 'troubled'>;
  readonly timers: Timers;
  /** Longest body, where the server does not want shorter ones. */
  readonly maxBytes: number;
}

/**
 * One connection with NATS. The library keeps whatever a slow server does not take: so what goes out is counted until the
 * server has answered a ping behind it.
 */
export class NatsSession implements BusSession {
  readonly ended: Promise<string>;
  readonly #connection: NatsConnection;
  readonly #deps: NatsSessionDeps;
  readonly #subscriptions = new Map<string, Subscription>();
  #unconfirmed = 0;
  #isAsking = false;
  #settling: Promise<void> | undefined;
  #lostBy: string | undefined;
  #hasTroubles = false;
  /** Told of troubles while it is found out what is allowed. */
  #onTrouble: ((reason: string) => void) | undefined;
  /** Ends waits for answers, of which none comes once the connection is over. */
  readonly #waiting = new Set<() => void>();

  constructor(connection: NatsConnection, deps: NatsSessionDeps) {
    this.#connection = connection;
    this.#deps = deps;
    this.ended = connection
      .closed()
      .then((error) => this.#lostBy ?? (error ? error.message : 'the server closed the connection'));
    void this.ended.then(() => {
      for (const end of this.#waiting) end();
    });
    void this.#watch();
  }

  get maxBytes(): number {
    return Math.min(this.#deps.maxBytes, this.#connection.info?.max_payload ?? Number.POSITIVE_INFINITY);
  }

  publish(channel: string, body: Uint8Array): boolean {
    const subject = this.#deps.subjects.to(channel);
    const size = subject.length + body.length + FRAME;
    if (this.#unconfirmed + size > MAX_UNCONFIRMED) return false;
    try {
      this.#connection.publish(subject, body);
    } catch {
      return false;
    }
    this.#unconfirmed += size;
    if (this.#unconfirmed >= ASK_AT && !this.#isAsking) void this.#ask();
    return true;
  }

  listen(channel: string): void {
    if (this.#subscriptions.has(channel) || this.#connection.isClosed()) return;
    const { subjects } = this.#deps;
    const subscription = this.#connection.subscribe(subjects.of(channel), {
      callback: (error, { subject, data }) => {
        if (!error) this.#received(subject, data);
      },
    });
    this.#subscriptions.set(channel, subscription);
  }

  ignore(channel: string): void {
    this.#subscriptions.get(channel)?.unsubscribe();
    this.#subscriptions.delete(channel);
  }

  /** Resolves once the server has read everything so far, or is gone; whoever asks in one turn is told by one answer. */
  settled(): Promise<void> {
    this.#settling ??= Promise.resolve().then(() => {
      this.#settling = undefined;
      return this.#flush();
    });
    return this.#settling;
  }

  /** What the server says where it does not let us publish or subscribe; undefined where it does. */
  async forbidden(): Promise<string | undefined> {
    let refused: string | undefined;
    this.#onTrouble = (reason) => {
      refused ??= reason;
    };
    const { subjects } = this.#deps;
    this.#connection.publish(subjects.to('check'));
    const subscription = this.#connection.subscribe(subjects.of('check'), { callback: () => {} });
    await this.#flush();
    subscription.unsubscribe();
    this.#onTrouble = undefined;
    return refused;
  }
  async close(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const cancel = this.#deps.timers.after(CLOSE_TIMEOUT, late.resolve);
    await Promise.race([this.#flush(), late.promise]);
    cancel();
    await this.#connection.close();
  }

  #received(subject: string, body: Uint8Array): void {
    const { subjects, events } = this.#deps;
    const [channel, from] = subjects.parse(subject);
    // What a lost connection of ours sent late may come back to the next one.
    if (from !== subjects.node) events.received(channel, body, from);
  }

  /** Resolves once the server has read everything so far, or is gone. */
  async #flush(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    this.#connection.flush().then(resolve, resolve);
    if (this.#connection.isClosed()) resolve();
    await promise;
    this.#waiting.delete(resolve);
  }

  /** Counts what the server has read. */
  async #ask(): Promise<void> {
    this.#isAsking = true;
    while (this.#unconfirmed >= ASK_AT && !this.#connection.isClosed()) {
      const asked = this.#unconfirmed;
      await this.#flush();
      this.#unconfirmed -= asked;
    }
    this.#isAsking = false;
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === 'staleConnection') {
        this.#lostBy = 'the server does not answer';
        // The library waits until the server has taken what was sent, which it never will.
        void this.#connection.close();
      } else if (status.type === 'error') this.#troubled(status.error);
    }
  }

  /** Told once a session: a forbidden subject would be told of with every message. */
  #troubled(error: Error): void {
    if (this.#onTrouble) this.#onTrouble(error.message);
    else if (error instanceof PermissionViolationError && !this.#hasTroubles) {
      this.#hasTroubles = true;
      this.#deps.events.troubled(error.message);
    }
  }
}
