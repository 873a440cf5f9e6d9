import { createConnection } from 'node:net';

const USUAL_PORT = '4222';

/** Somebody else than NATS answers. */
export class NotNats extends Error {
  override readonly name = 'NotNats';
}

/**
 * Resolves once a NATS server at `host:port` says who it is. The library keeps the socket open for ever where nobody does.
 *
 * @param timeout in ms
 */
export async function greeted(server: string, timeout: number): Promise<void> {
  const { hostname, port } = new URL(`nats://${server}`);
  const socket = createConnection(Number(port || USUAL_PORT), hostname.replace(/^\[(.*)\]$/, '$1'));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error('nothing answers there as NATS does')), timeout);
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('the server closed the connection')));
  socket.once('data', (bytes) => {
    if (/^INFO \{/.test(bytes.toString('latin1'))) resolve();
    else reject(new NotNats('it says something else than NATS'));
  });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
