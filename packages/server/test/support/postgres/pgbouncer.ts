import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { handOver } from './data-folder.ts';
import { POSTGRES, type PostgresProgram, SKIP_POSTGRES } from './program.ts';
import { freePort, OWNER, type PostgresServer } from './server.ts';

const PLACES = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/usr/local/bin/pgbouncer'];
const FOUND = PLACES.find((path) => existsSync(path));

/** Why tests that need PgBouncer are left out; false where they run. */
export const SKIP_PGBOUNCER =
  SKIP_POSTGRES ||
  (FOUND === undefined && !process.env.CI && 'needs pgbouncer: sudo apt-get install pgbouncer');

/** A real PgBouncer before a server of the tests. It is to be ended before that server. */
export class PgBouncer {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(port: number, process: ChildProcess, folder: string) {
    this.port = port;
    this.#process = process;
    this.#folder = folder;
  }

  /** @param settings of `pgbouncer.ini`, beside those of every test */
  static async start(server: PostgresServer, settings: Readonly<Record<string, string>>): Promise<PgBouncer> {
    const program = POSTGRES as PostgresProgram;
    const port = await freePort();
    const folder = join(server.folder, `pgbouncer-${port}`);
    mkdirSync(folder);
    const all = {
      listen_addr: '127.0.0.1',
      listen_port: String(port),
      unix_socket_dir: '',
      auth_type: 'scram-sha-256',
      auth_file: join(folder, 'users.txt'),
      ...settings,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
    const databases = `[databases]\n* = host=127.0.0.1 port=${server.port}\n`;
    writeFileSync(join(folder, 'pgbouncer.ini'), `${databases}[pgbouncer]\n${lines.join('\n')}\n`);
    writeFileSync(join(folder, 'users.txt'), `"${OWNER.name}" "${OWNER.password}"\n`);
    handOver(program, folder);
    const child = spawn(FOUND ?? 'pgbouncer', [join(folder, 'pgbouncer.ini')], {
      ...program.account,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await ready(child);
    return new PgBouncer(port, child, folder);
  }

  /** The URL of a database by way of it. */
  through(url: string): string {
    const pooled = new URL(url);
    pooled.port = String(this.port);
    return pooled.href;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      await ended;
    }
    rmSync(this.#folder, { recursive: true });
  }
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`pgbouncer ended with ${code}: ${log}`)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (log.includes('process up')) resolve();
    });
  });
}
