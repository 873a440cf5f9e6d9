import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { EVERY_APP } from './every-app.ts';
import { storeFor } from './store-choice.ts';
import { TEST_SECRET } from './token.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const PROBE = join(import.meta.dirname, 'fuzz/memory-probe.ts');

export interface Ending {
  readonly code: number | null;
  readonly logged: string;
}

/** `haina serve` as a process of its own, so that its death is seen and not shared. */
export interface ChildServer {
  readonly url: string;
  readonly wsUrl: string;
  /** Aborted when the process logs an error, or ends. The reason tells which. */
  readonly trouble: AbortSignal;
  /** Bytes of the heap after a garbage collection. */
  heapUsed(): Promise<number>;
  stop(): Promise<void>;
  /** Sends a signal; resolves once the process has ended, with how, and what it logged. Its data stays. */
  signal(...signals: readonly NodeJS.Signals[]): Promise<Ending>;
  /** Begins to read a log that nobody read, until it says something. */
  readLogUntil(text: string): Promise<void>;
  /** kill -9; what is on disk is left for another server. */
  kill(): Promise<void>;
}

export interface ChildOptions {
  /** Gets the process at once. */
  started?(child: ChildProcess): void;
  /** Where its log goes: a descriptor, or a pipe that is read, or one that nobody reads. */
  readonly stderr?: number | 'pipe' | 'unread';
  /** Of another version, where it is not this one's program. */
  readonly main?: string;
}

/** A server that is stopped takes its data with it. @param settings further variables, such as `HAINA_SOCKJS_SESSION_TIMEOUT` */
export async function startChildServer(
  settings: Readonly<Record<string, string>> = {},
  { started = () => {}, stderr = 'pipe', main = MAIN }: ChildOptions = {},
): Promise<ChildServer> {
  const dataDir = settings.HAINA_DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'haina-child-')));
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('HAINA_'));
  const env = {
    ...Object.fromEntries(others),
    HAINA_DATA_DIR: dataDir,
    HAINA_STORE: await storeFor(dataDir),
    HAINA_SECRET: TEST_SECRET,
    HAINA_PORT: '0',
    HAINA_SEND_RATE: '0',
    HAINA_LOG_LEVEL: 'error',
    HAINA_LOG_FORMAT: 'json',
    HAINA_IM_APP: EVERY_APP.imApp,
    HAINA_MIMI_APP: EVERY_APP.mimiApp,
    HAINA_DESK_APP: EVERY_APP.deskApp,
    ...settings,
  };
  const child = spawn(process.execPath, ['--expose-gc', '--import', PROBE, main, 'serve'], {
    env,
    stdio: ['ignore', 'pipe', stderr === 'unread' ? 'pipe' : stderr, 'ipc'],
  });
  started(child);
  const trouble = new AbortController();
  const fail = (what: string): void => trouble.abort(new Error(`the server ${what}`));
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  void exited.then(([code, signal]) => fail(`ended with ${code ?? signal}`));
  let logged = '';
  const listen = (): void => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      logged += text;
      fail(`logged ${text}`);
    });
  };
  if (stderr === 'pipe') listen();
  const url = await new Promise<string>((resolve, reject) => {
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const [, found] = /haina listening on (http:\S+)/.exec(output) ?? [];
      if (found !== undefined) resolve(found);
    });
    trouble.signal.addEventListener('abort', () => reject(trouble.signal.reason));
  });
  return {
    url,
    wsUrl: url.replace('http:', 'ws:'),
    trouble: trouble.signal,
    async heapUsed() {
      child.send('how much?');
      const [bytes] = (await once(child, 'message')) as [number];
      return bytes;
    },
    async readLogUntil(text) {
      listen();
      while (!logged.includes(text)) await once(child.stderr as Readable, 'data');
    },
    async signal(...signals) {
      const closed = stderr === 'pipe' ? once(child, 'close') : exited;
      for (const signal of signals) child.kill(signal);
      await closed;
      const [code] = await exited;
      return { code, logged };
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
      await rm(dataDir, { recursive: true });
    },
  };
}
