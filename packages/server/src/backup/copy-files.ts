import { existsSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { localPath } from '../files/local-path.ts';
import type { FileEntry } from '../store/sqlite/copied-database.ts';
import { copyFile } from './copy-file.ts';
import type { Pace } from './pace.ts';
import { syncFolder } from './sync-folder.ts';

export interface CopyContext {
  readonly pace: Pace;
  /** Whether the server has the file now, and nobody is removing it. */
  isStored(id: string): boolean;
  /** Told how many bytes are done. */
  onBytes(done: number): void;
}

export interface CopiedFiles {
  readonly count: number;
  readonly bytes: number;
  /** Those that nothing held, and that were removed meanwhile. */
  readonly unused: readonly string[];
  /** Those that the server should have and has not, or not as they came. */
  readonly damaged: readonly string[];
}

/** A file that something held, and that was let go of and removed before it could be copied. */
export class FileVanished extends Error {
  override readonly name = 'FileVanished';
  readonly id: string;

  constructor(id: string) {
    super(`file ${id} was removed`);
    this.id = id;
  }
}

/** Copies the bytes of files, and compares each with its digest. Those that are there already stay. */
export async function copyFiles(
  files: Iterable<FileEntry>,
  { from, to }: { readonly from: string; readonly to: string },
  { pace, isStored, onBytes }: CopyContext,
): Promise<CopiedFiles> {
  const unused: string[] = [];
  const damaged: string[] = [];
  const folders = new Set<string>([to]);
  let [count, bytes, passed] = [0, 0, 0];
  for (const file of files) {
    const target = localPath(to, file.id);
    folders.add(dirname(target));
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    const told = passed;
    let read = 0;
    const isWhole =
      existsSync(target) ||
      (await copyOne(file, localPath(from, file.id), target, pace, (more) => {
        read += more;
        onBytes(told + read);
      }));
    passed += file.size;
    onBytes(passed);
    if (isWhole) {
      count++;
      bytes += file.size;
    } else if (isStored(file.id)) damaged.push(file.id);
    else if (file.isUnused) unused.push(file.id);
    else throw new FileVanished(file.id);
  }
  for (const folder of folders) syncFolder(folder);
  return { count, bytes, unused, damaged };
}

/** Whether the copy has the bytes that it should; otherwise there is none. */
async function copyOne(
  { size, sha256 }: FileEntry,
  source: string,
  target: string,
  pace: Pace,
  onBytes: (bytes: number) => void,
): Promise<boolean> {
  try {
    const copied = await copyFile(source, target, pace, onBytes);
    if (copied.bytes === size && copied.sha256 === sha256) return true;
  } catch (error) {
    if (!isOfSource(error as NodeJS.ErrnoException)) throw error;
  }
  await rm(target, { force: true });
  return false;
}

/** Whether it says that the bytes are not there, or that the disk can't read them. */
function isOfSource({ code, syscall }: NodeJS.ErrnoException): boolean {
  return code === 'ENOENT' || (code === 'EIO' && syscall === 'read');
}
