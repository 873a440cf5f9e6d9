// Runs everything that must be true: format, lint and types, then the tests of every package.
//   npm test                  all of it
//   npm run test:unit         the tests beside the code only
//   npm test -- FILE…         the tests of these files only
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireSystemPackages } from './system-packages.mjs';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));
const args = process.argv.slice(2);
const unitOnly = args.includes('--unit');
const named = args.filter((arg) => !arg.startsWith('--'));

/** For one test file, in ms: what hangs must not hang for ever, and a long fuzz is no hanging. */
const TIMEOUT = 900_000 + Number(process.env.HAINA_FUZZ_SECONDS ?? 0) * 1000;

// Each test file is a process, and many start the server: what one has compiled the next need not.
process.env.NODE_COMPILE_CACHE ??= join(process.cwd(), 'node_modules', '.cache', 'node-compile');

/** Runs a command in the foreground; ends this process where it fails. */
function run(command, ...rest) {
  const { status, error } = spawnSync(command, rest, { stdio: 'inherit' });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

const UNIT = ['packages/*/src/**/*.test.ts', 'scripts/*.test.ts'];
const WHOLE = ['packages/*/test/**/*.test.ts'];

const everything = !unitOnly && named.length === 0;
if (everything) {
  requireSystemPackages();
  const colors = process.stdout.isTTY ? 'force' : 'off';
  run(process.execPath, 'node_modules/@biomejs/biome/bin/biome', 'ci', `--colors=${colors}`, '.');
  run(process.execPath, 'node_modules/typescript/bin/tsc', '--noEmit');
}
const files = named.length > 0 ? named : globSync(unitOnly ? UNIT : [...UNIT, ...WHOLE]);
if (files.length === 0) {
  console.error('no test files found');
  process.exit(1);
}
run(process.execPath, '--test', '--test-concurrency=2', `--test-timeout=${TIMEOUT}`, ...files);
