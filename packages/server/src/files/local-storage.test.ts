import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { fileStorageContract } from './file-storage-contract.ts';
import { openLocalStorage } from './local-storage.ts';

fileStorageContract('local', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'haina-files-'));
  return {
    storage: await openLocalStorage(folder),
    trouble: {
      begin: () => rename(folder, `${folder}.away`),
      end: () => rename(`${folder}.away`, folder),
    },
    dispose: () => rm(folder, { recursive: true }),
  };
});

test('local: what a crash left half written is gone after the next start, and what was whole is there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'haina-files-'));
  const id = randomUUID();
  await (await openLocalStorage(folder)).put(id, Readable.from([Buffer.from('whole')]));
  await writeFile(join(folder, 'parts', randomUUID()), 'half');
  const again = await openLocalStorage(folder);
  assert.deepEqual(await readdir(join(folder, 'parts')), []);
  assert.equal((await again.read(id).then((bytes) => bytes.toArray())).join(''), 'whole');
  await rm(folder, { recursive: true });
});

test('local: nobody but the owner of the server reads the files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'haina-files-'));
  const id = randomUUID();
  await (await openLocalStorage(folder)).put(id, Readable.from([Buffer.from('secret')]));
  assert.equal((await stat(join(folder, id.slice(-2), id))).mode & 0o077, 0);
  await rm(folder, { recursive: true });
});
