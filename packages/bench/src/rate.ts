export interface Rate {
  readonly perSecond: number;
  /** Of one message, from sending it to its last arrival or confirmation, ms. */
  readonly p50: number;
  readonly p99: number;
}

/** @param elapsed how long the messages took altogether, ms @param times of each, ms */
export function rateOf(messages: number, elapsed: number, times: readonly number[]): Rate {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { perSecond: (messages * 1000) / elapsed, p50: at(0.5), p99: at(0.99) };
}

export function median<T>(values: readonly T[], size: (value: T) => number): T {
  const sorted = values.toSorted((a, b) => size(a) - size(b));
  return sorted[Math.floor(sorted.length / 2)] as T;
}
