import type { Timers } from '../../core/ports/timers.ts';
import { type WaitOptions, waitAtStart } from '../../start-wait.ts';
import { type Bus, type BusEvents, type BusMember, requireChannels } from '../bus.ts';
import { guarded } from '../guarded.ts';
import { Link } from '../link.ts';
import { connectBus, gaveUp, type NatsBusAccess, notYet, refusal } from './access.ts';
import { NatsSession } from './nats-session.ts';

/** Longest body, in bytes: a longer one would delay what is behind it. */
const MAX_BYTES = 262_144;

export interface NatsBusOptions extends BusMember, WaitOptions {
  readonly access: NatsBusAccess;
  readonly events: BusEvents;
  readonly timers: Timers;
}

/**
 * Opens a bus on NATS core: subjects `<cluster>.bus.<channel>.<node>`. What only the operator can mend is a `StartError` at
 * once; a server that can't be reached is tried again until `timeout`.
 */
export async function openNatsBus(given: NatsBusOptions): Promise<Bus> {
  const options = { ...given, events: guarded(given.events) };
  const { access, timeout } = options;
  const subjects = new Subjects(options);
  const first = await waitAtStart({
    ...options,
    attempt: async () => {
      try {
        return await openSession(options, subjects);
      } catch (error) {
        return notYet(error, access);
      }
    },
    gaveUp: (last) => gaveUp(access, timeout, last),
    release: (session) => session.close(),
  });
  return new NatsBus(first, options, subjects);
}

/** Rejects with a StartError where the account may not do what the bus does. */
async function openSession(options: NatsBusOptions, subjects: Subjects): Promise<NatsSession> {
  const { access, events, node, timers } = options;
  const session = new NatsSession(await connectBus(access, `haina bus of ${node}`), {
    timers,
    troubled: (reason) => events.troubled(reason),
    received(subject, body) {
      const [channel, from] = subjects.parse(subject);
      // What a lost connection of ours sent late may come back to the next one.
      if (from !== node) events.received(channel, body, from);
    },
  });
  const forbidden = await session.forbidden(subjects.to('check'), subjects.of('check'));
  if (forbidden === undefined) return session;
  await session.close();
  throw refusal(access.urls, `does not let haina publish and subscribe to ${subjects.all}: ${forbidden}`);
}

/** How channels are called at NATS. */
class Subjects {
  readonly #prefix: string;
  readonly #node: string;

  constructor({ cluster, node }: BusMember) {
    this.#prefix = `${cluster}.bus.`;
    this.#node = node;
  }

  get all(): string {
    return `${this.#prefix}>`;
  }

  /** Where this node publishes. */
  to(channel: string): string {
    return `${this.#prefix}${channel}.${this.#node}`;
  }

  /** What all nodes publish. */
  of(channel: string): string {
    return `${this.#prefix}${channel}.*`;
  }

  parse(subject: string): readonly [channel: string, from: string] {
    const dot = subject.indexOf('.', this.#prefix.length);
    return [subject.slice(this.#prefix.length, dot), subject.slice(dot + 1)];
  }
}

class NatsBus implements Bus {
  readonly #events: BusEvents;
  readonly #subjects: Subjects;
  readonly #channels = new Set<string>();
  readonly #link: Link<NatsSession>;

  constructor(first: NatsSession, options: NatsBusOptions, subjects: Subjects) {
    this.#events = options.events;
    this.#subjects = subjects;
    this.#link = new Link(first, {
      ...options,
      open: async () => {
        try {
          return await openSession(options, subjects);
        } catch (error) {
          // A StartError is thrown on, as it is of interest.
          throw notYet(error, options.access).error;
        }
      },
      adopt: (session) => {
        for (const channel of this.#channels) session.subscribe(subjects.of(channel));
        return session.settled();
      },
    });
  }

  get maxBytes(): number {
    return Math.min(MAX_BYTES, this.#link.session?.maxPayload ?? MAX_BYTES);
  }

  publish(channel: string, body: Uint8Array): void {
    const session = this.#link.session;
    const isSent = body.length <= this.maxBytes && session?.publish(this.#subjects.to(channel), body);
    if (!isSent) this.#events.dropped(1);
  }

  async listen(channels: readonly string[]): Promise<void> {
    requireChannels(channels);
    const session = this.#link.session;
    for (const channel of channels) {
      this.#channels.add(channel);
      session?.subscribe(this.#subjects.of(channel));
    }
    await session?.settled();
  }

  ignore(channels: readonly string[]): void {
    for (const channel of channels) {
      if (this.#channels.delete(channel)) this.#link.session?.unsubscribe(this.#subjects.of(channel));
    }
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}
