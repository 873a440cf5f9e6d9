import { type StompFrame, StompProtocolError, type StompVersion } from '@haina/wire';
import type { Connection } from '../transport/connection.ts';
import type { Batch } from '../transport/payload.ts';
import { Unacknowledged } from './acknowledgements.ts';
import { overload, requireHeader, StompLimitError } from './errors.ts';
import type { AckMode, StompSubscription, TrackedDelivery } from './handler.ts';
import type { StompEvents } from './options.ts';
import type { ByteBudget } from './sizes.ts';

/** What subscriptions of one session share. */
export interface SubscriptionContext {
  readonly connection: Connection;
  readonly events: StompEvents;
  readonly version: StompVersion;
  readonly maxSubscriptions: number;
  readonly maxUnacknowledged: number;
  /** For what waits in all of them. */
  readonly outstanding: ByteBudget;
  readonly fail: (error: StompProtocolError) => void;
}

interface Delivery {
  readonly batch: Batch;
  readonly tracked: readonly TrackedDelivery[];
}

type Phase =
  /** Its SUBSCRIBE is not confirmed yet: what comes is held back, so that the RECEIPT goes first. */
  | { readonly name: 'opening'; readonly held: Delivery[] }
  | { readonly name: 'open' }
  | { readonly name: 'ended' };

/** What a delivery takes that waits, beside its messages. */
const DELIVERY_BYTES = 512;

function heldBytes({ batch }: Delivery): number {
  return DELIVERY_BYTES + batch.byteLength;
}

const OPEN: Phase = { name: 'open' };
const ENDED: Phase = { name: 'ended' };
const NOT_TRACKED: readonly TrackedDelivery[] = [];

export class Subscription implements StompSubscription {
  readonly id: string;
  readonly destination: string;
  readonly ack: AckMode;
  readonly headers: ReadonlyMap<string, string>;
  readonly anonymous: boolean;
  /** `undefined` under `ack:auto`. */
  readonly unacknowledged: Unacknowledged | undefined;
  readonly #context: SubscriptionContext;
  /** By themselves, as each delivery needs them. */
  readonly #connection: Connection;
  readonly #events: StompEvents;
  #phase: Phase = { name: 'opening', held: [] };

  /** @throws {StompProtocolError} if the SUBSCRIBE frame breaks the specification */
  constructor(frame: StompFrame, context: SubscriptionContext) {
    this.destination = requireHeader(frame, 'destination');
    this.anonymous = context.version === '1.0' && !frame.headers.has('id');
    this.id = this.anonymous ? this.destination : requireHeader(frame, 'id');
    this.ack = parseAckMode(frame);
    this.headers = frame.headers;
    this.unacknowledged =
      this.ack === 'auto' ? undefined : new Unacknowledged(this.ack, context.version, context.outstanding);
    this.#context = context;
    this.#connection = context.connection;
    this.#events = context.events;
  }

  get room(): number {
    if (this.unacknowledged === undefined) return Number.POSITIVE_INFINITY;
    return this.#context.maxUnacknowledged - this.unacknowledged.size;
  }

  get isOpening(): boolean {
    return this.#phase.name === 'opening';
  }

  get hasEnded(): boolean {
    return this.#phase.name === 'ended';
  }

  deliver(batch: Batch, tracked: readonly TrackedDelivery[] = NOT_TRACKED): boolean {
    switch (this.#phase.name) {
      case 'open':
        return this.#write(batch, tracked);
      case 'opening':
        return this.#hold(this.#phase.held, { batch, tracked });
      case 'ended':
        return false;
    }
  }

  /** Its SUBSCRIBE is confirmed: what was held back goes out. */
  open(): void {
    if (this.#phase.name !== 'opening') return;
    const { held } = this.#phase;
    this.#phase = OPEN;
    this.#giveBack(held);
    for (const { batch, tracked } of held) this.deliver(batch, tracked);
  }

  /** Nothing is delivered any more. */
  end(): void {
    if (this.#phase.name === 'opening') this.#giveBack(this.#phase.held);
    this.#phase = ENDED;
    this.unacknowledged?.clear();
  }

  #write(batch: Batch, tracked: readonly TrackedDelivery[]): boolean {
    if (this.unacknowledged !== undefined && !this.#track(this.unacknowledged, tracked)) return false;
    this.#connection.write(batch);
    this.#events.frameOut('MESSAGE', batch.payloads.length);
    return true;
  }

  #hold(held: Delivery[], delivery: Delivery): boolean {
    const { maxUnacknowledged, outstanding } = this.#context;
    if (held.length >= maxUnacknowledged) return this.#overflow('messages before their SUBSCRIBE is done');
    if (!outstanding.take(heldBytes(delivery))) return this.#overflowBytes();
    held.push(delivery);
    return true;
  }

  #giveBack(held: readonly Delivery[]): void {
    for (const delivery of held) this.#context.outstanding.give(heldBytes(delivery));
  }

