import { closeSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';

/** How often the index of the write-ahead log is read, ms: what is written between the last look and a restart of the log is missed. */
const INTERVAL = 20;
/** Of the index's header (SQLite, walformat.html): where frame count and salt stand. */
const HEADER = { size: 48, frames: 16, salt: 32 };
/** Before each page in the log. */
const FRAME_HEADER = 24;
const PAGE = 4096;

/** Counts the pages that a running server writes to SQLite's write-ahead log, without a connection to the database. */
export class WalWatch {
  readonly #file: number;
  readonly #timer: NodeJS.Timeout;
  readonly #counter = new WalCounter();

  constructor(database: string) {
    this.#file = openSync(`${database}-shm`, 'r');
    this.#timer = setInterval(() => this.#look(), INTERVAL).unref();
    this.#look();
  }

  /** Since the watch began. */
  get pages(): number {
    this.#look();
    return this.#counter.pages;
  }

  get bytes(): number {
    return this.pages * (PAGE + FRAME_HEADER);
  }

  close(): void {
    clearInterval(this.#timer);
    closeSync(this.#file);
  }

  #look(): void {
    const header = Buffer.alloc(HEADER.size);
    readSync(this.#file, header, 0, header.length, 0);
    this.#counter.look(header);
  }
}

/** Adds up the frames of a log that begins anew now and then. */
export class WalCounter {
  #salt: number | undefined;
  #frames = 0;
  pages = 0;

  /** @param header of the index, in the byte order of the machine */
  look(header: Buffer): void {
    const read = (at: number) => (endianness() === 'LE' ? header.readUInt32LE(at) : header.readUInt32BE(at));
    const [frames, salt] = [read(HEADER.frames), read(HEADER.salt)];
    // What was there at the first look was written before.
    if (this.#salt === undefined) this.#frames = frames;
    if (this.#salt !== salt && this.#salt !== undefined) this.#frames = 0;
    this.pages += Math.max(0, frames - this.#frames);
    this.#salt = salt;
    this.#frames = frames;
  }
}
