import type { CoreEvent } from '../../core/events.ts';
import type { FanOut } from '../../hub/fan-out.ts';
import type { Cell } from '../../observe/tally.ts';
import type { Connection } from '../../transport/connection.ts';
import { Batch, Payload } from '../../transport/payload.ts';
import type { Sealing } from './sealing.ts';

export interface OutputCounters {
  /** Frames written. */
  readonly frames: Cell;
  /** Messages among them. */
  readonly deliveries: Cell;
}

/** Messages of a fan-out, counted once for all who get it. */
const messageCounts = new WeakMap<FanOut, number>();

/** Writes to one client: the buffers that all share, or what is sealed for this one alone. */
export class Output {
  readonly #connection: Connection;
  readonly #counters: OutputCounters;
  #sealing: Sealing | undefined;

  constructor(connection: Connection, counters: OutputCounters) {
    this.#connection = connection;
    this.#counters = counters;
  }

  /** Seals what is written from now on. */
  sealWith(sealing: Sealing): void {
    this.#sealing = sealing;
  }

  /** One document to this client alone. */
  send(document: object | Buffer): void {
    const content = Buffer.isBuffer(document) ? document : Buffer.from(JSON.stringify(document));
    this.#write(Batch.of(new Payload(content)));
  }

  /** What happened in a room. Returns whether it was taken. */
  fanOut(fanOut: FanOut): boolean {
    this.#write(fanOut.batch);
    this.#counters.deliveries.value += messagesIn(fanOut);
    return this.#connection.isOpen;
  }

  #write(batch: Batch): void {
    const sealing = this.#sealing;
    this.#counters.frames.value += batch.payloads.length;
    if (!sealing) this.#connection.write(batch);
    else {
      const sealed = batch.payloads.map(({ data }) => Payload.text(sealing.seal(data)));
      this.#connection.write(new Batch(sealed));
    }
  }
}

function messagesIn(fanOut: FanOut): number {
  let count = messageCounts.get(fanOut);
  if (count === undefined) {
    count = fanOut.items.filter(({ event }) => isMessage(event)).length;
    messageCounts.set(fanOut, count);
  }
  return count;
}

function isMessage({ type }: CoreEvent): boolean {
  return type === 'message.created' || type === 'message.changed';
}
