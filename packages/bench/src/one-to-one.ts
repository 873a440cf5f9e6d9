import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { closeAll, openMany } from './contenders.ts';
import { connect, sendFrame, startHaina, subscribe } from './haina.ts';
import { type Rate, rateOf } from './rate.ts';
import type { RawClient } from './raw-client.ts';

export interface PairsLoad {
  readonly pairs: number;
  /** Messages of a pair on their way at any time. */
  readonly inFlight: number;
  /** Of the measurement, ms. */
  readonly duration: number;
  readonly text: string;
}

const WARM_UP = 3000;

/** Durable messages between pairs of users, each confirmed by a RECEIPT and delivered to the other. */
export async function oneToOne(load: PairsLoad): Promise<Rate> {
  const server = await startHaina();
  let next = 0;
  const receivers = await openMany(load.pairs, () => connect(server.url, `to${next++}`));
  for (const client of receivers) await subscribe(client, '/user/queue/messages');
  next = 0;
  const senders = await openMany(load.pairs, () => connect(server.url, `from${next++}`));
  const rate = await measureSends(senders, receivers, load);
  await closeAll([...senders, ...receivers], server);
  return rate;
}

/** Each sender keeps its share of messages unconfirmed; what counts is confirmed and delivered. */
async function measureSends(
  senders: readonly RawClient[],
  receivers: readonly RawClient[],
  { inFlight, duration, text }: PairsLoad,
): Promise<Rate> {
  let confirmed = 0;
  let delivered = 0;
  let running = true;
  const times: number[] = [];
  for (const client of receivers) {
    client.onFrames = (count) => {
      delivered += count;
    };
  }
  for (const [index, client] of senders.entries()) {
    let sent = 0;
    const startedAt: number[] = [];
    const send = () => {
      startedAt.push(performance.now());
      client.send(sendFrame('SINGLE', `to${index}`, `from${index}-${sent++}`, text));
    };
    client.onFrames = (count) => {
      confirmed += count;
      for (let i = 0; i < count; i++) {
        times.push(performance.now() - (startedAt.shift() as number));
        if (running) send();
      }
    };
    for (let i = 0; i < inFlight; i++) send();
  }
  await delay(WARM_UP);
  const [confirmedBefore, deliveredBefore, begin] = [confirmed, delivered, performance.now()];
  times.length = 0;
  await delay(duration);
  const messages = Math.min(confirmed - confirmedBefore, delivered - deliveredBefore);
  const rate = rateOf(messages, performance.now() - begin, times);
  running = false;
  return rate;
}
