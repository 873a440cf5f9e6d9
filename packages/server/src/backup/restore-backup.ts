import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StartError } from '../config/start-error.ts';
import { filesFolder, localPath } from '../files/local-path.ts';
import { CopiedDatabase, type FileEntry } from '../store/sqlite/copied-database.ts';
import { DATABASE_FILE } from '../store/sqlite/database.ts';
import { MIGRATIONS } from '../store/sqlite/migrations.ts';
import { copyFile } from './copy-file.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { Pace } from './pace.ts';
import type { Progress } from './progress.ts';
import type { RestorePlace } from './restore-place.ts';
import { syncFolder } from './sync-folder.ts';

/** The manifest of a backup that this haina can restore. StartError for any other. */
export function requireRestorable(from: string): Manifest {
  const manifest = readManifest(from);
  const newest = MIGRATIONS.at(-1)?.version ?? 0;
  if (manifest.schemaVersion <= newest) return manifest;
  throw new StartError(
    `the backup ${from} has schema version ${manifest.schemaVersion}, this haina knows ${newest}: use a newer haina`,
  );
}

/**
 * Puts a backup into an empty data folder: all of it, each file compared with its digest, or nothing. StartError for a
 * backup that is damaged.
 */
export async function restoreBackup(
  from: string,
  manifest: Manifest,
  place: RestorePlace,
  progress: Progress,
): Promise<void> {
  try {
    await restoreDatabase(from, manifest, place.part, progress);
    if (manifest.files.storage === 'local') await restoreFiles(from, manifest.files, place.part, progress);
    place.publish();
  } finally {
    place.discard();
  }
}

async function restoreDatabase(
  from: string,
  { database, schemaVersion }: Manifest,
  part: string,
  progress: Progress,
): Promise<void> {
  progress.begin('database', database.bytes);
  await copyWhole(from, { path: DATABASE_FILE, ...database }, join(part, DATABASE_FILE), (done) =>
    progress.reach(done),
  );
  progress.end();
  const copy = new CopiedDatabase(part);
  copy.close();
  if (copy.schemaVersion === schemaVersion) return;
  throw damaged(from, `its database has schema version ${copy.schemaVersion}, not ${schemaVersion}`);
}

async function restoreFiles(
  from: string,
  { count, bytes, damaged: lost }: Extract<Manifest['files'], { storage: 'local' }>,
  part: string,
  progress: Progress,
): Promise<void> {
  progress.begin('files', bytes);
  const left = new Set(lost);
  const target = filesFolder(part);
  const folders = new Set([target]);
  const database = new CopiedDatabase(part);
  let [restored, passed] = [0, 0];
  try {
    mkdirSync(target, { recursive: true, mode: 0o700 });
    for (const file of database.files()) {
      if (left.has(file.id)) continue;
      folders.add(await restoreFile(from, file, target, (done) => progress.reach(passed + done)));
      passed += file.size;
      restored++;
    }
  } finally {
    database.close();
  }
  if (restored !== count || passed !== bytes) {
    throw damaged(from, `it has ${restored} files of ${passed} bytes, not ${count} of ${bytes}`);
  }
  for (const folder of folders) syncFolder(folder);
  progress.end();
}

/** Returns the folder that it is in. */
async function restoreFile(
  from: string,
  { id, size, sha256 }: FileEntry,
  folder: string,
  onBytes: (done: number) => void,
): Promise<string> {
  const target = localPath(folder, id);
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  await copyWhole(from, { path: localPath('files', id), bytes: size, sha256 }, target, onBytes);
  return dirname(target);
}

interface Part {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** StartError where the bytes are not those that the backup was made with. */
async function copyWhole(
  from: string,
  { path, bytes, sha256 }: Part,
  target: string,
  onBytes: (done: number) => void,
): Promise<void> {
  let done = 0;
  const onChunk = (more: number): void => {
    done += more;
    onBytes(done);
  };
  const copied = await copyFile(join(from, path), target, new Pace(0), onChunk).catch((error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw damaged(from, `${path} is missing`, error);
    throw error;
  });
  if (copied.bytes !== bytes) throw damaged(from, `${path} has ${copied.bytes} bytes, not ${bytes}`);
  if (copied.sha256 !== sha256) throw damaged(from, `${path} is not as it was written`);
}

function damaged(from: string, what: string, cause?: unknown): StartError {
  return new StartError(`the backup ${from} is damaged: ${what}; nothing was restored`, { cause });
}
