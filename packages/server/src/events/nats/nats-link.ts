import { type ConsumerMessages, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import type { Delivery, DeliveryOutcome } from '../../core/ports/event-store.ts';
import type { Cancel, Timers } from '../../core/ports/timers.ts';
import { type NatsInbox, ORIGIN_HEADER } from './inbox.ts';
import { connectionOptions, type NatsOptions } from './options.ts';
import { maxPayloadOf, type NatsSession } from './session.ts';
import { type ConsumerName, ensureConsumers } from './streams.ts';

/** Waits between attempts to connect, in ms: the first, doubled up to the longest. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** Events taken ahead. */
const PREFETCH = 100;
/** How long the server keeps a request for events, in ms: one of a node that died may swallow what it was sent until then. */
const PULL_EXPIRES = 5000;
/** Room for headers and subject in what NATS takes as one message, in bytes. */
const HEADROOM = 1024;

export interface NatsLinkDeps {
  readonly options: NatsOptions;
  readonly inbox: Pick<NatsInbox, 'take'>;
  readonly timers: Timers;
  /** How long after the start events are left in the stream, in ms: who is to be told must come back first. */
  readonly startDelay: number;
  /** Of this deployment. */
  readonly origin: string;
  /** Events can be published from now on. */
  up(): void;
  /** The link is down, for this reason; it is tried again. Not told of the further attempts that fail. */
  down(error: unknown): void;
}

/**
 * The link to NATS: comes up whenever the server can be reached, makes what is missing of streams and consumers, feeds the
 * inbox, publishes. Whatever goes wrong ends the session, and another one starts from the beginning.
 */
export class NatsLink {
  readonly #deps: NatsLinkDeps;
  #session: NatsSession | undefined;
  #consuming: ConsumerMessages[] = [];
  #running = Promise.resolve();
  #mayConsume = Promise.resolve();
  #endDelay = () => {};
  #endPause = () => {};
  #failures = 0;
  #isClosed = false;

  constructor(deps: NatsLinkDeps) {
    this.#deps = deps;
  }

  /** Starts trying; does not wait for the server. */
  start(): void {
    const { timers, startDelay } = this.#deps;
    this.#mayConsume = new Promise((resolve) => {
      const cancel = timers.after(startDelay, resolve);
      this.#endDelay = () => {
        cancel();
        resolve();
      };
    });
    this.#running = this.#run();
  }

  get isUp(): boolean {
    return this.#session !== undefined;
  }

  /** Publishes in their order. Throws where none could be published. */
  async publish(deliveries: readonly Delivery[]): Promise<DeliveryOutcome[]> {
    const session = this.#session;
    if (!session) throw new Error('there is no link to NATS');
    const tries = deliveries.map((delivery) => this.#publish(session, delivery));
    const settled = await Promise.allSettled(tries);
    const outcomes = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const [failed] = settled.filter((one) => one.status === 'rejected');
    if (outcomes.length === 0 && failed) throw failed.reason;
    return outcomes;
  }

  /** Lets what was taken be acknowledged, and ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endDelay();
    this.#endPause();
    this.#stopConsuming();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#serve();
      } catch (error) {
        if (this.#isClosed) return;
        if (this.#failures === 0) this.#deps.down(error);
        this.#failures++;
        await this.#pause();
      }
    }
  }

  /** One session; ends by throwing, unless the link is closed. */
  async #serve(): Promise<void> {
    const { options, up } = this.#deps;
    const connection = await connect(connectionOptions(options));
    try {
      const consumers = await ensureConsumers(await jetstreamManager(connection), options);
      if (this.#isClosed) return;
      const session = { connection, jetstream: jetstream(connection) };
      this.#session = session;
      this.#failures = 0;
      up();
      await Promise.race([this.#consumeAll(session, consumers), lost(connection)]);
      await connection.flush();
    } finally {
      this.#session = undefined;
      this.#stopConsuming();
      await connection.close();
    }
  }

  async #consumeAll(session: NatsSession, consumers: readonly ConsumerName[]): Promise<void> {
    await this.#mayConsume;
    await Promise.all(consumers.map((consumer) => this.#consume(session, consumer)));
    if (!this.#isClosed) throw new Error('the consumers of NATS have ended');
  }

  #stopConsuming(): void {
    for (const messages of this.#consuming) void messages.close();
    this.#consuming = [];
  }

  async #consume(session: NatsSession, { stream, consumer }: ConsumerName): Promise<void> {
    const found = await session.jetstream.consumers.get(stream, consumer);
    const messages = await found.consume({
      max_messages: PREFETCH,
      expires: PULL_EXPIRES,
      abort_on_missing_resource: true,
    });
    this.#consuming.push(messages);
    if (this.#isClosed) void messages.close();
    for await (const message of messages) {
      // What is left when the link closes comes again at once, to this node or another.
      if (this.#isClosed) message.nak();
      else await this.#deps.inbox.take(message, session);
    }
    if (!this.#isClosed) throw new Error(`the consumer ${consumer} of NATS has ended`);
  }

  async #publish(session: NatsSession, delivery: Delivery): Promise<DeliveryOutcome> {
    const { id, eventType, eventId, body } = delivery;
    const limit = maxPayloadOf(session);
    if (Buffer.byteLength(body) + HEADROOM > limit) {
      return { id, result: 'dead', failure: `larger than the ${limit} bytes that NATS takes` };
    }
    const about = headers();
    about.set(ORIGIN_HEADER, this.#deps.origin);
    await session.jetstream.publish(eventType, body, { msgID: eventId, headers: about });
    return { id, result: 'done' };
  }

  #pause(): Promise<void> {
    const wait = Math.min(FIRST_WAIT * 2 ** (this.#failures - 1), LONGEST_WAIT);
    return new Promise((resolve) => {
      const cancel: Cancel = this.#deps.timers.after(wait, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** Rejects once the connection is no more. */
async function lost(connection: NatsConnection): Promise<never> {
  const error = await connection.closed();
  throw error ?? new Error('the connection to NATS has ended');
}
