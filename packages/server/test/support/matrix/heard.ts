/** How long to wait for what must come, in ms. Only a test that fails waits that long. */
const PATIENCE = 30_000;

/** What has this text shows only that nothing else came before it. */
export const MARK = 'mark-';

/** A document as one client got it. */
export interface Told {
  /** The destination; `/ws/room` for a `room` client, which has none. */
  readonly at: string;
  readonly body: unknown;
}

/** Everything that one client got and was not asked for yet, in the order in which it came. */
export class Heard {
  readonly #all: Told[] = [];
  readonly #marks: string[] = [];
  #check = (): void => {};

  readonly add = (at: string, body: unknown): void => {
    const text = JSON.stringify(body);
    if (text.includes(MARK)) this.#marks.push(text);
    else this.#all.push({ at, body });
    this.#check();
  };

  /** Resolves once this many came, or it is clear that they don't: who takes them sees which are missing. */
  count(length: number): Promise<void> {
    return this.#until(() => this.#all.length >= length);
  }

  /** Resolves once a document with this text came. */
  async text(text: string): Promise<void> {
    const came = (): boolean =>
      [...this.#marks, ...this.#all.map(({ body }) => JSON.stringify(body))].some((one) =>
        one.includes(text),
      );
    await this.#until(came);
    if (!came()) throw new Error(`${text} did not come, but ${JSON.stringify(this.#all)}`);
  }

  take(): Told[] {
    return this.#all.splice(0);
  }

  /** Forgets what is of no concern. */
  drop(matches: (told: Told) => boolean): void {
    const kept = this.take().filter((told) => !matches(told));
    this.#all.push(...kept);
  }

  #until(isDone: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#check = () => {};
        resolve();
      };
      const timer = setTimeout(end, PATIENCE);
      this.#check = () => {
        if (isDone()) end();
      };
      this.#check();
    });
  }
}
