import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type PostgresAddress, parseStore } from '../../config/store-url.ts';
import type { SessionSettings } from './session.ts';

/** What tests open connections with. */
export const TEST_SESSION: SessionSettings = {
  name: 'haina/test',
  statementTimeout: 30_000,
  lockTimeout: 5000,
};

/** The address that a URL means, with other parts where they are given. */
export function addressOf(url: string, other: Partial<PostgresAddress> = {}): PostgresAddress {
  const choice = parseStore(url);
  if (choice.kind !== 'postgres') throw new Error(`${url} is no URL of PostgreSQL`);
  return { ...choice.address, ...other };
}

/** Passes bytes on until it is silenced; from then on it swallows them, as a network that broke. */
export async function startProxy({ port, host }: PostgresAddress) {
  const sockets: Socket[] = [];
  const left = Promise.withResolvers<void>();
  let isSilent = false;
  const server = createServer((client) => {
    const upstream = connect(port, host);
    sockets.push(client, upstream);
    client.on('data', (bytes) => isSilent || upstream.write(bytes));
    client.on('end', left.resolve);
    upstream.on('data', (bytes) => isSilent || client.write(bytes));
    for (const socket of [client, upstream]) socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    /** Resolves once a client has hung up. */
    left: left.promise,
    silence(): void {
      isSilent = true;
    },
    close(): void {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
