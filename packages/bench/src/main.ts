// Measures a server against the raw write limit of the same machine, or beside another one, in one run. Figures of
// different runs, and of different machines, are not to be compared: ratios of one run are.
import { PINNING, pinLoad } from './child.ts';
import { growthTable } from './growth/growth.ts';
import { SMALLER } from './growth/shapes.ts';
import { FAILED } from './growth/table.ts';
import { OptionError, parseOptions } from './options.ts';
import { ratesTable } from './rates.ts';
import { formatTable } from './table.ts';

async function run(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  const { subscribers, text, growth, store } = options;
  pinLoad();
  const what =
    growth === undefined
      ? `${subscribers} subscribers, ${text.length}-byte texts`
      : `growth, ${store}, 1/${growth * SMALLER} beside 1/${growth}`;
  console.log(`haina bench: ${what}, ${PINNING}, Node ${process.version}\n`);
  const rows =
    growth === undefined
      ? await ratesTable(options, console.error)
      : await growthTable(options, growth, console.error);
  console.log(`\n${formatTable(rows)}`);
  if (rows.some((row) => row.at(-1) === FAILED)) process.exitCode = 1;
}

try {
  await run();
} catch (error) {
  if (!(error instanceof OptionError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
