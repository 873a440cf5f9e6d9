/** Parts of the node log, tables of their own. Each takes what is written in its time. */
export const PARTS = 6;
/** How long a part takes what is written, in ms: what is in the log stays there for `PARTS - 2` times as long at least. */
export const PART_TIME = 20 * 60_000;

/** The part that takes what is written now. */
export function partAt(now: number): number {
  return Math.floor(now / PART_TIME) % PARTS;
}

/** The part that is next, and holds what is oldest. */
export function oldestPart(now: number): number {
  return (partAt(now) + 1) % PARTS;
}
