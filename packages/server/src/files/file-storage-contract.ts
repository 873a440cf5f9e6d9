import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import type { FileStorage } from '../core/ports/file-storage.ts';

export interface StorageUnderTest {
  readonly storage: FileStorage;
  /** Makes the place of the files unreachable, and undoes that. */
  readonly trouble: { begin(): Promise<void>; end(): Promise<void> };
  dispose(): Promise<void>;
}

/** More than any adapter sends in one piece. */
const LARGE = 20_000_000;

/** What every adapter of the file storage port promises. */
export function fileStorageContract(adapter: string, open: () => Promise<StorageUnderTest>): void {
  describe(`file storage contract: ${adapter}`, () => {
    let under: StorageUnderTest;
    let storage: FileStorage;

    before(async () => {
      under = await open();
      storage = under.storage;
    });
    after(async () => {
      await storage.close();
      await under.dispose();
    });

    async function stored(bytes: Buffer): Promise<string> {
      const id = randomUUID();
      await storage.put(id, pieces(bytes));
      return id;
    }

    const isMissing = { code: 'ENOENT', field: 'id' };

    for (const size of [1, 65_537, LARGE]) {
      test(`${size} bytes come back as they were`, async () => {
        const bytes = pattern(size);
        const id = await stored(bytes);
        assert.ok((await buffer(await storage.read(id))).equals(bytes));
      });
    }

    test('a range of the bytes comes back alone', async () => {
      const bytes = pattern(100_000);
      const id = await stored(bytes);
      for (const [from, to] of [
        [0, 9],
        [5, 70_000],
        [99_999, 99_999],
      ] as const) {
        assert.ok((await buffer(await storage.read(id, { from, to }))).equals(bytes.subarray(from, to + 1)));
      }
    });

    test('a reader may stop early', async () => {
      const stream = await storage.read(await stored(pattern(LARGE)));
      await once(stream, 'readable');
      const closed = once(stream, 'close');
      stream.destroy();
      await closed;
    });

    test('what was never there, or was deleted, is missing', async () => {
      await assert.rejects(storage.read(randomUUID()), isMissing);
      const id = await stored(pattern(10));
      await storage.delete(id);
      await assert.rejects(storage.read(id), isMissing);
      await storage.delete(id);
    });

    for (const size of [10, LARGE]) {
      test(`of a source that fails after ${size} bytes nothing is kept, and its error comes back`, async () => {
        const id = randomUUID();
        const error = new Error('the source broke');
        await assert.rejects(storage.put(id, failing(size, error)), error);
        await assert.rejects(storage.read(id), isMissing);
        // The id is as free as before.
        await storage.put(id, pieces(pattern(3)));
        assert.equal((await buffer(await storage.read(id))).length, 3);
      });
    }

    test('files that are written at the same time do not mix', async () => {
      const files = Array.from({ length: 5 }, (_, index) => Buffer.alloc(300_000, index));
      const ids = await Promise.all(files.map(stored));
      const read = await Promise.all(ids.map(async (id) => buffer(await storage.read(id))));
      assert.deepEqual(read, files);
    });

    test('nothing but an id of the server reaches the place of the files', async () => {
      for (const id of ['../x', 'a/b', '', '.', 'A', 'x'.repeat(65)]) {
        await assert.rejects(async () => storage.read(id), /is no id of a file/);
        await assert.rejects(async () => storage.put(id, pieces(pattern(1))), /is no id of a file/);
        await assert.rejects(async () => storage.delete(id), /is no id of a file/);
      }
    });

    test('while the place can not be reached it refuses, and works again afterwards', async () => {
      const id = await stored(pattern(10));
      await under.trouble.begin();
      await assert.rejects(storage.put(randomUUID(), pieces(pattern(10))), { code: 'EINTERNAL' });
      await under.trouble.end();
      assert.equal((await buffer(await storage.read(id))).length, 10);
      await stored(pattern(10));
    });
  });
}

function pattern(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4096) bytes.writeUInt8((at / 4096) % 251, at);
  return bytes;
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += 65_536) yield bytes.subarray(from, from + 65_536);
}

async function* failing(size: number, error: Error): AsyncGenerator<Buffer> {
  yield* pieces(pattern(size));
  throw error;
}
