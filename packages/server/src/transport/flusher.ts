/** Something that gathers writes and can hand them to the operating system. */
export interface Flushable {
  /** Whether a flush would write something. Who was added to the flusher may be added again from here on. */
  prepareFlush(): boolean;
  /** Writes out what was gathered, where it can be, and returns how many bytes it was. */
  flush(): number;
}

/** Connections that are prepared together: what that reads of each comes from memory for all of them at once. */
const GROUP = 32;

/**
 * Flushes, at the end of the tick, every connection that was written to in it: messages of one tick leave in one
 * system call a connection, with no timer and no callback of its own for any of them.
 */
export class Flusher {
  readonly #flushed: (bytes: number) => void;
  #dirty: Flushable[] = [];
  readonly #run = (): void => this.#flushAll();

  /** @param flushed told how many bytes were written, as a rule once a tick */
  constructor(flushed: (bytes: number) => void) {
    this.#flushed = flushed;
  }

  /** Each connection asks once, until it is prepared. */
  add(connection: Flushable): void {
    if (this.#dirty.push(connection) === 1) process.nextTick(this.#run);
  }

  /** Flushes one connection ahead of the others. */
  flushNow(connection: Flushable): void {
    const bytes = connection.flush();
    if (bytes > 0) this.#flushed(bytes);
  }

  #flushAll(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    let bytes = 0;
    for (let from = 0; from < dirty.length; from += GROUP) {
      const ready = dirty.slice(from, from + GROUP).filter((connection) => connection.prepareFlush());
      for (const connection of ready) bytes += connection.flush();
    }
    if (bytes > 0) this.#flushed(bytes);
  }
}
