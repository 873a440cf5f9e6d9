import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { type PostgresAddress, parseStore } from '../config/store-url.ts';
import type { PostgresReport } from '../store/postgres/index.ts';
import type { DatabaseReport, QuickReport } from '../store/sqlite/index.ts';
import { renderLines } from './doctor-table.ts';
import { addSettingOptions, type ParsedFlags, settingsOf } from './setting-options.ts';
import { inMib } from './sizes.ts';
import { StepLine } from './step-line.ts';

const EPILOGUE = `
With HAINA_STORE=postgres://... it looks at PostgreSQL: whether a server of haina can start there, how durable a RECEIPT is,
connections, clocks and tables, in one table that says what to do. Then at what is stored.

Exits with 1 if something is wrong, with 0 otherwise, also where something is only worth a note.

Examples:
  haina doctor --quick
  HAINA_STORE=postgres://... haina doctor`;

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .summary('check the database')
    .description(
      'Check the database: its structure or its server, and that sequences, members and positions fit together. Changes nothing, and may run beside the server.',
    )
    .option(
      '--quick',
      'Take some seconds, however large the database is: look at small tables and at what was written last, and say what is left out.',
    );
  addSettingOptions(command, ['dataDir', 'store']).addHelpText('after', EPILOGUE).action(diagnose);
}

async function diagnose(flags: ParsedFlags): Promise<void> {
  const { dataDir, store } = loadConfig({ ...settingsOf(flags), env: process.env }).config;
  const choice = parseStore(store);
  const isQuick = flags.quick === true;
  const steps = new StepLine();
  try {
    if (choice.kind === 'postgres') await diagnosePostgres(choice.address, isQuick, steps);
    else await diagnoseSqlite(dataDir, isQuick, steps);
  } finally {
    steps.clear();
  }
}

async function diagnoseSqlite(dataDir: string, isQuick: boolean, steps: StepLine): Promise<void> {
  const { checkDatabaseInThread, quickCheckInThread } = await import('../store/sqlite/index.ts');
  const onCheck = showing(steps);
  if (isQuick) printQuick(dataDir, await quickCheckInThread(dataDir, onCheck), steps);
  else printFull(dataDir, await checkDatabaseInThread(dataDir, onCheck), steps);
}

async function diagnosePostgres(address: PostgresAddress, isQuick: boolean, steps: StepLine): Promise<void> {
  const { examinePostgres } = await import('../store/postgres/index.ts');
  const report = await examinePostgres(address, { isQuick, onCheck: showing(steps) });
  steps.clear();
  printPostgres(report);
}

function showing(steps: StepLine) {
  return (what: string, index: number, total: number): void =>
    steps.show(`${index + 1} of ${total}: ${what}`);
}

function printPostgres({ where, lines, content }: PostgresReport): void {
  console.log(`PostgreSQL     ${where}\n`);
  console.log(`${renderLines(lines, process.stdout)}\n`);
  if (content?.counts) {
    console.log(`conversations  ${content.counts.conversations}
messages       ${content.counts.messages}`);
  }
  if (content) printLooks(content);
  const faults = lines.filter(({ verdict }) => verdict === 'bad').map(({ what, says }) => `${what}: ${says}`);
  printFindings([...faults, ...(content?.findings ?? [])]);
}

function printFull(dataDir: string, report: DatabaseReport, steps: StepLine): void {
  steps.clear();
  console.log(`folder         ${dataDir}
schema         ${report.schemaVersion}
size           ${inMib(report.bytes)}
conversations  ${report.conversations}
messages       ${report.messages}`);
  printFindings(report.findings);
}

function printQuick(dataDir: string, report: QuickReport, steps: StepLine): void {
  steps.clear();
  console.log(`folder         ${dataDir}
schema         ${report.schemaVersion}
size           ${inMib(report.bytes)}`);
  printLooks(report);
  printFindings(report.findings);
}

function printLooks({ checked, leftOut }: Pick<QuickReport, 'checked' | 'leftOut'>): void {
  for (const what of checked) console.log(`checked        ${what}`);
  for (const what of leftOut) console.log(`left out       ${what}`);
}

function printFindings(findings: readonly string[]): void {
  console.log(`findings       ${findings.length === 0 ? 'none' : findings.length}`);
  for (const finding of findings) console.log(`  - ${finding}`);
  if (findings.length > 0) process.exitCode = 1;
}
