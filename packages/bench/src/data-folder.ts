import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Guardian } from '../../server/test/support/postgres/guardian.ts';

/** A temporary folder and the server that works in it. Neither outlives this process, however it ends. */
export class DataFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'haina-bench-'));
  readonly #guardian = new Guardian(this.path);

  /** @param pid the process to end; 0: none */
  watch(pid: number): void {
    this.#guardian.watch(pid);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
    this.#guardian.close();
  }
}
