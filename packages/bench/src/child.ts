import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/** A server under measurement, in a process of its own. */
export interface Child {
  readonly url: URL;
  readonly pid: number;
  stop(): Promise<void>;
}

const canPin = process.platform === 'linux' && spawnSync('taskset', ['--version']).status === 0;

/** What the table says of how processes share the machine. */
export const PINNING = canPin ? 'server on core 0, load on core 1' : 'not pinned';

/** Keeps this process, the load, off the server's core. */
export function pinLoad(): void {
  if (canPin) spawnSync('taskset', ['-a', '-cp', '1', String(process.pid)]);
}

/** Starts a script on core 0 and waits for its line `listening on http://…`. */
export async function startChild(
  script: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Child> {
  const command = [...(canPin ? ['taskset', '-c', '0'] : []), process.execPath, script, ...args];
  const child = spawn(command[0] as string, command.slice(1), {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const url = await listeningAt(child);
  return {
    url,
    pid: child.pid as number,
    async stop() {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function listeningAt(child: ChildProcess): Promise<URL> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const match = /listening on (http:\S+)/.exec(output);
      if (match?.[1]) resolve(new URL(match[1]));
    });
    child.once('exit', (code) => reject(new Error(`${child.spawnargs.join(' ')} exited with ${code}`)));
    child.once('error', reject);
  });
}
