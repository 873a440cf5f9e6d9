/** Bytes of calls after which another message to the process begins: it need not hold all of them at once. */
const ENOUGH = 262_144;

interface Call {
  readonly id: number;
  readonly bytes: number;
  /** Until it is handed over. */
  readonly json?: string;
}

/**
 * What waits for a plug-in's process, the oldest first: calls of this tick, and calls that were handed over and that it has
 * not begun. Ids are those of `Call`.
 */
export class CallQueue {
  #gathered: Required<Call>[] = [];
  #handed: Call[] = [];
  #begun = 0;
  #bytes = 0;

  get count(): number {
    return this.#gathered.length + this.handed;
  }

  get handed(): number {
    return this.#handed.length - this.#begun;
  }

  get gathered(): number {
    return this.#gathered.length;
  }

  /** Of all that waits, as JSON. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Throws for an input that has no JSON form. */
  gather(id: number, hook: string, input: unknown): void {
    const json = JSON.stringify({ id, hook, input });
    const bytes = Buffer.byteLength(json);
    this.#gathered.push({ id, json, bytes });
    this.#bytes += bytes;
  }

  /** Hands over what was gathered: so many calls at once as are not too large together. */
  handOver(send: (calls: readonly string[]) => void): void {
    let calls: string[] = [];
    let length = 0;
    for (const { id, json, bytes } of this.#gathered) {
      this.#handed.push({ id, bytes });
      calls.push(json);
      length += bytes;
      if (length < ENOUGH) continue;
      send(calls);
      [calls, length] = [[], 0];
    }
    if (calls.length > 0) send(calls);
    this.#gathered = [];
  }

  /** Forgets the oldest that were handed over, which are begun now. */
  begin(count: number): void {
    const end = this.#begun + count;
    for (let at = this.#begun; at < end; at++) this.#bytes -= this.#handed[at]?.bytes ?? 0;
    this.#begun = end;
    // Moving the rest once it is the smaller part costs each call one move at most.
    if (this.#begun * 2 < this.#handed.length) return;
    this.#handed = this.#handed.slice(this.#begun);
    this.#begun = 0;
  }

  /**
   * Forgets what a lost process had not begun, and questions that were not handed over. What listeners are to be told
   * later stays. Returns how many listeners' calls are lost.
   */
  lose(): number {
    const lost = this.#handed.slice(this.#begun).filter(({ id }) => id < 0).length;
    this.#handed = [];
    this.#begun = 0;
    this.#gathered = this.#gathered.filter(({ id }) => id < 0);
    this.#bytes = this.#gathered.reduce((sum, { bytes }) => sum + bytes, 0);
    return lost;
  }
}
