import { Arbitrary, type Random, Stream, Value } from 'fast-check';
import type { OperationName } from '../sql/operation-kinds.ts';
import { DRAWN } from './operations/index.ts';

/** One operation, or a burst of several; what exactly it calls follows from the seed and from what exists by then. */
export interface Step {
  readonly name: OperationName | 'burst';
  readonly seed: number;
}

/** One step of so many is a burst. */
const BURST_EVERY = 12;

/**
 * Histories of a length. A shorter one is made by leaving out more and more of its steps, which keep what they are: so what is
 * left of a history that fails is what it needs to fail.
 */
export class Histories extends Arbitrary<Step[]> {
  readonly #length: number;

  constructor(length: number) {
    super();
    this.#length = length;
  }

  generate(random: Random): Value<Step[]> {
    const steps = Array.from({ length: this.#length }, () => stepOf(random));
    return new Value(steps, undefined);
  }

  canShrinkWithoutContext(value: unknown): value is Step[] {
    return Array.isArray(value);
  }

  shrink(steps: Step[]): Stream<Value<Step[]>> {
    return new Stream(shorter(steps));
  }
}

function stepOf(random: Random): Step {
  const seed = random.nextInt(0, 2 ** 31 - 1);
  if (random.nextInt(1, BURST_EVERY) === 1) return { name: 'burst', seed };
  return { name: DRAWN[random.nextInt(0, DRAWN.length - 1)] as OperationName, seed };
}

/** Without a half, a quarter, an eighth …, and at last without one step. */
function* shorter(steps: readonly Step[]): IterableIterator<Value<Step[]>> {
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let end = steps.length; end > 0; end -= size) {
      const kept = [...steps.slice(0, Math.max(0, end - size)), ...steps.slice(end)];
      yield new Value(kept, undefined);
    }
  }
}
