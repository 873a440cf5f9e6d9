import { type ConsumerMessages, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { StartError } from '../../config/start-error.ts';
import type { Delivery, DeliveryOutcome } from '../../core/ports/event-store.ts';
import type { Cancel, Timers } from '../../core/ports/timers.ts';
import { ID_HEADER, type NatsInbox, ORIGIN_HEADER } from './inbox.ts';
import { connectionOptions, type NatsOptions } from './options.ts';
import { isRefusal, maxPayloadOf, type NatsSession, sizeOf } from './session.ts';
import { StreamWatch, type StreamWatchDeps } from './stream-watch.ts';
import { ensureConsumers, type OwnConsumer, streamFor } from './streams.ts';

/** Waits between attempts to connect, in ms: the first, doubled up to the longest. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** Events taken ahead. */
const PREFETCH = 100;
/** How long the server keeps a request for events, in ms: one of a node that died may swallow what it was sent until then. */
const PULL_EXPIRES = 5000;
/** How long the start waits for the first look at NATS, in ms. */
const FIRST_LOOK = 5000;
/** Wait before an event is published again that got no answer while others did, in ms: doubled up to the longest. */
const FIRST_RETRY = 1000;
const LONGEST_RETRY = 60_000;

export interface NatsLinkDeps extends StreamWatchDeps {
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
  readonly #streams: StreamWatch;
  #session: NatsSession | undefined;
  #consuming: ConsumerMessages[] = [];
  #running = Promise.resolve();
  #taking = Promise.resolve();
  /** Of `startDelay`. */
  readonly #delay = Promise.withResolvers<void>();
  #endPause = () => {};
  #failures = 0;
  #hasLooked = false;
  /** The failure that was told last. */
  #told: string | undefined;
  #isTaking = true;
  #isClosed = false;
  readonly #looked = Promise.withResolvers<void>();
  readonly #closing = Promise.withResolvers<void>();

  constructor(deps: NatsLinkDeps) {
    this.#deps = deps;
    this.#streams = new StreamWatch(deps);
  }

  /**
   * Starts trying. Resolves once it is up or was tried for a while: NATS need not be there. Rejects with a StartError, and
   * has ended, where what is found there, or a setting, can't be used.
   */
  async start(): Promise<void> {
    const { timers, startDelay } = this.#deps;
    const cancel = timers.after(FIRST_LOOK, () => {
      this.#hasLooked = true;
      this.#looked.resolve();
    });
    this.#running = this.#run();
    await this.#looked.promise.finally(cancel);
    // Clients can come from now on.
    const endDelay = timers.after(startDelay, this.#delay.resolve);
    void this.#delay.promise.then(endDelay);
  }

  get isUp(): boolean {
    return this.#session !== undefined;
  }

  /**
   * Publishes in their order. What NATS refuses is dead; what it does not answer is put off, so that it holds up nothing.
   * Throws where NATS answers nothing at all: then all of them come again, in their order.
   */
  async publish(deliveries: readonly Delivery[]): Promise<DeliveryOutcome[]> {
    const session = this.#session;
    if (!session) throw new Error('there is no link to NATS');
    const outcomes = await this.#publishAll(session, deliveries);
    await this.#streams.observe(session, deliveries, outcomes);
    return outcomes;
  }

  async #publishAll(session: NatsSession, deliveries: readonly Delivery[]): Promise<DeliveryOutcome[]> {
    const tries = deliveries.map((delivery) => this.#publish(session, delivery));
    const settled = await Promise.allSettled(tries);
    const outcomes = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = settled.find((one) => one.status === 'rejected');
    if (!failed) return outcomes;
    if (outcomes.length === 0) await this.#requireAnswers(session, failed.reason);
    // Those that went down with the link are due again once it is back.
    if (this.#session !== session) return outcomes;
    const putOff = settled.flatMap((one, index) =>
      one.status === 'rejected' ? [this.#putOff(deliveries[index] as Delivery, one.reason)] : [],
    );
    return [...outcomes, ...putOff];
  }

  /** Rejects with the failure, unless NATS can be talked to. */
  async #requireAnswers(session: NatsSession, failure: unknown): Promise<void> {
    try {
      await session.manager.getAccountInfo();
    } catch {
      throw failure;
    }
  }

  #putOff({ id, tries }: Delivery, reason: unknown): DeliveryOutcome {
    const wait = Math.min(FIRST_RETRY * 2 ** tries, LONGEST_RETRY);
    const failure = reason instanceof Error ? reason.message : String(reason);
    return { id, result: 'retry', dueAt: this.#deps.clock.now() + wait, failure };
  }

  /** Takes no more events, which stay in the stream. Resolves once what was taken is acknowledged; publishing goes on. */
  async stopTaking(): Promise<void> {
    this.#isTaking = false;
    this.#delay.resolve();
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
        const isFirst = this.#failures === 0 && !this.#hasLooked;
        this.#hasLooked = true;
        if (isFirst && error instanceof StartError) {
          this.#looked.reject(error);
          return;
        }
        this.#looked.resolve();
        this.#tellDown(error as Error);
        this.#failures++;
        await this.#pause();
      }
    }
  }

  /** Once an outage, and whenever something else is wrong that an operator can mend. */
  #tellDown(error: Error): void {
    const isNews = error instanceof StartError && error.message !== this.#told;
    if (this.#failures > 0 && !isNews) return;
    this.#told = error.message;
    this.#deps.down(error);
  }

  /** One session; ends by throwing, unless the link is closed. */
  async #serve(): Promise<void> {
    const { options, up } = this.#deps;
    const connection = await connect(connectionOptions(options));
    try {
      const manager = await jetstreamManager(connection);
      const consumers = await ensureConsumers(manager, options);
      if (this.#isClosed) return;
      const streamOf = (subject: string) => streamFor(consumers, subject);
      const session = { connection, jetstream: jetstream(connection), manager, streamOf };
      this.#session = session;
      this.#failures = 0;
      up();
      this.#hasLooked = true;
      this.#looked.resolve();
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
    if (consumers.some(({ waiting }) => waiting > 0)) await this.#delay.promise;
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
    const about = headers();
    about.set(ORIGIN_HEADER, this.#deps.origin);
    about.set(ID_HEADER, eventId);
    const limit = maxPayloadOf(session);
    if (Buffer.byteLength(body) + sizeOf(about) > limit) {
      return { id, result: 'dead', failure: `larger than the ${limit} bytes that NATS takes` };
    }
    try {
      await session.jetstream.publish(eventType, body, { headers: about });
      return { id, result: 'done' };
    } catch (error) {
      if (isRefusal(error)) return { id, result: 'dead', failure: `NATS refused it: ${error.message}` };
      throw error;
    }
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
