import type { Command } from 'commander';
import { requireRestored } from '../backup/unfinished-restore.ts';
import { loadConfig } from '../config/load.ts';
import { parseStore } from '../config/store-url.ts';
import type { DatabaseReport, QuickReport } from '../store/sqlite/index.ts';
import { addSettingOptions, type ParsedFlags, settingsOf } from './setting-options.ts';
import { inMib } from './sizes.ts';
import { StepLine } from './step-line.ts';

export function addMigrate(program: Command): void {
  const command = program
    .command('migrate')
    .summary("bring the database's schema up to date")
    .description(
      "Bring the schema of the data folder's database, or of PostgreSQL's, up to date. The server does so by itself when it starts; this is for those who want to see it happen first. Make a backup before.",
    );
  addSettingOptions(command, ['dataDir', 'store']).action(migrate);
}

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .summary('check the database')
    .description(
      "Check the data folder's database: the file's structure, and that sequences, members and positions fit together. Changes nothing, and may run beside the server. Exits with 1 if something is wrong.",
    )
    .option(
      '--quick',
      'Take some seconds, however large the database is: look at small tables and at what was written last, and say what is left out.',
    );
  addSettingOptions(command, ['dataDir']).action(diagnose);
}

async function migrate(flags: ParsedFlags): Promise<void> {
  const { dataDir, store } = loadConfig({ ...settingsOf(flags), env: process.env }).config;
  const choice = parseStore(store);
  if (choice.kind === 'postgres') {
    const { migratePostgresDatabase } = await import('../store/postgres/index.ts');
    printMigrated('the PostgreSQL database', await migratePostgresDatabase(choice.address));
    return;
  }
  requireRestored(dataDir);
  const { migrateDatabase } = await import('../store/sqlite/index.ts');
  printMigrated(dataDir, migrateDatabase(dataDir));
}

function printMigrated(where: string, { from, to }: { from: number; to: number }): void {
  const result = from === to ? `has version ${to} already` : `went from version ${from} to ${to}`;
  console.log(`the schema of ${where} ${result}`);
}

async function diagnose(flags: ParsedFlags): Promise<void> {
  const { dataDir } = loadConfig({ ...settingsOf(flags), env: process.env }).config;
  const { checkDatabaseInThread, quickCheckInThread } = await import('../store/sqlite/index.ts');
  const steps = new StepLine();
  const onCheck = (what: string, index: number, total: number): void =>
    steps.show(`${index + 1} of ${total}: ${what}`);
  try {
    if (flags.quick === true) printQuick(dataDir, await quickCheckInThread(dataDir, onCheck), steps);
    else printFull(dataDir, await checkDatabaseInThread(dataDir, onCheck), steps);
  } finally {
    steps.clear();
  }
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
  for (const what of report.checked) console.log(`checked        ${what}`);
  for (const what of report.leftOut) console.log(`left out       ${what}`);
  printFindings(report.findings);
}

function printFindings(findings: readonly string[]): void {
  console.log(`findings       ${findings.length === 0 ? 'none' : findings.length}`);
  for (const finding of findings) console.log(`  - ${finding}`);
  if (findings.length > 0) process.exitCode = 1;
}
