import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../config/start-error.ts';
import { filesFolder } from '../files/local-path.ts';
import { checkStructureInThread } from '../store/sqlite/check-thread.ts';
import { CopiedDatabase } from '../store/sqlite/copied-database.ts';
import { DATABASE_FILE } from '../store/sqlite/database.ts';
import { MIGRATIONS } from '../store/sqlite/migrations.ts';
import { Snapshot } from '../store/sqlite/snapshot.ts';
import { VERSION } from '../version.ts';
import type { BackupPlace } from './backup-place.ts';
import { measureFile } from './copy-file.ts';
import { copyFiles, FileVanished } from './copy-files.ts';
import { type Manifest, type ManifestFiles, printManifest } from './manifest.ts';
import { Pace } from './pace.ts';
import type { Progress } from './progress.ts';

/** How often a database is copied again, where files that belong to the copy are removed before they are copied. */
const MAX_COPIES = 3;
/** What a backup has, or a server makes anew. */
const KNOWN = /^(haina\.db(-wal|-shm|-journal)?|files|lock(-journal)?)$/;
const MAX_NAMED = 20;

export interface BackupOptions {
  readonly dataDir: string;
  /** Where the server keeps files. */
  readonly storage: { readonly kind: 'local' } | { readonly kind: 's3'; readonly bucket: string | null };
  /** Makes a backup without the files that the server has lost. */
  readonly skipDamaged: boolean;
  /** Bytes a second that are copied at most; 0 for as fast as it goes. */
  readonly rate: number;
}

export interface BackupReport {
  readonly manifest: Manifest;
  /** What else is in the data folder, and not in the backup. */
  readonly leftOut: readonly string[];
}

/**
 * Makes a backup, also beside a server that goes on writing: everything that was confirmed when it began, and the bytes
 * of every file that belongs to it. StartError for what the operator can do something about; then nothing is left of it.
 */
export async function makeBackup(
  place: BackupPlace,
  options: BackupOptions,
  progress: Progress,
): Promise<BackupReport> {
  try {
    requireDatabase(options.dataDir);
    const pace = new Pace(options.rate);
    const { takenAt, files } = await copyAll(place.part, options, pace, progress);
    await requireSound(place.part, progress);
    const manifest = await describe(place.part, { takenAt, files }, progress);
    place.publish(printManifest(manifest));
    return { manifest, leftOut: readdirSync(options.dataDir).filter((name) => !KNOWN.test(name)) };
  } finally {
    place.discard();
  }
}

function requireDatabase(dataDir: string): void {
  const file = join(dataDir, DATABASE_FILE);
  if (!existsSync(file)) throw new StartError(`there is no database at ${file}`);
}

interface Copied {
  readonly takenAt: string;
  readonly files: ManifestFiles;
}

/**
 * The database comes first, as it says which files there are. They don't change, so each is as good later as it was then;
 * but one that something held then may be let go of and removed before its turn. Then the copy of the database is of
 * no use, and the files that were copied are kept for the next one.
 */
async function copyAll(
  part: string,
  options: BackupOptions,
  pace: Pace,
  progress: Progress,
): Promise<Copied> {
  for (let copies = 1; ; copies++) {
    const snapshot = new Snapshot(options.dataDir);
    try {
      const takenAt = new Date().toISOString();
      await copyDatabase(snapshot, part, pace, progress);
      snapshot.release();
      return { takenAt, files: await copyFilesOf(snapshot, part, options, pace, progress) };
    } catch (error) {
      if (!(error instanceof FileVanished)) throw error;
      if (copies === MAX_COPIES) {
        throw new StartError(
          `files are removed faster than they are copied, ${error.id} at last: try again, with a higher --rate or on a quieter server`,
          { cause: error },
        );
      }
      rmSync(join(part, DATABASE_FILE));
    } finally {
      snapshot.close();
    }
  }
}

async function copyDatabase(snapshot: Snapshot, part: string, pace: Pace, progress: Progress): Promise<void> {
  requireKnown(snapshot);
  const total = snapshot.bytes;
  requireRoom(part, total);
  progress.begin('database', total);
  let last = 0;
  await snapshot.copyTo(join(part, DATABASE_FILE), (bytes) => {
    progress.reach(bytes);
    pace.block(bytes - last);
    last = bytes;
  });
  // The last step is not told.
  progress.reach(total);
  progress.end();
}

function requireKnown({ schemaVersion }: Snapshot): void {
  const newest = MIGRATIONS.at(-1)?.version ?? 0;
  if (schemaVersion === 0) throw new StartError('the database is empty: no server has run on it yet');
  if (schemaVersion <= newest) return;
  throw new StartError(
    `the database has schema version ${schemaVersion}, this haina knows ${newest}: use a newer haina`,
  );
}

async function copyFilesOf(
  snapshot: Snapshot,
  part: string,
  { dataDir, storage, skipDamaged }: BackupOptions,
  pace: Pace,
  progress: Progress,
): Promise<ManifestFiles> {
  const database = new CopiedDatabase(part);
  try {
    if (storage.kind === 's3') return { storage: 's3', bucket: storage.bucket };
    requireRoom(part, database.fileBytes());
    progress.begin('files', database.fileBytes());
    const folders = { from: filesFolder(dataDir), to: filesFolder(part) };
    mkdirSync(folders.to, { recursive: true, mode: 0o700 });
    const isStored = (id: string): boolean => snapshot.isStored(id);
    const { count, bytes, unused, damaged } = await copyFiles(database.files(), folders, {
      pace,
      isStored,
      onBytes: (done) => progress.reach(done),
    });
    progress.end();
    if (damaged.length > 0 && !skipDamaged) throw lost(damaged, count, folders.from);
    database.takeUnused(unused);
    return { storage: 'local', count, bytes, damaged };
  } finally {
    database.close();
  }
}

function lost(damaged: readonly string[], others: number, folder: string): StartError {
  const named = damaged.slice(0, MAX_NAMED).join(', ');
  const more = damaged.length > MAX_NAMED ? `, and ${damaged.length - MAX_NAMED} more` : '';
  const bucket = others === 0 ? '; if they are in a bucket, say so by --file-storage s3' : '';
  return new StartError(
    `${damaged.length} files of ${folder} are missing or damaged: ${named}${more}; --skip-damaged makes a backup without them${bucket}`,
  );
}

function requireRoom(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= bytes) return;
  const mib = (value: number): string => `${Math.ceil(value / 1024 ** 2)} MiB`;
  throw new StartError(
    `there is no room for the backup: it takes ${mib(bytes)} more, and ${mib(bavail * bsize)} are free`,
  );
}

async function requireSound(part: string, progress: Progress): Promise<void> {
  progress.begin('check of the copy');
  const findings = await checkStructureInThread(part);
  progress.end();
  if (findings.length === 0) return;
  throw new StartError(`the database is damaged (${findings[0]}): haina doctor tells more`);
}

async function describe(part: string, { takenAt, files }: Copied, progress: Progress): Promise<Manifest> {
  const database = new CopiedDatabase(part);
  const { schemaVersion } = database;
  const counts = database.counts();
  database.close();
  progress.begin('digest of the copy');
  const measured = await measureFile(join(part, DATABASE_FILE), () => {});
  progress.end();
  const finishedAt = new Date().toISOString();
  return { haina: VERSION, schemaVersion, takenAt, finishedAt, database: measured, counts, files };
}
