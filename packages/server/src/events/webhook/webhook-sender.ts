import type { Clock } from '../../core/ports/clock.ts';
import type { Delivery, DeliveryOutcome, Webhook } from '../../core/ports/event-store.ts';
import type { Timers } from '../../core/ports/timers.ts';
import { Drain, type DrainDeps } from '../drain.ts';
import type { HttpPoster } from './http-poster.ts';
import { sign } from './signature.ts';

/** Deliveries to one webhook at a time. */
const CONCURRENCY = 4;
/** What may pass from an answer until it is stored, in ms. */
const SETTLE_TIME = 20_000;
/** Wait after the first failure, in ms; each further one doubles it, up to the longest. */
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 3_600_000;

export interface WebhookSenderDeps {
  readonly store: DrainDeps['store'];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly poster: Pick<HttpPoster, 'post'>;
  /** How long the receiver may take, in ms. */
  readonly timeout: number;
  /** Whether no other node drains this store. */
  readonly isAlone: boolean;
  /** Tries before a delivery is given up. */
  readonly tries: number;
  /** For the receiver to see. */
  readonly version: string;
  /** From 0 to 1, so that receivers that were down are not met by all at once. */
  random(): number;
  /** Told of each try: `sent`, `failed`, or `dead` for the last one. */
  tried(outcome: 'sent' | 'failed' | 'dead', webhook: Webhook, failure?: string): void;
  onError(error: unknown): void;
}

/** Sends what waits for the webhooks, each at its own pace: a slow one delays no other. */
export class WebhookSender {
  readonly #deps: WebhookSenderDeps;
  readonly #drains = new Map<string, Drain>();
  readonly #ending = new Set<Promise<void>>();

  constructor(deps: WebhookSenderDeps) {
    this.#deps = deps;
  }

  add(webhook: Webhook): void {
    const { store, clock, timers, isAlone, timeout, onError } = this.#deps;
    const drain = new Drain({
      target: webhook.id,
      store,
      clock,
      timers,
      batch: CONCURRENCY,
      inOrder: false,
      isAlone,
      // More than the receiver may take for an answer.
      lease: timeout + SETTLE_TIME,
      isReady: () => true,
      deliver: (deliveries) => Promise.all(deliveries.map((delivery) => this.#send(webhook, delivery))),
      onError,
    });
    this.#drains.set(webhook.id, drain);
    drain.wake();
  }

  remove(id: string): void {
    const drain = this.#drains.get(id);
    if (!drain) return;
    this.#drains.delete(id);
    const ending = drain.close().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** There may be something due for these; targets that are no webhooks are passed over. */
  wake(targets: Iterable<string>): void {
    for (const target of targets) this.#drains.get(target)?.wake();
  }

  /** Resolves once nothing is under way. */
  async close(): Promise<void> {
    for (const id of [...this.#drains.keys()]) this.remove(id);
    await Promise.all(this.#ending);
  }

  async #send(webhook: Webhook, delivery: Delivery): Promise<DeliveryOutcome> {
    const { id } = delivery;
    const failure = await this.#try(webhook, delivery);
    if (failure === undefined) {
      this.#deps.tried('sent', webhook);
      return { id, result: 'done' };
    }
    const isLast = delivery.tries + 1 >= this.#deps.tries;
    this.#deps.tried(isLast ? 'dead' : 'failed', webhook, failure);
    return isLast
      ? { id, result: 'dead', failure }
      : { id, result: 'retry', failure, dueAt: this.#nextTry(delivery) };
  }

  /** Returns why it failed, if it did. */
  async #try(
    { url, secret }: Webhook,
    { id, eventId, eventType, body }: Delivery,
  ): Promise<string | undefined> {
    const { clock, poster, version } = this.#deps;
    const timestamp = clock.now();
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'user-agent': `haina/${version}`,
      'haina-delivery': id,
      'haina-event-id': eventId,
      'haina-event-type': eventType,
      'haina-timestamp': timestamp,
      'haina-signature': sign(secret, timestamp, body),
    };
    try {
      const status = await poster.post(url, headers, body);
      return status >= 200 && status < 300 ? undefined : `answered ${status}`;
    } catch (error) {
      return (error as Error).message;
    }
  }

  #nextTry({ tries }: Delivery): number {
    const { clock, random } = this.#deps;
    const wait = Math.min(FIRST_WAIT * 2 ** tries, LONGEST_WAIT);
    return clock.now() + Math.round(wait * (0.5 + random() / 2));
  }
}
