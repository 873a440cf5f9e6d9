import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Timers } from '../../core/ports/timers.ts';
import type { Connection } from '../../store/postgres/connect.ts';
import type { BusEvents, BusMember } from '../bus.ts';
import type { BusSession } from '../linked-bus.ts';
import { bodyOf, channelOf, encode, pack, unpack } from './payloads.ts';

/** Between the beginnings of two statements, in ms: all transactions of a database that notify wait for each other. */
const INTERVAL = 5;
/** Characters that may wait to be sent, and those of one statement. */
const MAX_WAITING = 4_194_304;
const MAX_STATEMENT = 131_072;
/** How often a server that is told nothing is asked whether it is there, in ms. */
const PING_INTERVAL = 2000;
/** How long what waits may take to be sent at the end, in ms. */
const CLOSE_TIMEOUT = 1000;

export interface NotifySessionDeps extends BusMember {
  readonly events: Pick<BusEvents, 'received' | 'dropped'>;
  readonly timers: Timers;
  readonly maxBytes: number;
  /** Resolves with the reason once the connection is gone. */
  readonly lost: Promise<Error>;
}

/** One connection that listens to PostgreSQL's channel of the cluster, and notifies it. */
export class NotifySession implements BusSession {
  readonly maxBytes: number;
  readonly ended: Promise<string>;
  readonly #connection: Connection;
  readonly #deps: NotifySessionDeps;
  readonly #name: string;
  readonly #channels = new Set<string>();
  readonly #over = Promise.withResolvers<string>();
  /** Lines of payloads, the oldest first. */
  #waiting: string[] = [];
  #waitingSize = 0;
  #sending: Promise<void> | undefined;
  #count = 0;
  #cancelPing = (): void => {};

  private constructor(connection: Connection, deps: NotifySessionDeps) {
    this.#connection = connection;
    this.#deps = deps;
    this.#name = channelName(deps.cluster);
    this.maxBytes = deps.maxBytes;
    this.ended = this.#over.promise;
    void deps.lost.then(({ message }) => this.#end(message));
    connection.client.on('notification', ({ payload = '' }) => this.#received(payload));
  }

  /** Takes the connection over; it is closed where it can't be used. */
  static async open(connection: Connection, deps: NotifySessionDeps): Promise<NotifySession> {
    const session = new NotifySession(connection, deps);
    try {
      // A hint need not be on disk: a NOTIFY is a transaction, and would wait for it.
      await connection.query({ text: 'SET synchronous_commit = off' });
      await connection.query({ text: `LISTEN ${session.#name}` });
    } catch (error) {
      await connection.close();
      throw error;
    }
    session.#ping();
    return session;
  }

  publish(channel: string, body: Uint8Array): boolean {
    if (!this.#connection.isOpen || this.#waitingSize > MAX_WAITING) return false;
    const line = encode(channel, body);
    this.#waiting.push(line);
    this.#waitingSize += line.length;
    this.#sending ??= this.#send();
    return true;
  }

  listen(channel: string): void {
    this.#channels.add(channel);
  }

  ignore(channel: string): void {
    this.#channels.delete(channel);
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const cancel = this.#deps.timers.after(CLOSE_TIMEOUT, late.resolve);
    await Promise.race([this.#sending, late.promise]);
    cancel();
    this.#channels.clear();
    await this.#connection.close();
    this.#end('closed');
  }

  #end(reason: string): void {
    this.#cancelPing();
    this.#drop(this.#waiting.length);
    this.#waiting = [];
    this.#over.resolve(reason);
  }

  /** One statement after the other, until nothing waits. */
  async #send(): Promise<void> {
    // What comes in this turn of the event loop goes with it.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0 && this.#connection.isOpen) {
      const begun = performance.now();
      await this.#notify(this.#take());
      const left = INTERVAL - (performance.now() - begun);
      // By the system's own clock, as a stop waits for it.
      if (left > 0) await setTimeout(left);
    }
    this.#sending = undefined;
  }

  #take(): string[] {
    let size = 0;
    let count = 0;
    for (const { length } of this.#waiting) {
      if (size + length > MAX_STATEMENT) break;
      size += length;
      count += 1;
    }
    this.#waitingSize -= size;
    return this.#waiting.splice(0, count);
  }

  async #notify(lines: string[]): Promise<void> {
    const payloads = pack(lines, () => `${this.#deps.node} ${this.#count++}`);
    try {
      await this.#connection.query({
        text: 'SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS told (payload)',
        values: [this.#name, payloads],
      });
    } catch {
      // Whether they were told, nobody knows; a connection that is gone is told of by `ended`.
      this.#drop(lines.length);
    }
  }

  #drop(count: number): void {
    if (count > 0) this.#deps.events.dropped(count);
  }

  #received(payload: string): void {
    const [head, lines] = unpack(payload);
    const from = head.slice(0, head.indexOf(' '));
    if (from === this.#deps.node) return;
    for (const line of lines) {
      const channel = channelOf(line);
      if (this.#channels.has(channel)) this.#deps.events.received(channel, bodyOf(line), from);
    }
  }

  /** A statement without an answer ends the connection. */
  #ping(): void {
    this.#cancelPing = this.#deps.timers.after(PING_INTERVAL, () => {
      const answered = this.#sending ?? this.#connection.query({ text: 'SELECT' });
      void Promise.resolve(answered).then(
        () => this.#connection.isOpen && this.#ping(),
        () => this.#connection.isOpen && this.#ping(),
      );
    });
  }
}

/** PostgreSQL's own, of at most 63 bytes. */
function channelName(cluster: string): string {
  return `haina_bus_${createHash('sha256').update(cluster).digest('hex').slice(0, 32)}`;
}
