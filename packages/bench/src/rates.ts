import { type Contender, fanOut, rawLimit } from './contenders.ts';
import { type Contestant, contestantsOf } from './contestants.ts';
import { oneToOne } from './one-to-one.ts';
import type { Options } from './options.ts';
import { median, medianRatio, type Rate } from './rate.ts';
import { formatNumber, formatPercent } from './table.ts';
import { type Measured, measureInTurns } from './turns.ts';
import type { Cost } from './usage/usage.ts';

/** STOMP headers and the JSON around the text, as a group's MESSAGE has them. */
const FRAME_OVERHEAD = 340;
const PAIR_IN_FLIGHT = 10;

const TITLES = [
  ...['', 'per second', 'of the raw limit', 'of the first', 'p50 ms', 'p99 ms'],
  ...['CPU µs', 'of writer', 'of database', 'WAL bytes', 'WAL pages'],
];

/** How many messages a second each contestant takes, and what one costs: rows of cells. @param tell of each row as it is there */
export async function ratesTable(options: Options, tell: (line: string) => void): Promise<string[][]> {
  const contestants = contestantsOf(options.store, options.beside);
  const rows: string[][] = [TITLES];
  const add = (row: string[]) => {
    rows.push(row);
    tell(row.filter((cell) => cell !== '').join('  '));
  };
  if (options.only !== 'one-to-one') {
    for (const inFlight of [1, 10, 50]) {
      for (const row of await fanOutRows(inFlight, contestants, options)) add(row);
    }
  }
  if (options.only !== 'fan-out') {
    const { pairs, text } = options;
    for (const load of [
      { pairs, inFlight: PAIR_IN_FLIGHT, text },
      { pairs: 1, inFlight: 1, text },
    ]) {
      const title = `durable one-to-one, ${load.pairs} pair${load.pairs === 1 ? '' : 's'}`;
      const open = contestants.map((contestant) => () => oneToOne(load, contestant));
      for (const row of contestantRows(title, contestants, await measure(open, options))) add(row);
    }
  }
  return rows;
}

async function fanOutRows(
  inFlight: number,
  contestants: readonly Contestant[],
  options: Options,
): Promise<string[][]> {
  const load = { subscribers: options.subscribers, inFlight, text: options.text };
  const frameBytes = load.text.length + FRAME_OVERHEAD;
  const [gathered, ...others] = await measure(
    [
      () => rawLimit('gathered', frameBytes, load),
      ...contestants.map((contestant) => () => fanOut(load, contestant)),
      // With one in flight there is nothing to gather.
      ...(inFlight > 1 ? [() => rawLimit('each', frameBytes, load)] : []),
    ],
    options,
  );
  const limits = (gathered as Measured).rates;
  const ungathered = others[contestants.length];
  return [
    ...(ungathered ? [rowOf(`raw limit, ${inFlight} one by one`, ungathered.rates)] : []),
    rowOf(`raw limit, ${inFlight} gathered`, limits),
    ...contestantRows(
      `fan-out, ${inFlight} in flight`,
      contestants,
      others.slice(0, contestants.length),
      limits,
    ),
  ];
}

/** Opens contenders, measures them side by side, and closes them however it ends. */
async function measure(
  open: readonly (() => Promise<Contender>)[],
  { turns: count, duration, warmUp }: Options,
): Promise<Measured[]> {
  const contenders: Contender[] = [];
  try {
    for (const each of open) contenders.push(await each());
    return await measureInTurns(contenders, { count, duration, warmUp });
  } finally {
    for (const contender of contenders) await contender.close();
  }
}

/** A row a contestant; those after the first are compared with it. */
function contestantRows(
  title: string,
  contestants: readonly Contestant[],
  measured: readonly Measured[],
  limits?: readonly Rate[],
): string[][] {
  return contestants.map(({ name }, index) => {
    const { rates, cost } = measured[index] as Measured;
    const first = index > 0 ? measured[0]?.rates : undefined;
    return rowOf(name === '' ? title : `${title}, ${name}`, rates, { limits, first, cost });
  });
}

interface Beside {
  readonly limits?: readonly Rate[] | undefined;
  readonly first?: readonly Rate[] | undefined;
  readonly cost?: Cost | undefined;
}

function rowOf(title: string, rates: readonly Rate[], { limits, first, cost }: Beside = {}): string[] {
  const { perSecond, p50, p99 } = median(rates, (rate) => rate.perSecond);
  return [
    title,
    Math.round(perSecond).toLocaleString('en'),
    limits ? formatPercent(medianRatio(rates, limits)) : '',
    first ? formatPercent(medianRatio(rates, first)) : '',
    p50.toFixed(2),
    p99.toFixed(2),
    ...[cost?.cpu, cost?.writer, cost?.database, cost?.walBytes, cost?.walPages].map(formatNumber),
  ];
}
