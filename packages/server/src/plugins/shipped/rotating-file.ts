import {
  closeSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../../make-folder.ts';

const LINE_END = 0x0a;

interface OpenFile {
  readonly descriptor: number;
  readonly dev: number;
  readonly ino: number;
  size: number;
  /** Its last line has no end, as a write was cut short: what comes next begins a new line. */
  isTorn: boolean;
}

/**
 * A file that is only ever appended to. Once it is full it becomes `FILE.1`, `FILE.1` becomes `FILE.2`, and so on. A file
 * that was removed or renamed by somebody else is made again at the next line.
 */
export class RotatingFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  readonly #onStuck: (error: Error) => void;
  #file: OpenFile | undefined;
  #isStuck = false;

  /**
   * Opens the file, or makes it with its folder; only its owner may read it.
   *
   * @param maxBytes size at which it is full
   * @param keep full files that are kept; the oldest goes
   * @param onStuck told once when a full file can't make room, which then grows on until it can
   */
  constructor(path: string, maxBytes: number, keep: number, onStuck: (error: Error) => void = () => {}) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#keep = keep;
    this.#onStuck = onStuck;
    this.#file = this.#open();
  }

  /**
   * Appends a line; it is with the operating system then. Throws what keeps the line from being written; the next one is
   * tried anew.
   */
  append(line: string): void {
    let file = this.#current();
    const length = Buffer.byteLength(line) + 1;
    if (file.size > 0 && file.size + length > this.#maxBytes) file = this.#rotate(file);
    const bytes = Buffer.from(`${file.isTorn ? '\n' : ''}${line}\n`);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(file.descriptor, bytes, written);
    } finally {
      file.size += written;
      if (written > 0) file.isTorn = bytes[written - 1] !== LINE_END;
    }
  }

  /** Harmless when it is closed already. */
  close(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file) closeSync(file.descriptor);
  }

  /** The file that is at the path now: opened again where the one we have is there no more. */
  #current(): OpenFile {
    if (this.#file && isSame(this.#file, statSync(this.#path, { throwIfNoEntry: false }))) return this.#file;
    this.#replaceBy(this.#open());
    return this.#file as OpenFile;
  }

  /** Gives the file to go on with: the full one itself where no room can be made. */
  #rotate(full: OpenFile): OpenFile {
    const next = `${this.#path}.new`;
    let fresh: OpenFile | undefined;
    try {
      fresh = openFile(next);
      if (this.#keep > 0) this.#shift();
      renameSync(next, this.#path);
    } catch (error) {
      if (fresh) closeSync(fresh.descriptor);
      if (!this.#isStuck) this.#onStuck(error as Error);
      this.#isStuck = true;
      return full;
    }
    this.#isStuck = false;
    this.#replaceBy(fresh);
    return fresh;
  }

  #replaceBy(file: OpenFile): void {
    this.close();
    this.#file = file;
  }

  #open(): OpenFile {
    makeFolder(dirname(this.#path));
    // Left by a rotation that a crash cut short.
    rmSync(`${this.#path}.new`, { force: true });
    return openFile(this.#path);
  }

  #shift(): void {
    for (let number = this.#keep - 1; number >= 0; number--) {
      const from = number === 0 ? this.#path : `${this.#path}.${number}`;
      try {
        renameSync(from, `${this.#path}.${number + 1}`);
      } catch (error) {
        // Not so many yet.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }
}

function openFile(path: string): OpenFile {
  const descriptor = openSync(path, 'a+', 0o600);
  try {
    const { dev, ino, size } = fstatSync(descriptor);
    return { descriptor, dev, ino, size, isTorn: size > 0 && lastByteOf(descriptor, size) !== LINE_END };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function lastByteOf(descriptor: number, size: number): number | undefined {
  const last = Buffer.alloc(1);
  readSync(descriptor, last, 0, 1, size - 1);
  return last[0];
}

function isSame({ dev, ino }: OpenFile, found: Stats | undefined): boolean {
  return found?.ino === ino && found.dev === dev;
}
