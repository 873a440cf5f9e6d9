import type { OperationName } from '../sql/operation-kinds.ts';
import { OPERATION_KINDS } from '../sql/operation-kinds.ts';

interface Count {
  done: number;
  refused: number;
}

/** How often each operation of the port was called, and what came of it. */
export class Coverage {
  readonly #counts = new Map<string, Count>();
  histories = 0;

  count(name: string, isDone: boolean): void {
    const count = this.#counts.get(name) ?? { done: 0, refused: 0 };
    if (isDone) count.done += 1;
    else count.refused += 1;
    this.#counts.set(name, count);
  }

  get calls(): number {
    let calls = 0;
    for (const { done, refused } of this.#counts.values()) calls += done + refused;
    return calls;
  }

  /** Operations that never did what they are for. */
  neverDone(): OperationName[] {
    return (Object.keys(OPERATION_KINDS) as OperationName[]).filter(
      (name) => (this.#counts.get(name)?.done ?? 0) === 0,
    );
  }

  toString(): string {
    return [...this.#counts].map(([name, { done, refused }]) => `${name} ${done}/${refused}`).join(', ');
  }
}
