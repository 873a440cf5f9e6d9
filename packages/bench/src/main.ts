// Measures a server against the raw write limit of the same machine, or beside another one, in one run. Figures of
// different runs, and of different machines, are not to be compared: ratios of one run are.
import { PINNING, pinLoad } from './child.ts';
import { OptionError, parseOptions } from './options.ts';
import { ratesTable } from './rates.ts';
import { formatTable } from './table.ts';

async function run(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  const { subscribers, text } = options;
  pinLoad();
  console.log(
    `haina bench: ${subscribers} subscribers, ${text.length}-byte texts, ${PINNING}, Node ${process.version}\n`,
  );
  console.log(`\n${formatTable(await ratesTable(options, console.error))}`);
}

try {
  await run();
} catch (error) {
  if (!(error instanceof OptionError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
