import { fileURLToPath } from 'node:url';
import { startChild } from './child.ts';
import { connect, makeGroup, sendFrame, startHaina, subscribe } from './haina.ts';
import { RawClient } from './raw-client.ts';

export interface FanOutLoad {
  readonly subscribers: number;
  /** Messages on their way at any time. */
  readonly inFlight: number;
  readonly text: string;
}

/** A server with its subscribers connected. */
export interface Contender {
  /** Starts as many messages as are to be on their way; resolves once all of them have arrived everywhere. */
  round(): Promise<void>;
  close(): Promise<void>;
}

const RAW_SERVER = fileURLToPath(new URL('./raw-server.ts', import.meta.url));

/** What writing alone achieves: the same bytes to the same number of connections. @param frameBytes of one message */
export async function rawLimit(
  mode: 'gathered' | 'each',
  frameBytes: number,
  load: FanOutLoad,
): Promise<Contender> {
  const server = await startChild(RAW_SERVER, [String(frameBytes)]);
  const subscribers = await openMany(load.subscribers, () =>
    RawClient.open(new URL('/subscriber', server.url)),
  );
  const control = await RawClient.open(new URL('/control', server.url));
  return {
    round: rounds(subscribers, load, () => control.send(`${mode} ${load.inFlight}`)),
    close: () => closeAll([...subscribers, control], server),
  };
}

/** Fan-out of durable group messages to STOMP subscribers of the group's topic. */
export async function fanOut(load: FanOutLoad): Promise<Contender> {
  const server = await startHaina();
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
    round: rounds(subscribers, load, start),
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

function rounds(subscribers: readonly RawClient[], load: FanOutLoad, start: () => void): () => Promise<void> {
  const expected = subscribers.length * load.inFlight;
  let arrived = 0;
  let roundDone = () => {};
  for (const client of subscribers) {
    client.onFrames = (count) => {
      arrived += count;
      if (arrived >= expected) roundDone();
    };
  }
  return () =>
    new Promise<void>((resolve) => {
      arrived = 0;
      roundDone = resolve;
      start();
    });
}
