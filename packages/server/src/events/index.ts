import { setImmediate } from 'node:timers/promises';
import type { Config } from '../config/settings.ts';
import { StartError } from '../config/start-error.ts';
import type { BusinessEvents } from '../core/business-events.ts';
import type { EventSink } from '../core/events.ts';
import type { Clock, IdSource } from '../core/ports/clock.ts';
import type { EventStore } from '../core/ports/event-store.ts';
import type { LogStore } from '../core/ports/log-store.ts';
import type { Timers } from '../core/ports/timers.ts';
import type { Logger } from '../observe/logger.ts';
import type { Metrics } from '../observe/metrics.ts';
import { Drain } from './drain.ts';
import { FactFeed } from './fact-feed.ts';
import { FactRecorder } from './fact-recorder.ts';
import { NatsInbox } from './nats/inbox.ts';
import { NatsLink } from './nats/nats-link.ts';
import type { NatsOptions } from './nats/options.ts';
import { BUS, Targets } from './targets.ts';
import { HttpPoster } from './webhook/http-poster.ts';
import { WebhookSender } from './webhook/webhook-sender.ts';
import { Webhooks } from './webhook/webhooks.ts';

/** How long a batch for NATS may take, in ms: longer than NATS is waited for. */
const BUS_LEASE = 30_000;

/** How a delivery's result is counted. */
const OUTCOMES = { done: 'sent', retry: 'failed', dead: 'dead' } as const;

export interface EventBridgeDeps {
  readonly config: Config;
  /** Whether no other node drains this store. */
  readonly isAlone: boolean;
  readonly store: EventStore & LogStore;
  /** Gets what the core publishes, after it was heard here. */
  readonly next: EventSink;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ids: IdSource;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly version: string;
  makeSecret(): string;
  random(): number;
  /** A webhook was deleted, and what waited for it is to be removed. */
  webhookLeft(): void;
}

/** Business events between this deployment and other systems, by NATS and by webhooks. */
export class EventBridge {
  /** What the core is to publish to. */
  readonly sink: EventSink;
  readonly webhooks: Webhooks;
  readonly #deps: EventBridgeDeps;
  readonly #targets: Targets;
  readonly #feed: FactFeed;
  readonly #recorder: FactRecorder;
  readonly #sender: WebhookSender;
  readonly #poster: HttpPoster;
  readonly #bus: Drain;
  #link: NatsLink | undefined;

  constructor(deps: EventBridgeDeps) {
    this.#deps = deps;
    const { config, timers } = deps;
    const targets = new Targets(config.natsUrl.length > 0);
    this.#targets = targets;
    const allowPrivate = config.webhookAllowPrivate || config.demo;
    this.#poster = new HttpPoster({ timers, timeout: config.webhookTimeout, allowPrivate });
    this.#sender = this.#createSender();
    this.#bus = this.#createBus();
    const toOutbox = this.#toOutbox();
    this.#feed = new FactFeed(toOutbox);
    this.#recorder = new FactRecorder({ ...toOutbox, stored: () => this.#feed.wake() });
    this.sink = this.#recorder;
    this.webhooks = new Webhooks({
      ...deps,
      targets,
      allowPrivate,
      added: (webhook) => this.#sender.add(webhook),
      removed: (id) => this.#sender.remove(id),
      changed: () => this.#keepLog(),
      due: (target) => this.#wake([target]),
    });
    deps.metrics.watchQueue('events', () => this.#recorder.depth);
  }

  /** Takes up what waits since the last stop. To be called before anything is published. */
  async prepare(): Promise<void> {
    await this.webhooks.start();
    await this.#keepLog();
    await this.#feed.drain();
    this.#feed.wake();
  }

  /**
   * Takes up the link to NATS where there is one to be; NATS need not be there. Throws a StartError for what is found there and
   * can't be used.
   */
  async start(events: BusinessEvents): Promise<void> {
    if (this.#deps.config.natsUrl.length === 0) return;
    this.#link = this.#createLink(events);
    await this.#link.start();
  }

  /** Takes no more events from NATS; resolves once those that were taken are on their way to the sessions. */
  async stopTaking(): Promise<void> {
    await this.#link?.stopTaking();
    await this.#deps.next.settled?.();
    // The hub gathers what a tick brings.
    await setImmediate();
  }

  /** Stores what waits in memory; the rest waits in the store. */
  async close(): Promise<void> {
    await this.#link?.close();
    await this.#recorder.close();
    await this.#feed.close();
    await this.#feed.drain().catch((err: unknown) => this.#warn(err));
    await this.#bus.close();
    this.#poster.close();
    await this.#sender.close();
  }

  #keepLog(): Promise<void> {
    return this.#deps.store.keepLog(this.#targets.isAny);
  }

  /** What both ways of a fact into the outbox need. */
  #toOutbox() {
    const { config, metrics } = this.#deps;
    return {
      ...this.#deps,
      targets: this.#targets,
      origin: config.eventOrigin,
      maxWaiting: config.maxOutbox,
      recorded: (found: ReadonlySet<string>) => this.#wake(found),
      dropped: (count: number) => metrics.eventsOut.add(count, 'outbox', 'dropped'),
      onError: (err: unknown) => this.#warn(err),
    };
  }

