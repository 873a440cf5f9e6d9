import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PLACES = ['/usr/sbin/nats-server', '/usr/bin/nats-server', '/usr/local/bin/nats-server'];
const FOUND = PLACES.find((path) => existsSync(path));

/** Why tests that need NATS are left out; false where they run. */
export const SKIP_NATS =
  FOUND === undefined && !process.env.CI && 'needs nats-server: sudo apt-get install nats-server';

/** A real NATS server with JetStream, on a port and in a folder of its own. */
export class NatsServer {
  readonly #dataDir: string;
  readonly #args: readonly string[];
  #port = -1;
  #process: ChildProcess | undefined;

  private constructor(dataDir: string, args: readonly string[]) {
    this.#dataDir = dataDir;
    this.#args = args;
  }

  /** @param args further ones, such as `--auth` */
  static async start(...args: readonly string[]): Promise<NatsServer> {
    const server = new NatsServer(await mkdtemp(join(tmpdir(), 'haina-nats-')), args);
    await server.resume();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  /** Ends the process; its folder and its port stay. */
  pause(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** The same without a goodbye to whoever is connected. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Has it do nothing until `thaw`, its connections staying open. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Starts it, the first time on any free port. */
  async resume(): Promise<void> {
    const args = ['-js', '-sd', this.#dataDir, '-a', '127.0.0.1', '-p', String(this.#port), ...this.#args];
    const started = spawn(FOUND ?? 'nats-server', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = started;
    this.#port = await new Promise((resolve, reject) => {
      let log = '';
      let port = -1;
      started.on('error', reject);
      started.on('exit', (code) => reject(new Error(`nats-server ended with ${code}: ${log}`)));
      started.stderr?.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        port = Number(/Listening for client connections on \S+:(\d+)/.exec(log)?.[1] ?? port);
        if (port > 0 && log.includes('Server is ready')) resolve(port);
      });
    });
  }

  async stop(): Promise<void> {
    await this.pause();
    await rm(this.#dataDir, { recursive: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    running.kill(signal);
    await once(running, 'exit');
  }
}
