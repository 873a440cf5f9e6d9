import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { startChild } from './child.ts';
import { connect, makeGroup, sendFrame, startHaina, subscribe } from './haina.ts';
import { RawClient } from './raw-client.ts';

export interface Rate {
  readonly perSecond: number;
  /** Of one message, from sending it to its last arrival or confirmation, ms. */
  readonly p50: number;
  readonly p99: number;
}

export interface Load {
  readonly subscribers: number;
  /** Messages on their way at any time. */
  readonly inFlight: number;
  /** Of the measurement, ms. */
  readonly duration: number;
  readonly text: string;
}

const RAW_SERVER = fileURLToPath(new URL('./raw-server.ts', import.meta.url));
const WARM_UP = 1000;

/** What writing alone achieves: the same bytes to the same number of connections. @param frameBytes of one message */
export async function rawLimit(mode: 'gathered' | 'each', frameBytes: number, load: Load): Promise<Rate> {
  const server = await startChild(RAW_SERVER, [String(frameBytes)]);
  const subscribers = await openMany(load.subscribers, () =>
    RawClient.open(new URL('/subscriber', server.url)),
  );
  const control = await RawClient.open(new URL('/control', server.url));
  const rate = await measureRounds(subscribers, load, () => control.send(`${mode} ${load.inFlight}`));
  for (const client of [...subscribers, control]) client.close();
  await server.stop();
  return rate;
}

/** Fan-out of durable group messages to STOMP subscribers of the group's topic. */
export async function fanOut(load: Load): Promise<Rate> {
  const server = await startHaina();
  const userIds = Array.from({ length: load.subscribers }, (_, i) => `user${i}`);
  let next = 0;
  const subscribers = await openMany(load.subscribers, () => connect(server.url, userIds[next++] as string));
  const sender = await connect(server.url, 'sender');
  await makeGroup(server.url, 'crowd', [...userIds, 'sender']);
  for (const client of subscribers) await subscribe(client, '/topic/group/crowd');
  let sent = 0;
  const rate = await measureRounds(subscribers, load, () => {
    for (let i = 0; i < load.inFlight; i++) sender.send(sendFrame('GROUP', 'crowd', `m${sent++}`, load.text));
  });
  for (const client of [...subscribers, sender]) client.close();
  await server.stop();
  return rate;
}

/** Durable messages between pairs of users, each confirmed by a RECEIPT and delivered to the other. */
export async function oneToOne(pairs: number, load: Load): Promise<Rate> {
  const server = await startHaina();
  let next = 0;
  const receivers = await openMany(pairs, () => connect(server.url, `to${next++}`));
  for (const client of receivers) await subscribe(client, '/user/queue/messages');
  next = 0;
  const senders = await openMany(pairs, () => connect(server.url, `from${next++}`));
  const rate = await measureSends(senders, receivers, load);
  for (const client of [...senders, ...receivers]) client.close();
  await server.stop();
  return rate;
}

async function openMany(count: number, open: () => Promise<RawClient>): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  const lane = async () => {
    while (clients.length < count) {
      const index = clients.push(undefined as never) - 1;
      clients[index] = await open();
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  return clients;
}

/** Starts a round of messages whenever the last one has arrived everywhere. */
async function measureRounds(
  subscribers: readonly RawClient[],
  load: Load,
  start: () => void,
): Promise<Rate> {
  const expected = subscribers.length * load.inFlight;
  let arrived = 0;
  let roundDone = () => {};
  for (const client of subscribers) {
    client.onFrames = (count) => {
      arrived += count;
      if (arrived >= expected) roundDone();
    };
  }
  const round = () =>
    new Promise<void>((resolve) => {
      arrived = 0;
      roundDone = resolve;
      start();
    });
  const times: number[] = [];
  const warmUntil = performance.now() + WARM_UP;
  while (performance.now() < warmUntil) await round();
  const begin = performance.now();
  while (performance.now() < begin + load.duration) {
    const started = performance.now();
    await round();
    times.push(performance.now() - started);
  }
  const perSecond = (times.length * expected * 1000) / (performance.now() - begin);
  return { perSecond, ...percentiles(times) };
}

/** Each sender keeps its share of messages unconfirmed; what counts is confirmed and delivered. */
async function measureSends(
  senders: readonly RawClient[],
  receivers: readonly RawClient[],
  { inFlight, duration, text }: Load,
): Promise<Rate> {
  let confirmed = 0;
  let delivered = 0;
  let running = true;
  const times: number[] = [];
  const window = Math.max(1, Math.round(inFlight / senders.length));
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
    for (let i = 0; i < window; i++) send();
  }
  await new Promise((resolve) => setTimeout(resolve, WARM_UP));
  const [confirmedBefore, deliveredBefore, begin] = [confirmed, delivered, performance.now()];
  times.length = 0;
  await new Promise((resolve) => setTimeout(resolve, duration));
  const seconds = (performance.now() - begin) / 1000;
  const perSecond = Math.min(confirmed - confirmedBefore, delivered - deliveredBefore) / seconds;
  running = false;
  return { perSecond, ...percentiles(times) };
}

function percentiles(times: number[]): { p50: number; p99: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}
