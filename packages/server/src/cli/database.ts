import type { Command } from 'commander';
import { requireRestored } from '../backup/unfinished-restore.ts';
import { loadConfig } from '../config/load.ts';
import { parseStore } from '../config/store-url.ts';
import { addSettingOptions, type ParsedFlags, settingsOf } from './setting-options.ts';

export function addMigrate(program: Command): void {
  const command = program
    .command('migrate')
    .summary("bring the database's schema up to date")
    .description(
      "Bring the schema of the data folder's database, or of PostgreSQL's, up to date. The server does so by itself when it starts; this is for those who want to see it happen first. Make a backup before.",
    );
  addSettingOptions(command, ['dataDir', 'store']).action(migrate);
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
