import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';

const PLACES = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'];
const FOUND = PLACES.find((path) => existsSync(path));

/** Why tests that need Redis are left out; false where they run. */
export const SKIP_REDIS =
  FOUND === undefined && !process.env.CI && 'needs redis-server: sudo apt-get install redis-server';

/** A real Redis on a port and in a folder of its own. It ends with this process. */
export class RedisServer {
  readonly #dataDir: string;
  readonly #args: readonly string[];
  readonly port: number;
  #process: ChildProcess | undefined;
  readonly #endWithUs = () => this.#process?.kill('SIGKILL');

  private constructor(dataDir: string, port: number, args: readonly string[]) {
    this.#dataDir = dataDir;
    this.#args = args;
    this.port = port;
    process.on('exit', this.#endWithUs);
  }

  /** @param args further ones, such as `--requirepass`; `--tls-only` before them for a port with TLS */
  static async start(...args: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await mkdtemp(join(tmpdir(), 'haina-redis-')), await freePort(), args);
    await server.resume();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, with what it has on disk. */
  async resume(): Promise<void> {
    const port = this.#args[0] === '--tls-only' ? ['--port', '0', '--tls-port'] : ['--port'];
    const own = [...port, `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#dataDir, '--save', ''];
    const started = spawn(
      FOUND ?? 'redis-server',
      [...own, ...this.#args.filter((arg) => arg !== '--tls-only')],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    this.#process = started;
    await new Promise<void>((resolve, reject) => {
      let log = '';
      started.on('error', reject);
      started.on('exit', (code) => reject(new Error(`redis-server ended with ${code}: ${log}`)));
      started.stdout?.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        if (/Ready to accept connections|Server initialized/.test(log)) resolve();
      });
    });
  }

  /** kill -9. Its folder and its port stay. */
  async kill9(): Promise<void> {
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    running.kill('SIGKILL');
    await once(running, 'exit');
  }

  /** It answers nothing, while its socket takes connections and bytes. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Runs one command, as an operator does. */
  async command(...args: string[]): Promise<unknown> {
    const client = createClient({ url: this.url, disableClientInfo: true });
    client.on('error', () => {});
    await client.connect();
    try {
      return await client.sendCommand(args);
    } finally {
      await client.close();
    }
  }

  /** Ends the connections of all others. */
  async cutAll(): Promise<void> {
    await this.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  }

  async stop(): Promise<void> {
    await this.kill9();
    process.off('exit', this.#endWithUs);
    await rm(this.#dataDir, { recursive: true });
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