  #warn(err: unknown): void {
    this.#deps.log.warn({ err }, 'events for other systems were not stored; trying again');
  }

  #createBus(): Drain {
    const { metrics, log } = this.#deps;
    return new Drain({
      ...this.#deps,
      target: BUS,
      batch: 500,
      inOrder: true,
      lease: BUS_LEASE,
      isReady: () => this.#link?.isUp === true,
      deliver: async (deliveries) => {
        const outcomes = (await this.#link?.publish(deliveries)) ?? [];
        for (const { result } of outcomes) metrics.eventsOut.add(1, 'nats', OUTCOMES[result]);
        const dead = outcomes.filter((outcome) => outcome.result === 'dead');
        const [first] = dead;
        if (first)
          log.warn({ count: dead.length, failure: first.failure }, 'events were given up: NATS refuses them');
        return outcomes;
      },
      onError: (err) => log.warn({ err }, 'events were not published to NATS; trying again'),
    });
  }

  #createSender(): WebhookSender {
    const { config, metrics, log } = this.#deps;
    return new WebhookSender({
      ...this.#deps,
      poster: this.#poster,
      timeout: config.webhookTimeout,
      tries: config.webhookTries,
      tried(outcome, { id }, failure) {
        metrics.eventsOut.add(1, 'webhook', outcome);
        if (outcome === 'dead') log.warn({ webhook: id, failure }, 'a delivery to a webhook was given up');
      },
      onError: (err) => log.warn({ err }, 'deliveries to a webhook could not be looked up; trying again'),
    });
  }

  #createLink(events: BusinessEvents): NatsLink {
    const { config, clock, timers, metrics, log } = this.#deps;
    const origin = config.eventOrigin;
    const inbox = new NatsInbox({
      events,
      origin,
      tenant: config.eventApp,
      deadLetter: config.natsDeadLetter,
      taken: (outcome) => metrics.eventsIn.add(1, 'nats', outcome),
      onError: (err) => log.warn({ err }, 'an event from NATS could not be told; it comes again'),
    });
    return new NatsLink({
      options: natsOptions(config),
      inbox,
      clock,
      timers,
      startDelay: config.natsStartDelay,
      origin,
      up: () => {
        log.info('NATS is up');
        this.#bus.wake();
      },
      troubled: (trouble) => log.warn(trouble, 'a stream of NATS takes no events; trying again'),
      recovered: (stream) => log.info({ stream }, 'a stream of NATS takes events again'),
      down: (err) => {
        // What an operator can mend is said in its message, on one line.
        if (err instanceof StartError) log.error(`NATS can't be used, trying again: ${err.message}`);
        else log.warn({ err }, 'NATS is down; trying again until it is back');
      },
    });
  }

  #wake(targets: Iterable<string>): void {
    for (const target of targets) if (target === BUS) this.#bus.wake();
    this.#sender.wake(targets);
  }
}

function natsOptions(config: Config): NatsOptions {
  const { natsToken: token, natsUser: user, natsPassword: password, natsCredsFile: credsFile } = config;
  return {
    urls: config.natsUrl,
    ...(token === undefined ? {} : { token }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(credsFile === undefined ? {} : { credsFile }),
    stream: config.natsStream,
    consumer: config.eventOrigin,
    deadLetter: config.natsDeadLetter,
  };
}
