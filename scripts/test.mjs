// Runs everything that must be true: format, lint and types, then the tests of every package.
//   npm test                  all of it
//   npm run test:unit         the tests beside the code only
//   npm test -- FILE…         the tests of these files only
//   npm run test:long         all of it, and every black-box test once more with the store in PostgreSQL
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasPostgres, requireSystemPackages } from './system-packages.mjs';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));
const args = process.argv.slice(2);
const unitOnly = args.includes('--unit');
const isLong = args.includes('--long');
const named = args.filter((arg) => !arg.startsWith('--'));

// How often the chaos test kills each of server and PostgreSQL.
if (isLong) process.env.HAINA_CHAOS_ROUNDS ??= '20';

/** For one test file, in ms: what hangs must not hang for ever, and a long fuzz or many histories are no hanging. */
const TIMEOUT =
  900_000 +
  Number(process.env.HAINA_FUZZ_SECONDS ?? 0) * 1000 +
  Number(process.env.HAINA_DIFFERENTIAL_RUNS ?? 0) * 15_000;

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

/** Black-box tests that run once more with the store in PostgreSQL: those of the dialects, and of what is durable. */
const ON_POSTGRES = [
  ...['xuqm', 'im', 'im-xuqm', 'im-groups', 'im-notifications', 'im-session', 'im-types', 'im-facts'],
  ...[
    'mimi',
    'mimi-loss',
    'mimi-dialects',
    'mimi-notices',
    'desk',
    'desk-handover',
    'desk-closed',
    'desk-suspended',
  ],
  ...[
    'room',
    'room-world',
    'room-guests',
    'matrix',
    'person',
    'sight',
    'reading',
    'conversation-list',
    'files',
    'webhooks',
  ],
  'durability',
].map((name) => `packages/server/test/${name}.test.ts`);
/** These look into the files of SQLite, choose their store themselves, or need none that would differ. */
const ON_SQLITE_ONLY =
  /\/(backup|bench|deploy-.*|disk-trouble|start-failures|postgres-.*|chaos|log-trouble|plugins.*|sockjs.*|browser|.*-browser|openapi)\.test\.ts$/;

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
runTests(files);
if (everything && hasPostgres()) {
  console.log('the same with the store in PostgreSQL:');
  process.env.TEST_STORE = 'postgres';
  runTests(isLong ? globSync(WHOLE).filter((file) => !ON_SQLITE_ONLY.test(file)) : ON_POSTGRES);
}

function runTests(names) {
  run(process.execPath, '--test', '--test-concurrency=2', `--test-timeout=${TIMEOUT}`, ...names);
}
