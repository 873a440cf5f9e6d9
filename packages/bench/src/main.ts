// Measures a server against the raw write limit of the same machine, in one run. Figures of different runs, and of
// different machines, are not to be compared: ratios of one run are.
import { parseArgs } from 'node:util';
import { PINNING, pinLoad } from './child.ts';
import { type Contender, fanOut, rawLimit } from './contenders.ts';
import { oneToOne } from './one-to-one.ts';
import { median, type Rate } from './rate.ts';
import { measureInTurns } from './turns.ts';

const { values } = parseArgs({
  options: {
    subscribers: { type: 'string', default: '1000' },
    pairs: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '3' },
    bytes: { type: 'string', default: '200' },
    turns: { type: 'string', default: '5' },
  },
});
const subscribers = positive('subscribers');
const pairs = positive('pairs');
const duration = positive('seconds') * 1000;
const turns = { count: positive('turns'), duration };
const text = 'x'.repeat(positive('bytes'));
/** STOMP headers and the JSON around the text, as a group's MESSAGE has them. */
const FRAME_OVERHEAD = 340;
const frameBytes = text.length + FRAME_OVERHEAD;
const rows: string[][] = [['', 'per second', 'of the raw limit', 'p50 ms', 'p99 ms']];

pinLoad();
console.log(
  `haina bench: ${subscribers} subscribers, ${text.length}-byte texts, ${PINNING}, Node ${process.version}\n`,
);
for (const inFlight of [1, 10, 50]) await compare(inFlight);
add(`durable one-to-one, ${pairs} pairs`, await oneToOne({ pairs, inFlight: 10, duration, text }));
add('durable one-to-one, 1 pair', await oneToOne({ pairs: 1, inFlight: 1, duration, text }));
print(rows);

async function compare(inFlight: number): Promise<void> {
  const load = { subscribers, inFlight, text };
  const contenders: Contender[] = [];
  try {
    contenders.push(await rawLimit('gathered', frameBytes, load));
    contenders.push(await fanOut(load));
    // With one in flight there is nothing to gather.
    if (inFlight > 1) contenders.push(await rawLimit('each', frameBytes, load));
    const [limits = [], rates = [], ungathered = []] = await measureInTurns(contenders, load, turns);
    if (ungathered.length > 0) add(`raw limit, ${inFlight} one by one`, medianRate(ungathered));
    report(inFlight, limits, rates);
  } finally {
    for (const contender of contenders) await contender.close();
  }
}

function report(inFlight: number, limits: readonly Rate[], rates: readonly Rate[]): void {
  add(`raw limit, ${inFlight} gathered`, medianRate(limits));
  const ratios = rates.map(({ perSecond }, turn) => perSecond / (limits[turn] as Rate).perSecond);
  add(`fan-out, ${inFlight} in flight`, medianRate(rates), ratios);
}

function positive(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`--${name} must be a whole number above 0, not ${values[name]}`);
  process.exit(1);
}

/** @param ratios to the raw limit, one a turn */
function add(name: string, rate: Rate, ratios: readonly number[] = []): void {
  const percent = (ratio: number) => `${Math.round(ratio * 100)} %`;
  const ratio = ratios.length > 0 ? percent(median(ratios, Number)) : '';
  rows.push([
    name,
    Math.round(rate.perSecond).toLocaleString('en'),
    ratio,
    rate.p50.toFixed(2),
    rate.p99.toFixed(2),
  ]);
  const each = ratios.length > 0 ? `${ratio}, in turns ${ratios.map(percent).join(', ')}` : '';
  console.error(`${name}: ${Math.round(rate.perSecond).toLocaleString('en')}/s ${each}`);
}

function medianRate(rates: readonly Rate[]): Rate {
  return median(rates, ({ perSecond }) => perSecond);
}

function print(table: readonly string[][]): void {
  const widths = (table[0] as string[]).map((_, column) =>
    Math.max(...table.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
      .join('  ');
  console.log(`\n${table.map(line).join('\n')}`);
}
