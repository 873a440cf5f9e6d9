import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { addSettingOptions, type ParsedFlags, settingsOf } from './setting-options.ts';

export function addMigrate(program: Command): void {
  const command = program
    .command('migrate')
    .summary("bring the database's schema up to date")
    .description(
      "Bring the schema of the data folder's database up to date. The server does so by itself when it starts; this is for those who want to see it happen first. Make a copy of the folder before.",
    );
  addSettingOptions(command, ['dataDir']).action(migrate);
}

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .summary('check the database')
    .description(
      "Check the data folder's database: the file's structure, and that sequences, members and positions fit together. Changes nothing, and may run beside the server. Exits with 1 if something is wrong.",
    );
  addSettingOptions(command, ['dataDir']).action(diagnose);
}

async function migrate(flags: ParsedFlags): Promise<void> {
  const { dataDir } = loadConfig({ ...settingsOf(flags), env: process.env }).config;
  const { migrateDatabase } = await import('../store/sqlite/index.ts');
  const { from, to } = migrateDatabase(dataDir);
  const result = from === to ? `has version ${to} already` : `went from version ${from} to ${to}`;
  console.log(`the schema of ${dataDir} ${result}`);
}

async function diagnose(flags: ParsedFlags): Promise<void> {
  const { dataDir } = loadConfig({ ...settingsOf(flags), env: process.env }).config;
  const { checkDatabase } = await import('../store/sqlite/index.ts');
  const report = checkDatabase(dataDir);
  console.log(`folder         ${dataDir}
schema         ${report.schemaVersion}
size           ${(report.bytes / 1024 ** 2).toFixed(1)} MiB
conversations  ${report.conversations}
messages       ${report.messages}
findings       ${report.findings.length === 0 ? 'none' : report.findings.length}`);
  for (const finding of report.findings) console.log(`  - ${finding}`);
  if (!report.ok) process.exitCode = 1;
}
