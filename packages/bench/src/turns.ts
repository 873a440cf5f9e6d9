import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Contender, FanOutLoad } from './contenders.ts';
import { type Rate, rateOf } from './rate.ts';

export interface Turns {
  readonly count: number;
  /** What is measured of each contender in a turn, ms. */
  readonly duration: number;
}

/** Until the runtime has compiled what runs often, ms: a server that is compared has run for a while. */
const WARM_UP = 4000;
/** About how long one contender runs before the next does, ms. */
const SLICE = 200;
/**
 * What follows a slice, ms, so that the accounts which a server keeps of it don't fall into the next one's. A crowd's positions,
 * which are stored every two seconds, fall into either's slices: some milliseconds a second.
 */
const QUIET = 50;

/**
 * Measures contenders side by side: in each turn they relieve each other many times, as a machine changes its pace within
 * a second, and both are to meet the same. Returns the rates of each contender, one a turn.
 */
export async function measureInTurns(
  contenders: readonly Contender[],
  { subscribers, inFlight }: FanOutLoad,
  { count, duration }: Turns,
): Promise<Rate[][]> {
  for (const contender of contenders) await runFor(contender, WARM_UP);
  const rates: Rate[][] = contenders.map(() => []);
  for (let turn = 0; turn < count; turn++) {
    const measured = await takeTurn(contenders, duration);
    for (const [index, times] of measured.entries()) {
      const elapsed = times.reduce((sum, time) => sum + time, 0);
      rates[index]?.push(rateOf(times.length * subscribers * inFlight, elapsed, times));
    }
  }
  return rates;
}

/** Returns how long the rounds of each contender took, ms. */
async function takeTurn(contenders: readonly Contender[], duration: number): Promise<number[][]> {
  const entrants = contenders.map((contender) => ({ contender, times: [] as number[] }));
  for (let slice = 0; slice < duration / SLICE; slice++) {
    // Nothing that comes at intervals is to meet the same contender each time.
    const length = SLICE * (0.5 + Math.random());
    for (const { contender, times } of slice % 2 === 0 ? entrants : entrants.toReversed()) {
      // What the other's slice took out of the caches comes back with the first round.
      await contender.round();
      times.push(...(await runFor(contender, length)));
      await delay(QUIET);
    }
  }
  return entrants.map(({ times }) => times);
}

async function runFor(contender: Contender, duration: number): Promise<number[]> {
  const times: number[] = [];
  const begin = performance.now();
  while (performance.now() < begin + duration) {
    const started = performance.now();
    await contender.round();
    times.push(performance.now() - started);
  }
  return times;
}
