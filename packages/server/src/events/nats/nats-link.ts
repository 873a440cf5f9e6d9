import { type ConsumerMessages, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import type { Delivery, DeliveryOutcome } from '../../core/ports/event-store.ts';
import type { Cancel, Timers } from '../../core/ports/timers.ts';
import { type NatsInbox, ORIGIN_HEADER } from './inbox.ts';
import { connectionOptions, type NatsOptions } from './options.ts';
import { maxPayloadOf, type NatsSession } from './session.ts';
import { ensureConsumers, type OwnConsumer } from './streams.ts';

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
  /** How long after the start events that came meanwhile are left in the stream, in ms: who is to be told must come back first. */
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
  #taking = Promise.resolve();
  #delay = Promise.resolve();
  #endDelay = () => {};
  #endPause = () => {};
  #failures = 0;
  #isTaking = true;
  #isClosed = false;
  readonly #closing = Promise.withResolvers<void>();

  constructor(deps: NatsLinkDeps) {
    this.#deps = deps;
  }

  /** Starts trying; does not wait for the server. */
  start(): void {
    const { timers, startDelay } = this.#deps;
    this.#delay = new Promise((resolve) => {
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

  /** Takes no more events, which stay in the stream. Resolves once what was taken is acknowledged; publishing goes on. */
  async stopTaking(): Promise<void> {
    this.#isTaking = false;
    this.#endDelay();
    this.#stopConsuming();
    await this.#taking;
  }

  /** Lets what was taken be acknowledged, and ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endPause();
    await this.stopTaking();
    this.#closing.resolve();
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
      await Promise.race([this.#takeAll(session, consumers), lost(connection)]);
      await connection.flush();
    } finally {
      this.#session = undefined;
      this.#stopConsuming();
      await connection.close();
    }
  }

  /** Resolves once the link closes; rejects where taking ends before. */
  async #takeAll(session: NatsSession, consumers: readonly OwnConsumer[]): Promise<void> {
    if (consumers.some(({ waiting }) => waiting > 0)) await this.#delay;
    // One that was lost meanwhile takes nothing, and does not stand for what its successor takes.
    if (this.#session !== session) return;
    const ends = consumers.map((consumer) => this.#take(session, consumer));
    this.#taking = Promise.allSettled(ends).then(() => {});
    await Promise.all(ends);
    await this.#closing.promise;
  }

  #stopConsuming(): void {
    for (const messages of this.#consuming) void messages.close();
    this.#consuming = [];
  }

  async #take(session: NatsSession, { stream, name }: OwnConsumer): Promise<void> {
    if (!this.#isTaking) return;
    const consumer = await session.jetstream.consumers.get(stream, name);
    const messages = await consumer.consume({
      max_messages: PREFETCH,
      expires: PULL_EXPIRES,
      abort_on_missing_resource: true,
    });
    this.#consuming.push(messages);
    if (!this.#isTaking) void messages.close();
    for await (const message of messages) {
      // What is left when taking ends comes again at once, to this node or another.
      if (!this.#isTaking) message.nak();
      else await this.#deps.inbox.take(message, session);
    }
    if (this.#isTaking) throw new Error(`the consumer ${name} of NATS has ended`);
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
