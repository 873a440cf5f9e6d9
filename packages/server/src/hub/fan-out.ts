import type { CoreEvent, OnDemandType } from '../core/events.ts';
import { Batch, type Payload } from '../transport/payload.ts';
import { type Coverage, coverageOf } from './coverage.ts';
import { traceOf } from './trace.ts';

/**
 * One form on the wire: all subscriptions of a shape get the same bytes. `key` says everything that makes a shape
 * different from another (dialect, protocol version, destination, subscription id, acknowledgement mode, encoding).
 */
export interface Shape {
  readonly key: string;
  /**
   * The events on demand that this form tells; all where absent. What follows another form of a session within a tick
   * tells no more of them than that one.
   */
  readonly shows?: readonly OnDemandType[];
  /** The event in this form; undefined where this form does not tell such events. */
  render(event: CoreEvent): Payload | undefined;
}

/** One event in one shape. */
export interface FanOutItem {
  readonly event: CoreEvent;
  readonly payload: Payload;
}

/** What one flush brings to the subscriptions of one shape; shared by all of them. */
export class FanOut {
  readonly items: readonly FanOutItem[];
  readonly batch: Batch;
  #tracked: readonly unknown[] | undefined;
  #coverage: Coverage | undefined;

  constructor(items: readonly FanOutItem[]) {
    this.items = items;
    this.batch = new Batch(items.map(({ payload }) => payload));
  }

  /** What a protocol makes of each item for its acknowledgements, made once for all subscriptions of the shape. */
  tracked<T>(make: (item: FanOutItem) => T): readonly T[] {
    this.#tracked ??= this.items.map(make);
    return this.#tracked as readonly T[];
  }

  /** What whoever got it knows from then on. */
  get coverage(): Coverage {
    this.#coverage ??= coverageOf(this.items.flatMap(({ event }) => traceOf(event) ?? []));
    return this.#coverage;
  }

  /** The part that was not caused by this session; undefined where nothing is left. */
  without(sessionId: string): FanOut | undefined {
    return this.only((event) => originOf(event) !== sessionId);
  }

  /** The part with these events; undefined where nothing is left. */
  only(isWanted: (event: CoreEvent) => boolean): FanOut | undefined {
    const items = this.items.filter(({ event }) => isWanted(event));
    if (items.length === this.items.length) return this;
    return items.length === 0 ? undefined : new FanOut(items);
  }
}

/** The users who may not see what an event is about, and are not told; undefined where all may. */
export function unseenBy(event: CoreEvent): readonly string[] | undefined {
  return 'unseenBy' in event ? event.unseenBy : undefined;
}

/** The session that caused an event and is not told of it. */
export function originOf(event: CoreEvent): string | undefined {
  return 'originSession' in event ? event.originSession : undefined;
}
