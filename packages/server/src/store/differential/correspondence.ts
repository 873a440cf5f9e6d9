import { isDeepStrictEqual } from 'node:util';
import type { OpenLanes } from '../../core/ports/position-store.ts';
import { unpackLanes } from '../sql/open-lanes.ts';

/** What a store gives by itself, so that two of them need not give the same: only its order counts. */
type Kind = 'number' | 'place' | 'delivery';

/** Where two answers differ. */
export interface Difference {
  readonly path: string;
  readonly one: unknown;
  readonly other: unknown;
}

/**
 * Compares what two stores answer: everything must be the same, but for what each gives by itself. That must mean the same
 * thing wherever it comes again, and be in the same order.
 */
export class Correspondence {
  readonly #others = new Map<Kind, Map<number, number>>();

  /** The first difference; undefined where there is none. */
  compare(one: unknown, other: unknown, path = ''): Difference | undefined {
    if (one instanceof Float64Array && other instanceof Float64Array)
      return this.compare(shownLanes(one), shownLanes(other), path);
    if (isPlain(one) && isPlain(other)) return this.#compareParts(one, other, path);
    return isDeepStrictEqual(one, other) ? undefined : { path, one, other };
  }

  /** What the other store calls that; the same where it never gave it. */
  toOther(kind: Kind, given: string): string {
    return String(this.#others.get(kind)?.get(Number(given)) ?? given);
  }

  /** The first two whose order is not the same in both stores. */
  compareOrder(): Difference | undefined {
    for (const [kind, others] of this.#others) {
      const ascending = [...others].sort(([a], [b]) => a - b);
      for (const [index, pair] of ascending.entries()) {
        const before = ascending[index - 1];
        if (before && before[1] >= pair[1]) {
          return { path: `order of ${kind}`, one: [before[0], pair[0]], other: [before[1], pair[1]] };
        }
      }
    }
    return undefined;
  }

  #compareParts(one: Plain, other: Plain, path: string): Difference | undefined {
    const [names, otherNames] = [Object.keys(one), Object.keys(other)];
    // Also their order, as it is that of the JSON that clients get.
    if (Array.isArray(one) !== Array.isArray(other) || !isDeepStrictEqual(names, otherNames)) {
      return { path, one, other };
    }
    for (const name of names) {
      const [value, otherValue] = [one[name], other[name]];
      const kind = kindOf(name, one);
      const difference =
        kind === undefined || !isSameType(value, otherValue)
          ? this.compare(value, otherValue, `${path}/${name}`)
          : this.#correspond(kind, value, otherValue, `${path}/${name}`);
      if (difference) return difference;
    }
    return undefined;
  }

  #correspond(kind: Kind, one: unknown, other: unknown, path: string): Difference | undefined {
    const [given, otherGiven] = [Number(one), Number(other)];
    let others = this.#others.get(kind);
    if (!others) {
      others = new Map();
      this.#others.set(kind, others);
    }
    const known = others.get(given);
    if (known === undefined) others.set(given, otherGiven);
    return known === undefined || known === otherGiven
      ? undefined
      : { path, one, other: `${other}, once ${known}` };
  }
}

/** Lanes without the keys of their conversations, which each store has its own. */
function shownLanes(lanes: OpenLanes): object[] {
  return unpackLanes(lanes).map(({ conversation: _, ...lane }) => lane);
}

type Plain = Readonly<Record<string, unknown>>;

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}

function isSameType(one: unknown, other: unknown): boolean {
  return typeof one === typeof other;
}

function kindOf(name: string, holder: Plain): Kind | undefined {
  const type = typeof holder[name];
  if (name === 'id' && 'eventId' in holder) return 'delivery';
  if (type !== 'number') return undefined;
  if (name === 'number' || name === 'activity' || name === 'before') return 'number';
  return name === 'place' || name === 'next' || name === 'key' ? 'place' : undefined;
}
