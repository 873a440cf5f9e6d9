import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { freePort } from './postgres/server.ts';

const DEPLOY = join(import.meta.dirname, '../../../../deploy');
/** How long a balancer may take to listen, in ms. */
const PATIENCE = 10_000;

const FOLDERS = ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin'];

export type BalancerName = 'nginx' | 'haproxy';

function programOf(name: BalancerName): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Why the tests of a balancer are left out; false where they run. */
export function skipBalancer(name: BalancerName): string | false {
  return !programOf(name) && !process.env.CI && `needs ${name}: sudo apt-get install ${name}`;
}

/** A real balancer with the published configuration, but for its ports. */
export interface Balancer {
  readonly url: string;
  readonly wsUrl: string;
  /** Where HAProxy tells the state of its servers. */
  readonly stateUrl: string;
  stop(): Promise<void>;
}

/** @param nodes addresses in place of `haina-1:8080` and so on; where there are more names, nothing listens at the others */
export async function startBalancer(name: BalancerName, nodes: readonly string[]): Promise<Balancer> {
  const folder = await mkdtemp(join(tmpdir(), `haina-${name}-`));
  // The workers of nginx are no root.
  await chmod(folder, 0o755);
  const [port, statePort, deadPort] = [await freePort(), await freePort(), await freePort()];
  const own = await readFile(
    join(DEPLOY, name === 'nginx' ? 'nginx/haina.conf' : 'haproxy/haproxy.cfg'),
    'utf8',
  );
  const config = own
    .replaceAll(/haina-(\d):8080/g, (_, number) => nodes[number - 1] ?? `127.0.0.1:${deadPort}`)
    .replace('listen 80;', `listen 127.0.0.1:${port};`)
    .replace('bind :80\n', `bind 127.0.0.1:${port}\n`)
    .replace('127.0.0.1:8404', `127.0.0.1:${statePort}`);
  await writeFile(join(folder, 'haina.conf'), config);
  const child = spawn(programOf(name) ?? name, await ARGUMENTS[name](folder), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await listening(child, port);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    wsUrl: url.replace('http', 'ws'),
    stateUrl: `http://127.0.0.1:${statePort}`,
    async stop() {
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

const ARGUMENTS: Readonly<Record<BalancerName, (folder: string) => Promise<string[]>>> = {
  async nginx(folder) {
    const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const main = `
      daemon off; master_process on; worker_processes 1; pid ${folder}/pid; error_log stderr warn;
      events { worker_connections 4096; }
      http { ${places.map((each) => `${each}_temp_path ${folder}/${each};`).join(' ')} include ${folder}/haina.conf; }`;
    await writeFile(join(folder, 'nginx.conf'), main);
    return ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')];
  },
  haproxy: async (folder) => ['-db', '-f', join(folder, 'haina.conf')],
};

/** Resolves once something answers at the port. Rejects with what the program said, where it ends or takes too long. */
async function listening(child: ChildProcess, port: number): Promise<void> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stdout?.resume();
  for (const end = performance.now() + PATIENCE; ; await endOfTurn()) {
    if (child.exitCode !== null || performance.now() > end)
      throw new Error(`the balancer did not start: ${said}`);
    const socket = connect(port, '127.0.0.1');
    const isThere = await new Promise<boolean>((resolve) => {
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    });
    socket.destroy();
    if (isThere) return;
  }
}
