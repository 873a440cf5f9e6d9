/** What arrived in a stretch of time. */
export interface Stretch {
  readonly messages: number;
  /** ms. */
  readonly elapsed: number;
  /** Of each message, or of each round of messages, from sending it to its last arrival or confirmation, ms. */
  readonly times: readonly number[];
}

export interface Rate {
  readonly perSecond: number;
  /** Of one message, from sending it to its last arrival or confirmation, ms. */
  readonly p50: number;
  readonly p99: number;
}

/** The rate of several stretches together. */
export function rateOf(stretches: readonly Stretch[]): Rate {
  const sum = (of: (stretch: Stretch) => number) => stretches.reduce((total, each) => total + of(each), 0);
  const times = stretches.flatMap((stretch) => stretch.times);
  return {
    perSecond: (sum(({ messages }) => messages) * 1000) / sum(({ elapsed }) => elapsed),
    ...percentiles(times),
  };
}

/** The median and the value that one of a hundred is above; 0 of nothing. */
export function percentiles(values: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

export function median<T>(values: readonly T[], size: (value: T) => number): T {
  const sorted = values.toSorted((a, b) => size(a) - size(b));
  return sorted[Math.floor(sorted.length / 2)] as T;
}

/** The median of what one was to another in the same turns. */
export function medianRatio(rates: readonly Rate[], others: readonly Rate[]): number {
  return median(
    rates.map(({ perSecond }, turn) => perSecond / (others[turn] as Rate).perSecond),
    Number,
  );
}
