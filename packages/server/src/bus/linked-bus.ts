import type { Timers } from '../core/ports/timers.ts';
import { type Bus, type BusEvents, requireChannels } from './bus.ts';
import { Link, type Session } from './link.ts';

/** A bus while one connection lasts. */
export interface BusSession extends Session {
  readonly maxBytes: number;
  /** False where it can't be sent, or too much waits already. */
  publish(channel: string, body: Uint8Array): boolean;
  listen(channel: string): void;
  ignore(channel: string): void;
  /** Resolves once the channels are listened to, or the session is over; never rejects. */
  settled(): Promise<void>;
}

export interface LinkedBusDeps {
  readonly timers: Timers;
  readonly events: BusEvents;
  /** While there is no session. */
  readonly maxBytes: number;
  open(): Promise<BusSession>;
}

/** A bus over one session after the other, each with all channels. */
export class LinkedBus implements Bus {
  readonly #deps: LinkedBusDeps;
  readonly #channels = new Set<string>();
  readonly #link: Link<BusSession>;

  constructor(first: BusSession, deps: LinkedBusDeps) {
    this.#deps = deps;
    this.#link = new Link(first, {
      ...deps,
      open: () => deps.open(),
      adopt: (session) => {
        for (const channel of this.#channels) session.listen(channel);
        return session.settled();
      },
    });
  }

  get maxBytes(): number {
    return this.#link.session?.maxBytes ?? this.#deps.maxBytes;
  }

  publish(channel: string, body: Uint8Array): void {
    const session = this.#link.session;
    const isSent = session && body.length <= session.maxBytes && session.publish(channel, body);
    if (!isSent) this.#deps.events.dropped(1);
  }

  async listen(channels: readonly string[]): Promise<void> {
    requireChannels(channels);
    const session = this.#link.session;
    for (const channel of channels) {
      this.#channels.add(channel);
      session?.listen(channel);
    }
    await session?.settled();
  }

  ignore(channels: readonly string[]): void {
    for (const channel of channels) {
      if (this.#channels.delete(channel)) this.#link.session?.ignore(channel);
    }
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}
