import type { CoreEvent, EventSink, OnDemandType } from '../core/events.ts';
import { FanOut, type FanOutItem, originOf, type Shape } from './fan-out.ts';
import { Isolation, type OnFault } from './isolation.ts';
import { Veil } from './veil.ts';

/** Gets what its subscriptions bring. What it throws is reported, and only it loses what it failed to take. */
export interface Subscriber {
  /** Id of its session. */
  readonly id: string;
  /** The session's user, who is not told what it may not see; absent for one who is told nothing of the kind. */
  readonly userId?: string | undefined;
  receive(shape: Shape, fanOut: FanOut): void;
}

/** Told of events the moment they are published, before any subscriber. What it throws is reported. */
export type Listener = (event: CoreEvent) => void;

interface Group {
  readonly shape: Shape;
  readonly subscribers: Map<string, Subscriber>;
  /** How many events of this tick were published before a subscriber came, by its id; absent where none was. */
  late: Map<string, number> | undefined;
}

interface Topic {
  readonly groups: Map<string, Group>;
  /** Most topics have none. */
  listeners: Set<Listener> | undefined;
  pending: CoreEvent[];
}

/**
 * Topics, who listens to them in which shape, and the fan-out: what a tick of the event loop brings to a topic is
 * rendered once a shape and handed to each subscription as one batch. What fails for one of them is reported and left
 * out, and everything else goes on: whoever publishes is never told.
 *
 * Events of one topic reach each subscriber in the order they were published, and none that was published before it came.
 */
export class Hub implements EventSink {
  /** For whoever renders outside of a fan-out, as a sync does. */
  readonly isolation: Isolation;
  readonly #topics = new Map<string, Topic>();
  #dirty: Topic[] = [];

  constructor(onFault: OnFault) {
    this.isolation = new Isolation(onFault);
  }

  /**
   * Adds a subscriber in a shape; the same again changes nothing. It gets what is published from now on.
   *
   * @param predecessor a shape in which the same session is subscribed still: what this one was going to get in this tick
   *   goes to its successor
   */
  subscribe(name: string, shape: Shape, subscriber: Subscriber, predecessor?: Shape): void {
    const { groups, pending } = this.#topic(name);
    let group = groups.get(shape.key);
    if (!group) {
      group = { shape, subscribers: new Map(), late: undefined };
      groups.set(shape.key, group);
    }
    const { id } = subscriber;
    if (pending.length > 0 && !group.subscribers.has(id)) {
      const heirOf = predecessor && groups.get(predecessor.key);
      group.late ??= new Map();
      group.late.set(id, heirOf?.subscribers.has(id) ? (heirOf.late?.get(id) ?? 0) : pending.length);
    }
    group.subscribers.set(id, subscriber);
  }

