import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Pace } from './pace.ts';

const CHUNK_BYTES = 256 * 1024;
/** What is handed to the disk at once. */
const SYNC_BYTES = 4 * 1024 ** 2;

/** What the bytes of a file were when they were read. */
export interface Measured {
  readonly bytes: number;
  readonly sha256: string;
}

/** Copies a file into a new one, which only its owner may read and which is on disk at the end. */
export async function copyFile(
  from: string,
  to: string,
  pace: Pace,
  onBytes: (bytes: number) => void,
): Promise<Measured> {
  const source = await open(from, 'r');
  try {
    const target = await open(to, 'wx', 0o600);
    try {
      const measured = await pump(source, target, pace, onBytes);
      await target.datasync();
      return measured;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Reads a file, and keeps nothing of it. */
export async function measureFile(path: string, onBytes: (bytes: number) => void): Promise<Measured> {
  const hash = createHash('sha256');
  let bytes = 0;
  const source = await open(path, 'r');
  try {
    for await (const chunk of chunksOf(source, hash)) {
      bytes += chunk.length;
      onBytes(chunk.length);
    }
  } finally {
    await source.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function pump(
  source: FileHandle,
  target: FileHandle,
  pace: Pace,
  onBytes: (bytes: number) => void,
): Promise<Measured> {
  const hash = createHash('sha256');
  let bytes = 0;
  let unsynced = 0;
  for await (const chunk of chunksOf(source, hash)) {
    await writeAll(target, chunk);
    bytes += chunk.length;
    unsynced += chunk.length;
    if (unsynced >= SYNC_BYTES) {
      await target.datasync();
      unsynced = 0;
    }
    onBytes(chunk.length);
    await pace.wait(chunk.length);
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Pieces of a file, each good until the next is asked for. */
async function* chunksOf(source: FileHandle, hash: Hash): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (;;) {
    const { bytesRead } = await source.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return;
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    yield chunk;
  }
}

async function writeAll(target: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.length; ) {
    written += (await target.write(chunk, written)).bytesWritten;
  }
}
