import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** A server under measurement, in a process of its own. */
export interface Child {
  readonly url: URL;
  readonly pid: number;
  stop(): Promise<void>;
}

const CAN_PIN = process.platform === 'linux' && spawnSync('taskset', ['--version']).status === 0;

/** What the table says of how processes share the machine. */
export const PINNING = CAN_PIN ? 'servers on core 0, load on core 1' : 'not pinned';

/** Keeps this process, the load, off the servers' core. */
export function pinLoad(): void {
  if (CAN_PIN) pin(process.pid, 1);
}

/** Puts a process that runs already, and what it starts from now on, on the servers' core. */
export function pinToServers(pid: number): void {
  if (CAN_PIN) pin(pid, 0);
}

function pin(pid: number, core: number): void {
  spawnSync('taskset', ['-a', '-cp', String(core), String(pid)]);
}

/**
 * Starts a script on core 0 and waits for its line `listening on http://…`.
 *
 * @param started gets the process's id at once
 */
export async function startChild(
  script: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
  started: (pid: number) => void = () => {},
): Promise<Child> {
  const command = [...(CAN_PIN ? ['taskset', '-c', '0'] : []), process.execPath, script, ...args];
  // A pipe as standard input, as its end tells a child that this process is gone.
  const child = spawn(command[0] as string, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'], env });
  const exited = once(child, 'exit');
  if (child.pid !== undefined) started(child.pid);
  const url = await listeningAt(child);
  return {
    url,
    pid: child.pid as number,
    async stop() {
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
