import { setTimeout as delay } from 'node:timers/promises';
import type { Contender } from './contenders.ts';
import { type Rate, rateOf, type Stretch } from './rate.ts';
import { type Cost, costOf } from './usage/usage.ts';

export interface Turns {
  readonly count: number;
  /** What is measured of each contender in a turn, ms. */
  readonly duration: number;
  /** Until the runtime has compiled what runs often, ms: a server that is compared has run for a while. */
  readonly warmUp: number;
}

export interface Measured {
  /** One a turn. */
  readonly rates: readonly Rate[];
  /** Of a message, over all turns. */
  readonly cost: Cost | undefined;
}

/** About how long one contender runs before the next does, ms. */
const SLICE = 200;
/**
 * What follows a slice, ms, so that the accounts which a server keeps of it don't fall into the next one's. A crowd's positions,
 * which are stored every two seconds, fall into either's slices: some milliseconds a second.
 */
const QUIET = 50;

/**
 * Measures contenders side by side: in each turn they relieve each other many times, as a machine changes its pace within
 * a second, and all are to meet the same. What they cost is counted over all turns: what a server does for a message
 * after its slice counts as well.
 */
export async function measureInTurns(
  contenders: readonly Contender[],
  { count, duration, warmUp }: Turns,
): Promise<Measured[]> {
  for (const contender of contenders) await contender.run(warmUp);
  const before = await usages(contenders);
  const rates: Rate[][] = contenders.map(() => []);
  for (let turn = 0; turn < count; turn++) {
    const stretches = await takeTurn(contenders, duration);
    for (const [index, each] of stretches.entries()) rates[index]?.push(rateOf(each));
  }
  const after = await usages(contenders);
  return contenders.map((_, index) => {
    const [from, to] = [before[index], after[index]];
    const cost = from && to ? costOf(from, to, to.messages - from.messages) : undefined;
    return { rates: rates[index] as Rate[], cost };
  });
}

function usages(contenders: readonly Contender[]) {
  return Promise.all(contenders.map((contender) => contender.usage?.()));
}

/** Returns what each contender achieved, slice by slice. */
async function takeTurn(contenders: readonly Contender[], duration: number): Promise<Stretch[][]> {
  const entrants = contenders.map((contender) => ({ contender, stretches: [] as Stretch[] }));
  for (let slice = 0; slice < duration / SLICE; slice++) {
    // Nothing that comes at intervals is to meet the same contender each time.
    const length = SLICE * (0.5 + Math.random());
    for (const { contender, stretches } of slice % 2 === 0 ? entrants : entrants.toReversed()) {
      stretches.push(await contender.run(length));
      await delay(QUIET);
    }
  }
  return entrants.map(({ stretches }) => stretches);
}
