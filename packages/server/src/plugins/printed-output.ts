import type { Readable } from 'node:stream';

/** What a plug-in may print in a span of time, in characters, and how long that is, in ms. */
const ALLOWED = 65_536;
const SPAN = 1000;

/** What a plug-in prints, for the log: the first of it in every second. */
export class PrintedOutput {
  readonly #now: () => number;
  #print: ((text: string) => void) | undefined;
  /** Printed before anybody listened. */
  #held: string[] = [];
  #since = Number.NEGATIVE_INFINITY;
  #left = 0;
  #dropped = 0;

  constructor(outputs: readonly Readable[], now: () => number = () => performance.now()) {
    this.#now = now;
    for (const output of outputs) {
      output.setEncoding('utf8');
      output.on('data', (text: string) => this.#take(text));
      output.on('end', () => this.#tellDropped());
    }
  }

  listen(print: (text: string) => void): void {
    this.#print = print;
    for (const text of this.#held) print(text);
    this.#held = [];
  }

  #take(text: string): void {
    const now = this.#now();
    if (now - this.#since >= SPAN) {
      this.#tellDropped();
      this.#since = now;
      this.#left = ALLOWED;
    }
    const kept = text.slice(0, this.#left);
    this.#left -= kept.length;
    this.#dropped += text.length - kept.length;
    if (kept.trimEnd() !== '') this.#tell(kept.trimEnd());
  }

  #tellDropped(): void {
    if (this.#dropped > 0) this.#tell(`(${this.#dropped} more characters in that second are left out)`);
    this.#dropped = 0;
  }

  #tell(text: string): void {
    if (this.#print) this.#print(text);
    else if (this.#held.length < ALLOWED / 1024) this.#held.push(text);
  }
}
