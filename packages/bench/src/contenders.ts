import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { startChild } from './child.ts';
import type { Contestant } from './contestants.ts';
import { connect, makeGroup, sendFrame, subscribe } from './haina.ts';
import type { Stretch } from './rate.ts';
import { RawClient } from './raw-client.ts';
import type { Usage } from './usage/usage.ts';

export interface FanOutLoad {
  readonly subscribers: number;
  /** Messages on their way at any time. */
  readonly inFlight: number;
  readonly text: string;
}

/** A server with its clients connected. */
export interface Contender {
  /** Runs the load for about so long, ms, until nothing is on its way any more. What begins it does not count. */
  run(duration: number): Promise<Stretch>;
  /** What it took since its start, and for how many messages; where it is more than a writer of bytes. */
  usage?(): Promise<Usage & { readonly messages: number }>;
  close(): Promise<void>;
}

const RAW_SERVER = fileURLToPath(new URL('./raw-server.ts', import.meta.url));

/** What writing alone achieves: the same bytes to the same number of connections. @param frameBytes of one message */
export async function rawLimit(
  mode: 'gathered' | 'each',
  frameBytes: number,
  load: FanOutLoad,
): Promise<Contender> {
  const server = await startChild(RAW_SERVER, [String(frameBytes)], process.env);
  const subscribers = await openMany(load.subscribers, () =>
    RawClient.open(new URL('/subscriber', server.url)),
  );
  const control = await RawClient.open(new URL('/control', server.url));
  return {
    run: inRounds(subscribers, load, () => control.send(`${mode} ${load.inFlight}`)),
    close: () => closeAll([...subscribers, control], server),
  };
}

/** Fan-out of durable group messages to STOMP subscribers of the group's topic. */
export async function fanOut(load: FanOutLoad, contestant: Contestant): Promise<Contender> {
  const server = await contestant.start();
  const userIds = Array.from({ length: load.subscribers }, (_, i) => `user${i}`);
  let next = 0;
  const subscribers = await openMany(load.subscribers, () => connect(server.url, userIds[next++] as string));
  const sender = await connect(server.url, 'sender');
  await makeGroup(server.url, 'crowd', [...userIds, 'sender']);
  for (const client of subscribers) await subscribe(client, '/topic/group/crowd');
  let sent = 0;
  const start = () => {
    for (let i = 0; i < load.inFlight; i++) sender.send(sendFrame('GROUP', 'crowd', `m${sent++}`, load.text));
  };
  return {
    run: inRounds(subscribers, load, start),
    usage: async () => ({ ...(await server.usage()), messages: sent }),
    close: () => closeAll([...subscribers, sender], server),
  };
}

export async function openMany(count: number, open: () => Promise<RawClient>): Promise<RawClient[]> {
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

export async function closeAll(
  clients: readonly RawClient[],
  server: { stop(): Promise<void> },
): Promise<void> {
  for (const client of clients) client.close();
  await server.stop();
}

/** Starts as many messages as are to be on their way, again once all of them have arrived everywhere. */
function inRounds(
  subscribers: readonly RawClient[],
  { inFlight }: FanOutLoad,
  start: () => void,
): Contender['run'] {
  const expected = subscribers.length * inFlight;
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
  return async (duration) => {
    // What the others' slices took out of the caches comes back with the first round.
    await round();
    const times: number[] = [];
    const begin = performance.now();
    while (performance.now() < begin + duration) {
      const started = performance.now();
      await round();
      times.push(performance.now() - started);
    }
    return { messages: times.length * expected, elapsed: times.reduce((sum, time) => sum + time, 0), times };
  };
}
