// A lock between processes of one machine, held as long as its owner lives: it is a local socket that listens, which the
// system closes however the owner ends.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Resolves once this process has the lock of that name, with a function that lets go of it.
 *
 * @param {string} name
 * @param {() => void} waiting called once, where another process has it
 */
export async function lock(name, waiting = () => {}) {
  const path = pathOf(createHash('sha256').update(name).digest('hex').slice(0, 32));
  for (let isTold = false; ; isTold = true) {
    const server = await listen(path);
    if (server) return () => server.close();
    if (!isTold) waiting();
    await released(path);
  }
}

/** Linux and Windows have names that are in no folder, and gone with their owner. */
function pathOf(id) {
  if (process.platform === 'linux') return `\0haina-${id}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\haina-${id}`;
  return join(tmpdir(), `haina-${id}.sock`);
}

async function listen(path) {
  const server = createServer();
  server.listen(path);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (error.code !== 'EADDRINUSE') throw error;
    return undefined;
  }
  return server.unref();
}

/** The owner takes no connection, but its end ends all that wait to be taken. */
async function released(path) {
  const socket = connect(path).resume();
  let failure;
  socket.on('error', (error) => {
    failure = error;
  });
  await new Promise((resolve) => socket.once('close', resolve));
  // A file that an owner left behind which had no time to remove it.
  if (failure?.code === 'ECONNREFUSED' && !path.startsWith('\0')) rmSync(path, { force: true });
}
