import { type Command, Option } from 'commander';
import type { BackupReport } from '../backup/make-backup.ts';
import type { Manifest } from '../backup/manifest.ts';
import { requireRestored } from '../backup/unfinished-restore.ts';
import { loadConfig } from '../config/load.ts';
import { describeAllowed, parseSetting } from '../config/parse-setting.ts';
import type { SettingSchema } from '../config/setting-kinds.ts';
import type { Config } from '../config/settings.ts';
import { StartError } from '../config/start-error.ts';
import { parseStore } from '../config/store-url.ts';
import { describeBackupFailure } from './backup-failure.ts';
import { ProgressBar } from './progress.ts';
import { addSettingOptions, type ParsedFlags, settingsOf } from './setting-options.ts';
import { inMib } from './sizes.ts';

/** The exit code of a backup that is whole but for files that the server had lost. */
const WITHOUT_DAMAGED = 2;

const RATE: SettingSchema = { kind: 'bytes', description: 'Bytes a second.' };

const BACKUP_EPILOGUE = `
A backup is a folder: the database, the files and a manifest with their digests. It is whole or not there. It has all
that was confirmed when it began. Exits with 0 once it is whole, with 2 if --skip-damaged left files out, with 1 if there
is no backup.

Examples:
  haina backup --to /backups/$(date +%F)             a new one each day
  haina backup --to /backups/latest --replace        always the same one
  haina backup --to /backups/big --rate 0            as fast as it goes, beside a busy server`;

const RESTORE_EPILOGUE = `
Everything is compared with its digest first; a backup that is damaged is refused, and then the data folder stays as it
was. A newer haina brings the schema up to date when it starts.

Examples:
  haina restore --from /backups/2026-11-30 --data-dir ./restored
  haina doctor --data-dir ./restored`;

interface BackupFlags extends ParsedFlags {
  readonly to: string;
  readonly rate: string;
  readonly replace?: boolean;
  readonly skipDamaged?: boolean;
}

interface RestoreFlags extends ParsedFlags {
  readonly from: string;
}

export function addBackup(program: Command): void {
  const command = program
    .command('backup')
    .summary('copy database and files, beside a running server')
    .description(
      'Copy the database and the files of a data folder, also while a server runs on it. Changes nothing there. Files in a bucket are not part of it.',
    )
    .requiredOption('--to <folder>', 'the backup, a folder that is not there yet')
    .addOption(
      new Option(
        '--rate <size>',
        'what is copied a second at most; 0 is as fast as it goes. A slower copy of the database makes a busy server slower, as what it writes piles up meanwhile',
      ).default('64MiB'),
    )
    .option('--replace', 'replace a backup that is there; it stays until the new one is whole')
    .option('--skip-damaged', 'leave out files that the server has lost, and name them');
  addSettingOptions(command, ['dataDir', 'store', 'fileStorage', 's3Bucket'])
    .addHelpText('after', BACKUP_EPILOGUE)
    .action(backup);
}

export function addRestore(program: Command): void {
  const command = program
    .command('restore')
    .summary('put a backup into an empty data folder')
    .description('Put a backup into an empty data folder, for a server to start on.')
    .requiredOption('--from <folder>', 'the backup');
  addSettingOptions(command, ['dataDir', 'store']).addHelpText('after', RESTORE_EPILOGUE).action(restore);
}

async function backup(flags: BackupFlags): Promise<void> {
  const { config } = loadConfig({ ...settingsOf(flags), env: process.env });
  requireSqlite(config);
  requireRestored(config.dataDir);
  const options = {
    dataDir: config.dataDir,
    storage: storageOf(config),
    skipDamaged: flags.skipDamaged === true,
    rate: rateOf(flags.rate),
  };
  const [{ BackupPlace }, { makeBackup }] = await Promise.all([
    import('../backup/backup-place.ts'),
    import('../backup/make-backup.ts'),
  ]);
  await attempt(flags.to, async (progress) => {
    const place = new BackupPlace(flags.to, {
      dataDir: config.dataDir,
      replace: flags.replace === true,
    });
    discardOnSignals(place, progress);
    printBackup(flags.to, await makeBackup(place, options, progress));
  });
}

async function restore(flags: RestoreFlags): Promise<void> {
  const { config } = loadConfig({ ...settingsOf(flags), env: process.env });
  requireSqlite(config);
  const [{ RestorePlace }, { requireRestorable, restoreBackup }] = await Promise.all([
    import('../backup/restore-place.ts'),
    import('../backup/restore-backup.ts'),
  ]);
  await attempt(config.dataDir, async (progress) => {
    const manifest = requireRestorable(flags.from);
    const place = new RestorePlace(config.dataDir);
    discardOnSignals(place, progress);
    await restoreBackup(flags.from, manifest, place, progress);
    printRestored(config.dataDir, manifest);
  });
}

/** @param target what is written to, which a full disk is told of by */
async function attempt(target: string, run: (progress: ProgressBar) => Promise<void>): Promise<void> {
  const progress = new ProgressBar();
  try {
    await run(progress);
  } catch (error) {
    throw describeBackupFailure(error, target);
  } finally {
    progress.clear();
  }
}

/** Leaves nothing behind, and ends as the signal says. */
function discardOnSignals(place: { discard(): void }, progress: ProgressBar): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      progress.clear();
      try {
        place.discard();
      } finally {
        process.kill(process.pid, signal);
      }
    });
  }
}

function requireSqlite({ store }: Config): void {
  if (parseStore(store).kind === 'sqlite') return;
  throw new StartError(
    'backup and restore are for the database of a data folder; PostgreSQL has tools of its own, pg_dump and pg_restore',
  );
}

function storageOf({ fileStorage, s3Bucket }: Config) {
  return fileStorage === 's3'
    ? { kind: 's3' as const, bucket: s3Bucket ?? null }
    : { kind: 'local' as const };
}

function rateOf(text: string): number {
  const rate = parseSetting(RATE, text);
  if (typeof rate === 'number') return rate;
  throw new StartError(`--rate must be ${describeAllowed(RATE)}`);
}

function printBackup(to: string, { manifest, leftOut }: BackupReport): void {
  console.log(`backup         ${to}
${describeManifest(manifest)}`);
  if (leftOut.length > 0) console.log(`left out       ${leftOut.join(', ')}: neither database nor files`);
  if (manifest.files.storage !== 'local' || manifest.files.damaged.length === 0) return;
  console.log(`damaged        ${manifest.files.damaged.length} files are not in it`);
  for (const id of manifest.files.damaged) console.log(`  - ${id}`);
  process.exitCode = WITHOUT_DAMAGED;
}

function printRestored(dataDir: string, manifest: Manifest): void {
  console.log(`restored to    ${dataDir}
${describeManifest(manifest)}`);
  if (manifest.files.storage !== 'local' || manifest.files.damaged.length === 0) return;
  console.log(`damaged        ${manifest.files.damaged.length} files were lost before the backup`);
}

function describeManifest({ takenAt, schemaVersion, database, counts, files }: Manifest): string {
  return `taken at       ${takenAt}
schema         ${schemaVersion}
database       ${inMib(database.bytes)}
conversations  ${counts.conversations}
messages       ${counts.messages}
files          ${describeFiles(files)}`;
}

function describeFiles(files: Manifest['files']): string {
  if (files.storage === 'local') return `${files.count}, ${inMib(files.bytes)}`;
  return `not part of the backup: they are in the bucket${files.bucket === null ? '' : ` ${files.bucket}`}, which needs one of its own`;
}
