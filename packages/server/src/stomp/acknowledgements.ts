import { type StompFrame, StompProtocolError, type StompVersion } from '@haina/wire';
import { requireHeader } from './errors.ts';
import type { AckMode, TrackedDelivery } from './handler.ts';
import type { Subscription, Subscriptions } from './subscriptions.ts';

/** Deliveries of one subscription that wait for ACK or NACK, oldest first. */
export class Unacknowledged {
  readonly #deliveries = new Map<string, TrackedDelivery>();
  readonly #isCumulative: boolean;
  readonly #key: (delivery: TrackedDelivery) => string;

  /** 1.2 acknowledges by the `ack` header of MESSAGE, earlier versions by its `message-id`. */
  constructor(mode: AckMode, version: StompVersion) {
    this.#isCumulative = mode === 'client';
    this.#key = version === '1.2' ? ({ ackId }) => ackId : ({ messageId }) => messageId;
  }

  get size(): number {
    return this.#deliveries.size;
  }

  has(key: string): boolean {
    return this.#deliveries.has(key);
  }

  /** A message delivered once more, by a sync for example, takes its newest place. */
  add(delivery: TrackedDelivery): void {
    const key = this.#key(delivery);
    this.#deliveries.delete(key);
    this.#deliveries.set(key, delivery);
  }

  /** Removes what one ACK or NACK covers: all up to `key` under `client`, itself alone under `client-individual`. */
  take(key: string): TrackedDelivery[] {
    const taken: TrackedDelivery[] = [];
    for (const [at, delivery] of this.#deliveries) {
      if (at !== key && !this.#isCumulative) continue;
      taken.push(delivery);
      this.#deliveries.delete(at);
      if (at === key) break;
    }
    return taken;
  }
}

/**
 * The tokens of the deliveries an ACK or NACK frame settles.
 *
 * Spring's simple broker ignores both frames. The specification and every other broker make an id that fits nothing an
 * error, and a client that would lose messages over it has to know.
 */
export function takeTokens(
  frame: StompFrame,
  version: StompVersion,
  subscriptions: Subscriptions,
): unknown[] {
  const [key, candidates] = target(frame, version, subscriptions);
  for (const { unacknowledged } of candidates) {
    if (unacknowledged?.has(key)) return unacknowledged.take(key).map(({ token }) => token);
  }
  throw new StompProtocolError(
    'Unknown message',
    `No delivery that waits for ${frame.command} fits the headers; each is settled only once, under ack:auto never.`,
  );
}

/** What is acknowledged, and the subscriptions that may have it (STOMP 1.0, 1.1 and 1.2, "ACK"). */
function target(
  frame: StompFrame,
  version: StompVersion,
  subscriptions: Subscriptions,
): [key: string, candidates: Iterable<Subscription>] {
  if (version === '1.2') return [requireHeader(frame, 'id'), subscriptions];
  const key = requireHeader(frame, 'message-id');
  if (version === '1.0') return [key, subscriptions];
  const subscription = subscriptions.find(requireHeader(frame, 'subscription'));
  return [key, subscription === undefined ? [] : [subscription]];
}
