import type { CoreEvent, EventSink } from '../core/events.ts';
import { FanOut, type FanOutItem, originOf, type Shape } from './fan-out.ts';

/** Gets what its subscriptions bring. Neither call may throw. */
export interface Subscriber {
  /** Id of its session. */
  readonly id: string;
  receive(shape: Shape, fanOut: FanOut): void;
}

/** Told of events the moment they are published, before any subscriber. */
export type Listener = (event: CoreEvent) => void;

interface Group {
  readonly shape: Shape;
  readonly subscribers: Map<string, Subscriber>;
}

interface Topic {
  readonly groups: Map<string, Group>;
  readonly listeners: Set<Listener>;
  pending: CoreEvent[];
}

/**
 * Topics, who listens to them in which shape, and the fan-out: what a tick of the event loop brings to a topic is
 * rendered once a shape and handed to each subscription as one batch.
 *
 * Events of one topic reach each subscriber in the order they were published.
 */
export class Hub implements EventSink {
  readonly #topics = new Map<string, Topic>();
  #dirty: Topic[] = [];

  /** Adds a subscriber in a shape; the same again changes nothing. */
  subscribe(name: string, shape: Shape, subscriber: Subscriber): void {
    const { groups } = this.#topic(name);
    let group = groups.get(shape.key);
    if (!group) {
      group = { shape, subscribers: new Map() };
      groups.set(shape.key, group);
    }
    group.subscribers.set(subscriber.id, subscriber);
  }

  /** Takes a subscriber out; events published but not flushed yet do not reach it any more. */
  unsubscribe(name: string, shape: Shape, subscriber: Subscriber): void {
    const topic = this.#topics.get(name);
    const group = topic?.groups.get(shape.key);
    if (!topic || !group?.subscribers.delete(subscriber.id)) return;
    if (group.subscribers.size === 0) topic.groups.delete(shape.key);
    this.#dropIfUnused(name, topic);
  }

  listen(name: string, listener: Listener): void {
    this.#topic(name).listeners.add(listener);
  }

  unlisten(name: string, listener: Listener): void {
    const topic = this.#topics.get(name);
    topic?.listeners.delete(listener);
    if (topic) this.#dropIfUnused(name, topic);
  }

  notify(names: readonly string[], event: CoreEvent): void {
    for (const name of names) {
      const topic = this.#topics.get(name);
      if (topic) for (const listener of [...topic.listeners]) listener(event);
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

  /** Topics that somebody cares for, for the metrics. */
  get topicCount(): number {
    return this.#topics.size;
  }

  #topic(name: string): Topic {
    let topic = this.#topics.get(name);
    if (!topic) {
      topic = { groups: new Map(), listeners: new Set(), pending: [] };
      this.#topics.set(name, topic);
    }
    return topic;
  }

  #dropIfUnused(name: string, topic: Topic): void {
    if (topic.groups.size === 0 && topic.listeners.size === 0) this.#topics.delete(name);
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
      for (const group of topic.groups.values()) fanOut(group, events);
    }
  }
}

/** Hands the events to a group's subscribers. */
function fanOut({ shape, subscribers }: Group, events: readonly CoreEvent[]): void {
  const items: FanOutItem[] = [];
  const origins = new Set<string>();
  for (const event of events) {
    const payload = shape.render(event);
    if (!payload) continue;
    items.push({ event, payload });
    const origin = originOf(event);
    if (origin !== undefined && subscribers.has(origin)) origins.add(origin);
  }
  if (items.length === 0) return;
  const shared = new FanOut(items);
  for (const subscriber of subscribers.values()) {
    // Mostly nobody is left out, and then no id has to be looked at.
    const isOrigin = origins.size > 0 && origins.has(subscriber.id);
    const own = isOrigin ? shared.without(subscriber.id) : shared;
    if (own) subscriber.receive(shape, own);
  }
}
