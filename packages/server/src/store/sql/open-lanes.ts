import type { OpenLanes } from '../../core/ports/position-store.ts';

/** A range of a conversation that holds something for a user. */
export interface OpenLane {
  /** Of the first message in it. */
  readonly number: number;
  /** Its key. */
  readonly conversation: number;
  readonly from: number;
  readonly to: number;
}

const SIZE = 4;

export const NO_LANES: OpenLanes = new Float64Array(0);

/** In any order; packed they are by number. */
export function packLanes(lanes: readonly OpenLane[]): OpenLanes {
  const packed = new Float64Array(lanes.length * SIZE);
  const sorted = lanes.toSorted((a, b) => a.number - b.number);
  for (const [index, { number, conversation, from, to }] of sorted.entries())
    packed.set([number, conversation, from, to], index * SIZE);
  return packed;
}

export function unpackLanes(packed: OpenLanes): OpenLane[] {
  return Array.from({ length: packed.length / SIZE }, (_, index) => {
    const [number = 0, conversation = 0, from = 0, to = 0] = packed.subarray(
      index * SIZE,
      (index + 1) * SIZE,
    );
    return { number, conversation, from, to };
  });
}

/** The oldest of them, and the others. Each has memory of its own, as a copy into a thread takes all that a part shares. */
export function splitLanes(packed: OpenLanes, count: number): [oldest: OpenLanes, others: OpenLanes] {
  return [packed.slice(0, count * SIZE), packed.slice(count * SIZE)];
}

/** Of the oldest message; infinite where there is none. */
export function oldestNumber(packed: OpenLanes): number {
  return packed[0] ?? Number.POSITIVE_INFINITY;
}

/** Two lists as one. */
export function mergeLanes(some: OpenLanes, others: OpenLanes): OpenLanes {
  const merged = new Float64Array(some.length + others.length);
  let end = 0;
  let taken = 0;
  for (let index = 0; index < some.length; index += SIZE) {
    const older = numbersBelow(others, taken, some[index] as number);
    merged.set(others.subarray(taken, older), end);
    end += older - taken;
    taken = older;
    merged.set(some.subarray(index, index + SIZE), end);
    end += SIZE;
  }
  merged.set(others.subarray(taken), end);
  return merged;
}

/** Where the lanes from a place on end whose number is lower. */
function numbersBelow(packed: OpenLanes, from: number, number: number): number {
  let index = from;
  while (index < packed.length && (packed[index] as number) < number) index += SIZE;
  return index;
}
