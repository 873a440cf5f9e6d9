import { ATTACKS } from './attacks.ts';
import { Random } from './random.ts';

/** Attackers at a time. */
const CONCURRENCY = 12;
/** Inputs kept for the report of a failure. */
const REMEMBERED = 40;
const SHOWN_BYTES = 2_000;

interface Sent {
  readonly seed: number;
  readonly what: string;
  readonly input: Buffer | string;
}

/** Attack after attack, each made of a seed of its own. */
export class Campaign {
  readonly #url: string;
  readonly #recent: Sent[] = [];
  #seed: number;
  #count = 0;

  /** @param seed of the first attack; those that follow count on from it */
  constructor(url: string, seed: number) {
    this.#url = url;
    this.#seed = seed;
  }

  /** Attacks made so far. */
  get count(): number {
    return this.#count;
  }

  /** Attacks until the time is over, or something is broken. */
  async run(until: number, broken: AbortSignal): Promise<void> {
    const attacker = async () => {
      while (Date.now() < until && !broken.aborted) await this.#attack(this.#seed++);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, attacker));
  }

  /** What was sent last, as what one of them may be to blame: a run that begins at its seed repeats it first. */
  report(): string {
    const lines = this.#recent.map(({ seed, what, input }) => {
      const text = Buffer.from(input).subarray(0, SHOWN_BYTES).toString('latin1');
      return `HAINA_FUZZ_SEED=${seed}  ${what}  ${JSON.stringify(text)}`;
    });
    return `the last inputs of ${this.#count}:\n${lines.join('\n')}`;
  }

  async #attack(seed: number): Promise<void> {
    const random = new Random(seed);
    const record = (what: string, input: Buffer | string): void => {
      this.#recent.push({ seed, what, input });
      if (this.#recent.length > REMEMBERED) this.#recent.shift();
    };
    await random.pick(ATTACKS)({ url: this.#url, random, record });
    this.#count++;
  }
}
