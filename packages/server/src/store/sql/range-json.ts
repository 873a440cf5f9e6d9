import type { SeqRange } from '../../core/model.ts';

/** Ranges as a column holds them: `[[1,3],[7,7]]`. */
export function packRanges(ranges: readonly SeqRange[]): string {
  return ranges.length === 0 ? '[]' : JSON.stringify(ranges.map(({ from, to }) => [from, to]));
}

export function parseRanges(text: string): SeqRange[] {
  if (text === '[]') return [];
  return (JSON.parse(text) as [number, number][]).map(([from, to]) => ({ from, to }));
}
