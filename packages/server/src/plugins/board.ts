import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The number of the last step, and the call that is at work. */
const SIZE = 8;
const CURRENT_AT = 4;

/** What a plug-in's process is at. */
export interface Mark {
  /** Moves with every call that the process begins or ends. */
  readonly progress: number;
  /** The call whose code runs; 0 for none. */
  readonly current: number;
}

/**
 * A few bytes in a file without a name, which a plug-in's process writes and the server reads: they tell what a process
 * is at that loops, or was at that is gone. A pipe would wake the server for each of them.
 */
export class Board {
  #fd: number | undefined;

  constructor() {
    const path = join(tmpdir(), `haina-plugin-${randomUUID()}`);
    const fd = openSync(path, 'wx+', 0o600);
    this.#fd = fd;
    try {
      unlinkSync(path);
      writeSync(fd, Buffer.alloc(SIZE), 0, SIZE, 0);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** For the plug-in's process to inherit. */
  get fd(): number {
    if (this.#fd === undefined) throw new Error('the board is closed');
    return this.#fd;
  }

  /** Nothing of it is certain: a plug-in can write there too. */
  read(): Mark {
    const bytes = Buffer.alloc(SIZE);
    readSync(this.fd, bytes, 0, SIZE, 0);
    return { progress: bytes.readInt32LE(0), current: bytes.readInt32LE(CURRENT_AT) };
  }

  /** Harmless when it is closed already. */
  close(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) closeSync(fd);
  }
}

/** The side of the plug-in's process. */
export class BoardWriter {
  readonly #fd: number;
  readonly #bytes = Buffer.alloc(SIZE);
  #progress = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  begin(id: number): void {
    this.#progress = (this.#progress + 1) | 0;
    this.#bytes.writeInt32LE(this.#progress, 0);
    this.#bytes.writeInt32LE(id, CURRENT_AT);
    writeSync(this.#fd, this.#bytes, 0, SIZE, 0);
  }

  end(): void {
    this.begin(0);
  }
}
