import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type Contender, closeAll, openMany } from './contenders.ts';
import type { Contestant } from './contestants.ts';
import { connect, sendFrame, subscribe } from './haina.ts';
import type { Stretch } from './rate.ts';
import type { RawClient } from './raw-client.ts';

export interface PairsLoad {
  readonly pairs: number;
  /** Messages of a pair on their way at any time. */
  readonly inFlight: number;
  readonly text: string;
}

/** What begins a stretch and does not count, ms: until as much is on its way as is meant to be. */
const RUN_UP = 100;

/** Durable messages between pairs of users, each confirmed by a RECEIPT and delivered to the other. */
export async function oneToOne(load: PairsLoad, contestant: Contestant): Promise<Contender> {
  const server = await contestant.start();
  let next = 0;
  const receivers = await openMany(load.pairs, () => connect(server.url, `to${next++}`));
  for (const client of receivers) await subscribe(client, '/user/queue/messages');
  next = 0;
  const senders = await openMany(load.pairs, () => connect(server.url, `from${next++}`));
  const traffic = new Traffic(senders, receivers, load);
  return {
    run: (duration) => traffic.run(duration),
    usage: async () => ({ ...(await server.usage()), messages: traffic.sent }),
    close: () => closeAll([...senders, ...receivers], server),
  };
}

/** Each sender keeps its share of messages unconfirmed; what counts is confirmed and delivered. */
class Traffic {
  readonly #senders: readonly RawClient[];
  readonly #load: PairsLoad;
  readonly #startedAt: number[][];
  sent = 0;
  #confirmed = 0;
  #delivered = 0;
  #isRunning = false;
  #times: number[] = [];
  #drained = () => {};

  constructor(senders: readonly RawClient[], receivers: readonly RawClient[], load: PairsLoad) {
    this.#senders = senders;
    this.#load = load;
    this.#startedAt = senders.map(() => []);
    for (const client of receivers) {
      client.onFrames = (count) => {
        this.#delivered += count;
        this.#look();
      };
    }
    for (const [index, client] of senders.entries()) {
      client.onFrames = (count) => this.#onConfirmed(index, count);
    }
  }

  async run(duration: number): Promise<Stretch> {
    this.#isRunning = true;
    for (const index of this.#senders.keys()) {
      for (let i = 0; i < this.#load.inFlight; i++) this.#send(index);
    }
    await delay(RUN_UP);
    this.#times = [];
    const [confirmed, delivered, begin] = [this.#confirmed, this.#delivered, performance.now()];
    await delay(duration);
    const messages = Math.min(this.#confirmed - confirmed, this.#delivered - delivered);
    const stretch = { messages, elapsed: performance.now() - begin, times: this.#times };
    this.#times = [];
    await this.#drain();
    return stretch;
  }

  /** Resolves once everything has arrived, so that it falls into nobody else's stretch. */
  async #drain(): Promise<void> {
    this.#isRunning = false;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
      this.#look();
    });
    this.#drained = () => {};
  }

  #look(): void {
    if (!this.#isRunning && this.#confirmed >= this.sent && this.#delivered >= this.sent) this.#drained();
  }

  #onConfirmed(index: number, count: number): void {
    this.#confirmed += count;
    for (let i = 0; i < count; i++) {
      this.#times.push(performance.now() - (this.#startedAt[index]?.shift() as number));
      if (this.#isRunning) this.#send(index);
    }
    this.#look();
  }

  #send(index: number): void {
    this.#startedAt[index]?.push(performance.now());
    const frame = sendFrame('SINGLE', `to${index}`, `from${index}-${this.sent++}`, this.#load.text);
    this.#senders[index]?.send(frame);
  }
}
