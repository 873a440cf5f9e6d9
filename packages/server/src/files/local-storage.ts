import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { DomainError } from '../core/errors.ts';
import type { ByteRange, FileStorage } from '../core/ports/file-storage.ts';
import { makeFolder } from '../make-folder.ts';
import { requireFileId } from './file-id.ts';
import { localPath } from './local-path.ts';

/** Files being written: under names that no reader looks for. */
const PARTS = 'parts';

/**
 * Keeps files in a folder, which belongs to one process. Written beside their place and renamed into it once they are on
 * disk, so that a crash leaves no half of one; what it does leave is removed here, at the start.
 */
export async function openLocalStorage(folder: string): Promise<FileStorage> {
  const parts = join(folder, PARTS);
  makeFolder(parts);
  for (const left of await readdir(parts)) await rm(join(parts, left), { recursive: true });
  const pathOf = (id: string) => localPath(folder, id);
  return {
    put: (id, bytes) => guarded(() => put(join(parts, requireFileId(id)), pathOf(id), bytes)),
    read: (id, range) => guarded(() => read(pathOf(id), range)),
    delete: (id) => guarded(() => rm(pathOf(id), { force: true })),
    async close() {},
  };
}

async function put(part: string, path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    await writeDurably(part, bytes);
    const folder = dirname(path);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await rename(part, path);
    // The names are on disk only once their folders are.
    await syncFolder(folder);
    await syncFolder(dirname(folder));
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

async function writeDurably(part: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  await withHandle(await open(part, 'wx', 0o600), async (handle) => {
    await handle.writeFile(bytes);
    await handle.sync();
  });
}

async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders, and needs no such thing.
  if (process.platform === 'win32') return;
  await withHandle(await open(folder, 'r'), (handle) => handle.sync());
}

async function withHandle(handle: FileHandle, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}

async function read(path: string, range?: ByteRange): Promise<Readable> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new DomainError('ENOENT', 'no such file', { field: 'id', cause: error });
  });
  return handle.createReadStream(range ? { start: range.from, end: range.to } : {});
}

/** Errors of the source pass; those of the file system are told in the domain's words. */
async function guarded<Value>(run: () => Promise<Value>): Promise<Value> {
  try {
    return await run();
  } catch (error) {
    const isOfSystem = (error as NodeJS.ErrnoException).syscall !== undefined;
    if (error instanceof DomainError || !isOfSystem) throw error;
    throw new DomainError('EINTERNAL', 'the files can not be reached now; try again', { cause: error });
  }
}