  #track(unacknowledged: Unacknowledged, tracked: readonly TrackedDelivery[]): boolean {
    if (unacknowledged.size + tracked.length > this.#context.maxUnacknowledged) {
      return this.#overflow('unacknowledged messages');
    }
    for (const delivery of tracked) if (!unacknowledged.add(delivery)) return this.#overflowBytes();
    return true;
  }

  #overflowBytes(): false {
    const { limit } = this.#context.outstanding;
    this.#context.fail(overload(`What waits for a session's ACKs and SUBSCRIBEs may have ${limit} bytes.`));
    return false;
  }

  /** What was not delivered comes again at the next sync, so nothing is lost by ending the session. */
  #overflow(what: string): false {
    this.#context.fail(overload(`A subscription may have ${this.#context.maxUnacknowledged} ${what}.`));
    return false;
  }
}

/** The subscriptions of one session by id. */
export class Subscriptions implements Iterable<Subscription> {
  readonly #byId = new Map<string, Subscription>();
  readonly #context: SubscriptionContext;

  constructor(context: SubscriptionContext) {
    this.#context = context;
  }

  [Symbol.iterator](): Iterator<Subscription> {
    return this.#byId.values();
  }

  find(id: string): Subscription | undefined {
    return this.#byId.get(id);
  }

  /**
   * The subscription a SUBSCRIBE makes; undefined where the same one is there already, as clients repeat themselves.
   *
   * @throws {StompProtocolError} if the SUBSCRIBE frame breaks the specification, or its id is that of another destination
   * @throws {StompLimitError} if the session has as many subscriptions as it may
   */
  add(frame: StompFrame): Subscription | undefined {
    const subscription = new Subscription(frame, this.#context);
    const known = this.#byId.get(subscription.id);
    if (known?.destination === subscription.destination) return undefined;
    // Spring keeps both, RabbitMQ refuses; the specification wants each id once on a connection.
    if (known !== undefined) {
      throw new StompProtocolError(
        'Duplicate subscription id',
        'A subscription of this session to another destination has the same id.',
      );
    }
    const { maxSubscriptions } = this.#context;
    if (this.#byId.size >= maxSubscriptions) {
      throw new StompLimitError(`a session may have ${maxSubscriptions} subscriptions`, maxSubscriptions);
    }
    this.#byId.set(subscription.id, subscription);
    return subscription;
  }

  /** Ends one subscription. Its id is free again. */
  remove(subscription: Subscription): void {
    if (this.#byId.get(subscription.id) === subscription) this.#byId.delete(subscription.id);
    subscription.end();
  }

  /** Ends all of them. */
  clear(): void {
    for (const subscription of this.#byId.values()) subscription.end();
    this.#byId.clear();
  }

  /**
   * The subscription an UNSUBSCRIBE names; undefined where there is none. STOMP wants the id of an existing one, but asks for no
   * close, and clients send old ids after they reconnected. A 1.0 client that gave no id names the destination.
   */
  named({ headers }: StompFrame): Subscription | undefined {
    const id = headers.get('id');
    if (id !== undefined) return this.find(id);
    const subscription = this.find(headers.get('destination') ?? '');
    return subscription?.anonymous ? subscription : undefined;
  }
}

/** STOMP 1.2, "SUBSCRIBE ack Header". */
function parseAckMode(frame: StompFrame): AckMode {
  const mode = frame.headers.get('ack') ?? 'auto';
  if (mode === 'auto' || mode === 'client' || mode === 'client-individual') return mode;
  throw new StompProtocolError('Invalid ack', 'The header ack must be auto, client or client-individual.');
}
