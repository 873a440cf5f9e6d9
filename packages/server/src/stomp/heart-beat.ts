import { StompProtocolError } from '@haina/wire';
import type { Connection } from '../transport/connection.ts';
import { Batch, Payload } from '../transport/payload.ts';
import type { Cancel, Timers } from './timers.ts';

/** What was agreed on, in milliseconds; 0 for nothing. */
export interface HeartBeatTerms {
  /** The server sends something at least this often. */
  readonly outgoing: number;
  /** The client sends something at least this often. */
  readonly incoming: number;
}

export const NO_HEART_BEAT: HeartBeatTerms = { outgoing: 0, incoming: 0 };

/** The longest delay a timer can have. */
const LONGEST = 2 ** 31 - 1;

/** Reads a `heart-beat` header: what its sender can do, and what it wants (STOMP 1.2, "Heart-beating"). */
export function parseHeartBeat(value: string | undefined): readonly [sends: number, wants: number] {
  if (value === undefined) return [0, 0];
  const [, sends, wants] = /^(\d{1,10}),(\d{1,10})$/.exec(value) ?? [];
  const pair = [Number(sends), Number(wants)] as const;
  if (pair.every((milliseconds) => milliseconds <= LONGEST)) return pair;
  throw new StompProtocolError(
    'Invalid heart-beat',
    'The header heart-beat must be two counts of milliseconds, such as 10000,10000.',
  );
}

/** Neither side is asked for more than it can, nor given less than it wants; a zero on one side switches off. */
export function agreeOnHeartBeat(
  [serverSends, serverWants]: readonly [number, number],
  [clientSends, clientWants]: readonly [number, number],
): HeartBeatTerms {
  return { outgoing: slower(serverSends, clientWants), incoming: slower(clientSends, serverWants) };
}

function slower(can: number, wants: number): number {
  return can === 0 || wants === 0 ? 0 : Math.max(can, wants);
}

/** A client may be late by the time the network takes; twice the agreed time is what brokers allow. */
const PATIENCE = 2;
/** Ticks in an interval. With one, nearly two intervals could pass in silence; with more, fewer needless beats. */
const RESOLUTION = 4;

const LINE_END = Batch.of(Payload.text('\n'));

/**
 * Keeps the heart-beats of one session, on at most one timer.
 *
 * Time is counted in ticks without traffic, not read from a clock: a message costs a field write, and ticks that a
 * stalled process missed are not held against the client.
 */
export class HeartBeat {
  readonly terms: HeartBeatTerms;
  readonly #connection: Connection;
  /** Ticks without a write after which the server must write. */
  readonly #idleLimit: number;
  /** Ticks without a read after which the client is given up. */
  readonly #silenceLimit: number;
  readonly #missed: () => void;
  readonly #cancel: Cancel | undefined;
  #enqueuedBytes: number;
  #idle = 0;
  #silence = 0;

  /** @param missed called when the client was silent for too long, and again if it stays so */
  constructor(terms: HeartBeatTerms, connection: Connection, timers: Timers, missed: () => void) {
    this.terms = terms;
    const { outgoing, incoming } = terms;
    const tick = Math.max(Math.floor(Math.min(outgoing || LONGEST, incoming || LONGEST) / RESOLUTION), 1);
    this.#connection = connection;
    // The write may have come right after a tick: it is one tick older than counted.
    this.#idleLimit =
      outgoing === 0 ? Number.POSITIVE_INFINITY : Math.max(Math.floor(outgoing / tick) - 1, 1);
    this.#silenceLimit = incoming === 0 ? Number.POSITIVE_INFINITY : Math.ceil((PATIENCE * incoming) / tick);
    this.#missed = missed;
    this.#enqueuedBytes = connection.enqueuedBytes;
    const isNeeded = outgoing > 0 || incoming > 0;
    this.#cancel = isNeeded ? timers.every(tick, () => this.#tick()) : undefined;
  }

  /** Something came from the client. */
  heard(): void {
    this.#silence = 0;
  }

  stop(): void {
    this.#cancel?.();
  }

  #tick(): void {
    this.#keepAlive();
    this.#silence += 1;
    if (this.#silence <= this.#silenceLimit) return;
    this.#silence = 0;
    this.#missed();
  }

  #keepAlive(): void {
    const wasIdle = this.#connection.enqueuedBytes === this.#enqueuedBytes;
    this.#idle = wasIdle ? this.#idle + 1 : 0;
    if (this.#idle >= this.#idleLimit) {
      this.#connection.write(LINE_END);
      this.#idle = 0;
    }
    this.#enqueuedBytes = this.#connection.enqueuedBytes;
  }
}
