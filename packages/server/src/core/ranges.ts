import type { SeqRange } from './model.ts';

/** Which sequences are covered: all up to `mark`, and the ranges above it, ascending and apart from each other. */
export interface Position {
  readonly mark: number;
  readonly above: readonly SeqRange[];
}

/** More ranges than this above the mark: the oldest gaps are taken as open, what lies above them is covered anew. */
const MAX_RANGES = 256;

/** Adds ranges to a position; also tells which sequences were not covered before. */
export function cover(
  position: Position,
  ranges: readonly SeqRange[],
): { position: Position; fresh: SeqRange[] } {
  let current = position;
  const fresh: SeqRange[] = [];
  for (const range of ranges) {
    const uncovered = subtract(range, current);
    if (uncovered.length === 0) continue;
    fresh.push(...uncovered);
    current = insert(current, range);
  }
  return { position: current, fresh };
}

/** The sequences up to `last` that a position does not cover. */
export function gaps(position: Position, last: number): SeqRange[] {
  return last > position.mark ? subtract({ from: position.mark + 1, to: last }, position) : [];
}

/** Sequences in any order as ascending closed ranges. */
export function toRanges(seqs: Iterable<number>): SeqRange[] {
  const ranges: { from: number; to: number }[] = [];
  for (const seq of [...seqs].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && seq <= last.to + 1) last.to = Math.max(last.to, seq);
    else ranges.push({ from: seq, to: seq });
  }
  return ranges;
}

/** Adds ascending ranges to others in place. Those that only continue the last one, as they mostly do, cost nothing. */
export function appendRanges(ranges: SeqRange[], more: readonly SeqRange[]): void {
  for (const next of more) {
    const last = ranges.at(-1);
    if (!last || next.from > last.to + 1) {
      ranges.push(next);
    } else if (next.from >= last.from) {
      if (next.to > last.to) ranges[ranges.length - 1] = { from: last.from, to: next.to };
    } else {
      const { above } = cover({ mark: -1, above: ranges }, [next]).position;
      ranges.splice(0, ranges.length, ...above);
    }
  }
}

/** What two lists of ascending ranges share, ascending. */
export function intersect(some: readonly SeqRange[], others: readonly SeqRange[]): SeqRange[] {
  return some.flatMap((range) =>
    others.flatMap((other) => {
      const [from, to] = [Math.max(range.from, other.from), Math.min(range.to, other.to)];
      return from <= to ? [{ from, to }] : [];
    }),
  );
}

export function includes(ranges: readonly SeqRange[], seq: number): boolean {
  return ranges.some((range) => seq >= range.from && seq <= range.to);
}

function subtract(range: SeqRange, { mark, above }: Position): SeqRange[] {
  const rest: SeqRange[] = [];
  let from = Math.max(range.from, mark + 1);
  for (const covered of above) {
    if (covered.to < from) continue;
    if (covered.from > range.to) break;
    if (covered.from > from) rest.push({ from, to: covered.from - 1 });
    from = covered.to + 1;
  }
  if (from <= range.to) rest.push({ from, to: range.to });
  return rest;
}

function insert({ mark, above }: Position, range: SeqRange): Position {
  if (range.from <= mark + 1 && above.length === 0) return { mark: Math.max(mark, range.to), above };
  let { from, to } = range;
  const apart: SeqRange[] = [];
  for (const other of above) {
    if (other.to + 1 < from || other.from > to + 1) {
      apart.push(other);
    } else {
      from = Math.min(from, other.from);
      to = Math.max(to, other.to);
    }
  }
  if (from <= mark + 1) return { mark: Math.max(mark, to), above: apart };
  apart.push({ from, to });
  apart.sort((a, b) => a.from - b.from);
  return { mark, above: apart.slice(-MAX_RANGES) };
}
