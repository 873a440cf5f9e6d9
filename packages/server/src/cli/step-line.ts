const REDRAW = 100;

/** On a terminal, one line that says what is being done and for how long; elsewhere nothing. */
export class StepLine {
  #timer: NodeJS.Timeout | undefined;

  show(what: string): void {
    if (!process.stderr.isTTY) return;
    this.clear();
    const begunAt = performance.now();
    const draw = (): void => {
      const seconds = ((performance.now() - begunAt) / 1000).toFixed(1);
      process.stderr.write(`\r\x1b[K${what}  ${seconds} s`);
    };
    draw();
    this.#timer = setInterval(draw, REDRAW);
  }

  clear(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    process.stderr.write('\r\x1b[K');
  }
}
