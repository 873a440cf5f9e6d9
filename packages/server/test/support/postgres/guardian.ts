import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Writable } from 'node:stream';

/** Ends a server and removes its folder once this process is gone, also where it was killed. */
export class Guardian {
  readonly #process: ChildProcess;

  constructor(folder: string) {
    this.#process = spawn('sh', [join(import.meta.dirname, 'guardian.sh'), folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#process.unref();
    (this.#input as Writable & { unref(): void }).unref();
  }

  /** @param pid the process to end; 0: none */
  watch(pid: number): void {
    this.#input.write(`${pid}\n`);
  }

  /** Nothing is left to be done. */
  close(): void {
    this.#input.end();
  }

  get #input(): Writable {
    return this.#process.stdin as Writable;
  }
}
