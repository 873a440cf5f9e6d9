import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import pg from 'pg';
import { handOver, makeDataFolder, SUPERUSER } from './data-folder.ts';
import { Guardian } from './guardian.ts';
import { POSTGRES, type PostgresProgram } from './program.ts';

/** How PostgreSQL stops: it waits for clients to leave, throws them out, or stops as at a crash. */
export type StopMode = 'smart' | 'fast' | 'immediate';

const SIGNALS: Readonly<Record<StopMode, NodeJS.Signals>> = {
  smart: 'SIGTERM',
  fast: 'SIGINT',
  immediate: 'SIGQUIT',
};

/** Owns the databases that tests make; no superuser, as in production. */
export const OWNER = { name: 'haina', password: 'p@ss/word of the tests' };

/** Durable as in production. Small, as several of them run at once. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  fsync: 'on',
  shared_buffers: '64MB',
  max_connections: '100',
  lc_messages: 'C',
  logging_collector: 'off',
};

/** How often a start is tried on another port, when somebody else took the one that was free just now. */
const PORT_TRIES = 5;

export interface PostgresOptions {
  /** Of `postgresql.conf`, beside those of every test. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Files of the data folder, by their names: certificates and keys. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Starts a PostgreSQL on a port and in a folder of its own. It ends with this process at the latest. */
export function startPostgres(options?: PostgresOptions): Promise<PostgresServer> {
  return PostgresServer.start(options);
}

let shared: Promise<PostgresServer> | undefined;

/** The server of all tests of this process that need none of their own: started by the first who asks. */
export function sharedPostgres(): Promise<PostgresServer> {
  shared ??= startPostgres();
  return shared;
}

/** A real PostgreSQL. */
export class PostgresServer {
  /** Holds its data and its socket. */
  readonly folder: string;
  readonly #program: PostgresProgram;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #guardian: Guardian;
  #port = 0;
  #process: ChildProcess | undefined;
  #log = '';
  #databases = 0;

  private constructor(program: PostgresProgram, { settings, files = {} }: PostgresOptions) {
    this.#program = program;
    this.#settings = { ...SETTINGS, ...settings };
    this.folder = makeDataFolder(program);
    this.#guardian = new Guardian(this.folder);
    for (const [name, text] of Object.entries(files)) {
      const file = join(this.folder, 'data', name);
      writeFileSync(file, text, { mode: 0o600 });
      handOver(program, file);
    }
  }

  static async start(options: PostgresOptions = {}): Promise<PostgresServer> {
    if (!POSTGRES) throw new Error('PostgreSQL is missing: sudo apt-get install postgresql');
    const server = new PostgresServer(POSTGRES, options);
    try {
      await server.#startOnFreePort();
      const { name, password } = OWNER;
      await server.admin(`CREATE ROLE ${name} LOGIN PASSWORD ${pg.escapeLiteral(password)}`);
      return server;
    } catch (error) {
      await server.dispose();
      throw error;
    }
  }

  /** Of the superuser's own database. */
  get url(): string {
    return this.urlOf('postgres', SUPERUSER);
  }

  get port(): number {
    return this.#port;
  }

  /** Of the process that started all others; throws where none runs. */
  get pid(): number {
    const { pid } = this.#running();
    if (pid === undefined) throw new Error('PostgreSQL could not be started');
    return pid;
  }

  /** What it logged since its first start. */
  get log(): string {
    return this.#log;
  }

  urlOf(database: string, { name, password } = OWNER): string {
    return `postgres://${name}:${encodeURIComponent(password)}@127.0.0.1:${this.#port}/${database}`;
  }

  /**
   * Makes an empty database and tells its owner's URL.
   *
   * @param options what else `CREATE DATABASE` is to know, such as `TEMPLATE template0 ENCODING 'LATIN1'`
   */
  async createDatabase(options = ''): Promise<string> {
    this.#databases += 1;
    const name = `test_${this.#databases}`;
    await this.admin(`CREATE DATABASE ${name} OWNER ${OWNER.name} ${options}`);
    return this.urlOf(name);
  }

