import { type OperationCall, type OperationOutcome, toFailure } from '../sql/calls.ts';
import type { FileWatch } from './file-watch.ts';
import type { BatchWriter } from './transaction.ts';

/** Runs batches of writes, and confirms none that nobody would find in the file. */
export class GuardedWriter {
  readonly #batches: BatchWriter;
  readonly #watch: Pick<FileWatch, 'check'>;
  readonly #changed: (lost: string | undefined) => void;
  #lost: string | undefined;

  /** @param changed told why nothing is confirmed any more, and when that is over */
  constructor(
    batches: BatchWriter,
    watch: Pick<FileWatch, 'check'>,
    changed: (lost: string | undefined) => void,
  ) {
    this.#batches = batches;
    this.#watch = watch;
    this.#changed = changed;
  }

  run(batch: readonly OperationCall[]): OperationOutcome[] {
    if (this.#lost !== undefined) this.look();
    const outcomes = this.#lost === undefined ? this.#batches.run(batch) : [];
    // Each commit is looked at after it, as the files may have gone while it ran.
    if (this.#lost === undefined) this.look();
    return this.#lost === undefined ? outcomes : this.#refuse(batch);
  }

  /** Looks at the files; to be called now and then where nothing is written. */
  look(): void {
    const lost = this.#check();
    if (lost === this.#lost) return;
    this.#lost = lost;
    this.#changed(lost);
  }

  #check(): string | undefined {
    try {
      return this.#watch.check();
    } catch (error) {
      return `the files can't be looked at: ${(error as Error).message}`;
    }
  }

  #refuse(batch: readonly OperationCall[]): OperationOutcome[] {
    const cause = new Error(`the database is lost: ${this.#lost}`);
    const failure = toFailure(cause);
    return batch.map(() => ({ failure }));
  }
}
