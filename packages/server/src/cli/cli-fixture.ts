import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('../../bin/haina.mjs', import.meta.url));

export interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `haina` command as a process of its own. */
export interface Haina {
  readonly child: ChildProcess;
  /** Resolves with all of standard output once it has matched; rejects if the process ends first. */
  printed(pattern: RegExp): Promise<string>;
  readonly ended: Promise<Result>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Opens the channel by which the command's starter is known to be alive. */
  readonly ipc?: boolean;
}

/** Starts the command with no settings of this machine's own. */
export function start(args: readonly string[], { env = {}, cwd, ipc = false }: StartOptions = {}): Haina {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HAINA_'));
  const child = spawn(process.execPath, [ENTRY, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? ['ipc' as const] : [])],
    env: { ...Object.fromEntries(inherited), NO_COLOR: '1', ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  // Not the child's own "close": a channel that this side closed keeps that from coming.
  const closed = [child.stdout, child.stderr].map((stream) => stream && once(stream, 'close'));
  const ended = Promise.all([once(child, 'exit'), ...closed]).then(([[code, signal]]) => {
    return { code, signal, stdout, stderr };
  });
  return {
    child,
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => pattern.test(stdout) && resolve(stdout);
        child.stdout?.on('data', look);
        look();
        void ended.then((result) => reject(new Error(`ended with ${JSON.stringify(result)}`)));
      }),
  };
}

export function run(args: readonly string[], options?: StartOptions): Promise<Result> {
  return start(args, options).ended;
}
