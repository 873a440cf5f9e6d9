import type { StompFrame, StompVersion } from '@haina/wire';
import { requireHeader } from './errors.ts';
import type { AckMode, TrackedDelivery } from './handler.ts';
import type { ByteBudget } from './sizes.ts';
import type { Subscription, Subscriptions } from './subscriptions.ts';

/**
 * Deliveries of one subscription that wait for ACK or NACK, oldest first. A message delivered once more, by a sync for
 * example, waits twice: the client acknowledges what it gets as it gets it, so the first ACK says nothing of the second
 * delivery, nor of what came between them.
 */
export class Unacknowledged {
  readonly #budget: ByteBudget;
  readonly #deliveries = new Map<number, TrackedDelivery>();
  /** Where the deliveries of a message wait, by what it is acknowledged by. */
  readonly #places = new Map<string, number[]>();
  readonly #isCumulative: boolean;
  readonly #key: (delivery: TrackedDelivery) => string;
  #next = 0;

  /**
   * 1.2 acknowledges by the `ack` header of MESSAGE, earlier versions by its `message-id`.
   *
   * @param budget for what waits in the whole session
   */
  constructor(mode: AckMode, version: StompVersion, budget: ByteBudget) {
    this.#budget = budget;
    this.#isCumulative = mode === 'client';
    this.#key = version === '1.2' ? ({ ackId }) => ackId : ({ messageId }) => messageId;
  }

  get size(): number {
    return this.#deliveries.size;
  }

  has(key: string): boolean {
    return this.#places.has(key);
  }

  /** Returns false, and keeps nothing, where the session has no bytes left for it. */
  add(delivery: TrackedDelivery): boolean {
    if (!this.#budget.take(sizeOf(delivery))) return false;
    const key = this.#key(delivery);
    const place = this.#next++;
    this.#deliveries.set(place, delivery);
    const places = this.#places.get(key);
    if (places) places.push(place);
    else this.#places.set(key, [place]);
    return true;
  }

  /** Forgets all of them. */
  clear(): void {
    for (const delivery of this.#deliveries.values()) this.#budget.give(sizeOf(delivery));
    this.#deliveries.clear();
    this.#places.clear();
  }

  /**
   * Removes what one ACK or NACK covers: all up to the oldest delivery of `key` under `client`, that one alone under
   * `client-individual`.
   */
  take(key: string): TrackedDelivery[] {
    const [end] = this.#places.get(key) ?? [];
    if (end === undefined) return [];
    if (!this.#isCumulative) return [this.#remove(end)];
    const taken: TrackedDelivery[] = [];
    for (const place of this.#deliveries.keys()) {
      if (place > end) break;
      taken.push(this.#remove(place));
    }
    return taken;
  }

  /** @param place the oldest of its message */
  #remove(place: number): TrackedDelivery {
    const delivery = this.#deliveries.get(place) as TrackedDelivery;
    this.#deliveries.delete(place);
    this.#budget.give(sizeOf(delivery));
    const key = this.#key(delivery);
    const places = this.#places.get(key) as number[];
    if (places.length === 1) this.#places.delete(key);
    else places.shift();
    return delivery;
  }
}

/** What one delivery takes beside its id, in bytes. */
const DELIVERY_BYTES = 512;

/** Ids hold the id of the subscription, which may be long. */
function sizeOf({ messageId }: TrackedDelivery): number {
  return DELIVERY_BYTES + messageId.length * 2;
}

/**
 * The tokens of the deliveries an ACK or NACK frame settles. None where the frame fits no delivery that waits: the specification
 * asks for no close then, Spring's simple broker ignores both frames, and clients written for it acknowledge what came
 * under `ack:auto`.
 *
 * @throws {StompProtocolError} where a header is missing
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
  return [];
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
