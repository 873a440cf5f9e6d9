import type { Progress } from '../backup/progress.ts';
import { inMib } from './sizes.ts';

/** From one drawing of the bar to the next, in ms, and from one line to the next where there is no terminal. */
const REDRAW = 100;
const LINE_INTERVAL = 10_000;
const BAR_WIDTH = 24;

export interface ProgressOutput {
  readonly terminal: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>;
  /** Gets lines where there is no terminal. */
  line(text: string): void;
  now(): number;
}

const OUTPUT: ProgressOutput = {
  terminal: process.stderr,
  line: (text) => console.log(text),
  now: () => performance.now(),
};

/** Shows how far something has got: as a bar on a terminal, otherwise as a line when each part of it is done. */
export class ProgressBar implements Progress {
  readonly #output: ProgressOutput;
  readonly #inWords: (amount: number) => string;
  #what = '';
  #total: number | undefined;
  #done = 0;
  #begunAt = 0;
  #shownAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param inWords says an amount: of bytes, unless told otherwise */
  constructor(output: ProgressOutput = OUTPUT, inWords: (amount: number) => string = inMib) {
    this.#output = output;
    this.#inWords = inWords;
  }

  begin(what: string, total?: number): void {
    this.clear();
    this.#what = what;
    this.#total = total;
    this.#done = 0;
    this.#begunAt = this.#output.now();
    this.#shownAt = this.#begunAt;
    if (!this.#output.terminal.isTTY) return;
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), REDRAW);
  }

  reach(amount: number): void {
    this.#done = amount;
    const since = this.#output.now() - this.#shownAt;
    if (since < (this.#output.terminal.isTTY ? REDRAW : LINE_INTERVAL)) return;
    this.#shownAt = this.#output.now();
    // A copy may hold up the timer.
    if (this.#output.terminal.isTTY) this.#draw();
    else this.#output.line(`${this.#what}: ${this.#share()}`);
  }

  end(): void {
    this.clear();
    const amount = this.#total === undefined ? '' : `${this.#inWords(this.#done)} in `;
    this.#output.line(`${this.#what}: ${amount}${this.#seconds()} s`);
  }

  /** Takes the bar away, as something else is to be printed. */
  clear(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#output.terminal.write('\r\x1b[K');
  }

  #draw(): void {
    const share = this.#total === undefined ? `${this.#seconds()} s` : `${this.#bar()} ${this.#share()}`;
    this.#output.terminal.write(`\r\x1b[K${this.#what}  ${share}`);
  }

  #bar(): string {
    const full = Math.round(this.#part() * BAR_WIDTH);
    return `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}]`;
  }

  #share(): string {
    return `${Math.floor(this.#part() * 100)} %, ${this.#inWords(this.#done)} of ${this.#inWords(this.#total ?? 0)}`;
  }

  #part(): number {
    return this.#total ? Math.min(1, this.#done / this.#total) : 1;
  }

  #seconds(): string {
    return ((this.#output.now() - this.#begunAt) / 1000).toFixed(1);
  }
}
