// Measures a server against the raw write limit of the same machine, in one run. Figures of different runs, and of
// different machines, are not to be compared: ratios of one run are.
import { parseArgs } from 'node:util';
import { PINNING, pinLoad } from './child.ts';
import { fanOut, oneToOne, type Rate, rawLimit } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    subscribers: { type: 'string', default: '1000' },
    pairs: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '3' },
    bytes: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '3' },
  },
});
const subscribers = Number(values.subscribers);
const pairs = Number(values.pairs);
const duration = Number(values.seconds) * 1000;
const rounds = Number(values.rounds);
const text = 'x'.repeat(Number(values.bytes));
/** STOMP headers and the JSON around the text, as a group's MESSAGE has them. */
const FRAME_OVERHEAD = 340;

pinLoad();
console.log(
  `haina bench: ${subscribers} subscribers, ${text.length}-byte texts, ${PINNING}, Node ${process.version}\n`,
);
const rows: string[][] = [['', 'per second', 'of the raw limit', 'p50 ms', 'p99 ms']];
const load = { subscribers, duration, text };
const frameBytes = text.length + FRAME_OVERHEAD;

add('raw limit, a write a delivery', await rawLimit('each', frameBytes, { ...load, inFlight: 10 }));
for (const inFlight of [1, 10, 50]) {
  const raw: Rate[] = [];
  const fannedOut: Rate[] = [];
  // In turns, so that what else the machine does meets both.
  for (let round = 0; round < rounds; round++) {
    raw.push(await rawLimit('gathered', frameBytes, { ...load, inFlight }));
    fannedOut.push(await fanOut({ ...load, inFlight }));
  }
  add(`raw limit, ${inFlight} gathered`, median(raw));
  add(`fan-out, ${inFlight} in flight`, median(fannedOut), median(raw));
}
add(`durable one-to-one, ${pairs} pairs`, await oneToOne(pairs, { ...load, inFlight: pairs * 10 }));
add('durable one-to-one, 1 pair', await oneToOne(1, { ...load, inFlight: 1 }));
print(rows);

function add(name: string, rate: Rate, raw?: Rate): void {
  const ratio = raw ? `${Math.round((rate.perSecond / raw.perSecond) * 100)} %` : '';
  rows.push([
    name,
    Math.round(rate.perSecond).toLocaleString('en'),
    ratio,
    rate.p50.toFixed(2),
    rate.p99.toFixed(2),
  ]);
  console.error(`${name}: ${Math.round(rate.perSecond).toLocaleString('en')}/s ${ratio}`);
}

function median(rates: readonly Rate[]): Rate {
  const sorted = rates.toSorted((a, b) => a.perSecond - b.perSecond);
  return sorted[Math.floor(sorted.length / 2)] as Rate;
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