  /** Removes a database that `createDatabase` made, with whoever uses it. */
  async dropDatabase(url: string): Promise<void> {
    await this.admin(`DROP DATABASE ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
  }

  /** Runs a statement as superuser, in the superuser's own database or that of a URL. */
  async admin(sql: string, url = this.url): Promise<Record<string, unknown>[]> {
    const client = new pg.Client(this.urlOf(new URL(url).pathname.slice(1), SUPERUSER));
    // A server that is stopped meanwhile fails the statement, too.
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** Stops it; `restart` finds the data as they are. */
  async stop(mode: StopMode = 'fast'): Promise<void> {
    await this.#end(this.#running(), (child) => child.kill(SIGNALS[mode]));
  }

  /** Kills all of its processes at once, as when the power fails but for the cache of the disk. */
  async kill9(): Promise<void> {
    await this.#end(this.#running(), (child) => {
      // Stopped first, so that it starts none behind our back.
      child.kill('SIGSTOP');
      for (const pid of childrenOf(this.pid)) killIfThere(pid);
      child.kill('SIGKILL');
    });
  }

  /** Has all of its processes do nothing until `thaw`, their connections staying open. */
  freeze(): void {
    this.#signalAll('SIGSTOP');
  }

  thaw(): void {
    this.#signalAll('SIGCONT');
  }

  /** Starts it again after `stop` or `kill9`, or stops it before; the URLs stay. */
  async restart(): Promise<void> {
    if (this.#process) await this.stop();
    await this.#launch();
  }

  /** Ends it and removes its folder. Happens by itself when this process ends. */
  async dispose(): Promise<void> {
    if (this.#process) await this.stop('immediate');
    rmSync(this.folder, { recursive: true, force: true });
    this.#guardian.close();
  }

  #signalAll(signal: NodeJS.Signals): void {
    for (const pid of [this.pid, ...childrenOf(this.pid)]) killIfThere(pid, signal);
  }

  async #startOnFreePort(): Promise<void> {
    for (let tries = 1; ; tries++) {
      this.#port = await freePort();
      try {
        await this.#launch();
        return;
      } catch (error) {
        if (tries === PORT_TRIES || !this.#log.includes('Address already in use')) throw error;
      }
    }
  }

  async #launch(): Promise<void> {
    const settings = { ...this.#settings, port: String(this.#port), unix_socket_directories: this.folder };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(
      join(this.#program.bin, 'postgres'),
      ['-D', join(this.folder, 'data'), ...args],
      // Away from the terminal's signals: the guardian ends it.
      { ...this.#program.account, cwd: this.folder, detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#process = child;
    if (child.pid !== undefined) this.#guardian.watch(child.pid);
    try {
      await this.#ready(child);
    } catch (error) {
      this.#ended();
      throw error;
    }
    // What is left open by a test must not hang it.
    child.unref();
    (child.stderr as Readable & { unref(): void }).unref();
  }

  #ready(child: ChildProcess): Promise<void> {
    const from = this.#log.length;
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        reject(new Error(`PostgreSQL ended with ${code}: ${this.#log.slice(from)}`));
      });
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
        // A standby takes reads only.
        if (/ready to accept (read-only )?connections/.test(this.#log.slice(from))) resolve();
      });
    });
  }

  /** Resolves once no process of it holds the log: a start finds nobody in the data then. */
  async #end(child: ChildProcess, end: (child: ChildProcess) => void): Promise<void> {
    child.ref();
    const closed = once(child, 'close');
    end(child);
    await closed;
    this.#ended();
  }

  #ended(): void {
    this.#process = undefined;
    this.#guardian.watch(0);
  }

  #running(): ChildProcess {
    if (!this.#process) throw new Error('this PostgreSQL does not run');
    return this.#process;
  }
}

/** Of any process, by what Linux tells; elsewhere they notice their parent's death by themselves. */
function childrenOf(pid: number): number[] {
  if (process.platform !== 'linux') return [];
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function killIfThere(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
