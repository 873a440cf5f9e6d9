import type { Options } from '../options.ts';
import { measureGrowth, START } from './measure.ts';
import { OPERATIONS } from './operations.ts';
import { SMALLER, shapeOf } from './shapes.ts';
import { growthRows } from './table.ts';

/** Measures the same operations in a small database and in a large one: rows of cells. @param tell of each as it is there */
export async function growthTable(
  { store, duration: watch }: Options,
  divisor: number,
  tell: (line: string) => void,
): Promise<string[][]> {
  const measure = (name: string, part: number) =>
    measureGrowth(shapeOf(part), { store, watch, tell: (line) => tell(`${name}: ${line}`) });
  const small = await measure('small', divisor * SMALLER);
  const large = await measure('large', divisor);
  return growthRows([START, ...OPERATIONS.map(({ name }) => name)], small, large);
}