  /**
   * Flushes a topic after all others that have events now. For whoever is told something at another topic that belongs
   * before what it hears at this one from now on.
   */
  postpone(name: string): void {
    const topic = this.#topics.get(name);
    if (!topic || topic.pending.length === 0 || this.#dirty.at(-1) === topic) return;
    const place = this.#dirty.indexOf(topic);
    if (place === -1) return;
    this.#dirty.splice(place, 1);
    this.#dirty.push(topic);
  }

  /**
   * Ends the tick early where a topic is to be told of messages: that, and what belongs before it, reaches its subscribers
   * now. For whoever is to leave it, and was there when they were published; who else came and went is no news to it.
   */
  settle(name: string): void {
    if (this.#topics.get(name)?.pending.some((event) => 'message' in event)) this.#flush();
  }

  /** Ends the tick early: whatever was published reaches its subscribers now, and nobody who comes from now on. */
  endTick(): void {
    if (this.#dirty.length > 0) this.#flush();
  }

  /**
   * Takes a subscriber out; events published but not flushed yet do not reach it any more. One that has taken its place, under the
   * same id, stays.
   */
  unsubscribe(name: string, shape: Shape, subscriber: Subscriber): void {
    const topic = this.#topics.get(name);
    const group = topic?.groups.get(shape.key);
    if (!topic || group?.subscribers.get(subscriber.id) !== subscriber) return;
    group.subscribers.delete(subscriber.id);
    group.late?.delete(subscriber.id);
    if (group.subscribers.size === 0) topic.groups.delete(shape.key);
    this.#dropIfUnused(name, topic);
  }

  listen(name: string, listener: Listener): void {
    const topic = this.#topic(name);
    topic.listeners ??= new Set();
    topic.listeners.add(listener);
  }

  unlisten(name: string, listener: Listener): void {
    const topic = this.#topics.get(name);
    topic?.listeners?.delete(listener);
    if (topic) this.#dropIfUnused(name, topic);
  }

  notify(names: readonly string[], event: CoreEvent): void {
    for (const name of names) {
      const listeners = this.#topics.get(name)?.listeners;
      if (listeners) for (const listener of [...listeners]) this.#tell(listener, event);
    }
  }

  publish(names: readonly string[], event: CoreEvent): void {
    this.notify(names, event);
    for (const name of names) {
      const topic = this.#topics.get(name);
      if (!topic) continue;
      if (topic.groups.size === 0) continue;
      if (topic.pending.length === 0) this.#markDirty(topic);
      topic.pending.push(event);
    }
  }

  /** Whoever subscribes later in this tick gets nothing of it anyway; listeners care for no events on demand. */
  isShown(names: readonly string[], type: OnDemandType): boolean {
    for (const name of names) {
      const topic = this.#topics.get(name);
      if (!topic) continue;
      for (const { shape } of topic.groups.values()) if (shape.shows?.includes(type) ?? true) return true;
    }
    return false;
  }

  /** Topics that somebody cares for, for the metrics. */
  get topicCount(): number {
    return this.#topics.size;
  }

  #topic(name: string): Topic {
    let topic = this.#topics.get(name);
    if (!topic) {
      topic = { groups: new Map(), listeners: undefined, pending: [] };
      this.#topics.set(name, topic);
    }
    return topic;
  }

  #dropIfUnused(name: string, topic: Topic): void {
    if (topic.groups.size === 0 && !topic.listeners?.size) this.#topics.delete(name);
  }

  #tell(listener: Listener, event: CoreEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.isolation.failed('listen', error, [event]);
    }
  }

  #markDirty(topic: Topic): void {
    if (this.#dirty.length === 0) setImmediate(() => this.#flush());
    this.#dirty.push(topic);
  }

  #flush(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const topic of dirty) {
      const events = topic.pending;
      topic.pending = [];
      for (const group of topic.groups.values()) this.#fanOut(group, events);
    }
  }

  /** Hands the events to a group's subscribers: to each those that were published since it came. */
  #fanOut(group: Group, events: readonly CoreEvent[]): void {
    const { shape, subscribers, late } = group;
    group.late = undefined;
    const items = this.isolation.render(shape, events);
    if (items.length === 0) return;
    const origins = originsAmong(items, subscribers);
    const shared = new FanOut(items);
    const since = late && new Since(shared, events);
    const veil = Veil.over(items);
    for (const subscriber of subscribers.values()) {
      // Mostly nobody is left out, and then no id has to be looked at.
      const isOrigin = origins.size > 0 && origins.has(subscriber.id);
      const news = since ? since.after(late?.get(subscriber.id)) : shared;
      const own = isOrigin ? news?.without(subscriber.id) : news;
      const seen =
        veil && own && subscriber.userId !== undefined ? veil.partFor(subscriber.userId, own) : own;
      if (seen) this.#handTo(subscriber, shape, seen);
    }
  }

  #handTo(subscriber: Subscriber, shape: Shape, fanOut: FanOut): void {
    try {
      subscriber.receive(shape, fanOut);
    } catch (error) {
      const events = fanOut.items.map(({ event }) => event);
      this.isolation.failed('receive', error, events, shape);
    }
  }
}

/** The subscribers that caused some of the items. */
function originsAmong(
  items: readonly FanOutItem[],
  subscribers: ReadonlyMap<string, Subscriber>,
): ReadonlySet<string> {
  const origins = new Set<string>();
  for (const { event } of items) {
    const origin = originOf(event);
    if (origin !== undefined && subscribers.has(origin)) origins.add(origin);
  }
  return origins;
}

/** Parts of a fan-out for those who came while its events gathered; those who came together share one. */
class Since {
  readonly #shared: FanOut;
  readonly #events: readonly CoreEvent[];
  readonly #parts = new Map<number, FanOut | undefined>();

  constructor(shared: FanOut, events: readonly CoreEvent[]) {
    this.#shared = shared;
    this.#events = events;
  }

  /** What was published after so many events; undefined where nothing is left. */
  after(count = 0): FanOut | undefined {
    if (count === 0) return this.#shared;
    if (!this.#parts.has(count)) {
      const news = new Set(this.#events.slice(count));
      this.#parts.set(
        count,
        this.#shared.only((event) => news.has(event)),
      );
    }
    return this.#parts.get(count);
  }
}
