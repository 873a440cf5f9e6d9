import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { DomainError } from './errors.ts';
import { Files } from './files.ts';
import type { StoredFile } from './model.ts';
import type { Policies } from './policies.ts';
import type { FileInspector } from './ports/file-inspector.ts';
import type { FileStorage } from './ports/file-storage.ts';
import type { FileStore } from './ports/file-store.ts';
import type { PictureSource, Pictures } from './ports/pictures.ts';
import { Thumbnails } from './thumbnails.ts';

const FILE: StoredFile = {
  tenant: 't',
  id: 'a',
  ownerId: 'alice',
  name: 'a.png',
  type: 'image/png',
  size: 1,
  sha256: 'digest',
  extension: 'png',
  format: 'PNG',
  createdAt: 0,
};
const SOURCE = { open: async () => Readable.from([Buffer.from('x')]), find: async () => FILE };

function setUp(shrink: (source: PictureSource) => Promise<Buffer | undefined>) {
  const kept = new Map<string, Buffer>();
  const storage: FileStorage = {
    async put(id, bytes) {
      kept.set(id, await buffer(bytes));
    },
    async read(id) {
      const bytes = kept.get(id);
      if (!bytes) throw new DomainError('ENOENT', 'no such file', { field: 'id' });
      return Readable.from([bytes]);
    },
    async delete(id) {
      kept.delete(id);
    },
    async close() {},
  };
  const clock = { time: 0, now: () => clock.time };
  const counted = { tries: 0 };
  const pictures: Pictures = {
    measure: async () => undefined,
    shrink(source) {
      counted.tries++;
      return shrink(source);
    },
  };
  const deps = { storage, pictures, clock };
  return { kept, clock, counted, deps, thumbnails: new Thumbnails(deps) };
}

test('a smaller form is made once, however many ask for it at a time or later', async () => {
  const { thumbnails, counted, kept } = setUp(async () => Buffer.from('small'));
  const asked = [1, 2, 3].map(() => thumbnails.get(FILE, 320, SOURCE));
  assert.deepEqual((await Promise.all(asked)).map(String), ['small', 'small', 'small']);
  assert.equal(String(await thumbnails.get(FILE, 320, SOURCE)), 'small');
  assert.deepEqual([counted.tries, [...kept.keys()]], [1, ['w320-a']]);
});

test('a picture that can not be decoded is tried again only after a while', async () => {
  const { thumbnails, counted, clock } = setUp(async () => undefined);
  const refused = { code: 'ENOENT', field: 'w' };
  await assert.rejects(thumbnails.get(FILE, 320, SOURCE), refused);
  await assert.rejects(thumbnails.get(FILE, 640, SOURCE), refused);
  assert.equal(counted.tries, 1);
  clock.time = 600_000;
  await assert.rejects(thumbnails.get(FILE, 320, SOURCE), refused);
  assert.equal(counted.tries, 2);
});

test('a try that failed for another reason is repeated', async () => {
  const { thumbnails, counted } = setUp(async () => {
    throw new DomainError('ERATE', 'too many');
  });
  for (let turn = 0; turn < 2; turn++) {
    await assert.rejects(thumbnails.get(FILE, 320, SOURCE), { code: 'ERATE' });
  }
  assert.equal(counted.tries, 2);
});

test('what is no picture is not looked into', async () => {
  const { thumbnails, counted } = setUp(async () => Buffer.from('small'));
  const { format, ...file } = FILE;
  await assert.rejects(thumbnails.get(file, 320, SOURCE), { code: 'ENOENT', field: 'w' });
  assert.equal(counted.tries, 0);
});

test('a smaller form of a file that was removed meanwhile is not kept', async () => {
  const { thumbnails, kept } = setUp(async () => Buffer.from('small'));
  const find = async () => {
    throw new DomainError('ENOENT', 'no such file', { field: 'id' });
  };
  await assert.rejects(thumbnails.get(FILE, 320, { ...SOURCE, find }), { code: 'ENOENT', field: 'id' });
  assert.equal(kept.size, 0);
});

test('all smaller forms of a file go with it', async () => {
  const { thumbnails, kept, deps } = setUp(async () => Buffer.from('small'));
  kept.set('a', Buffer.from('large'));
  await thumbnails.get(FILE, 160, SOURCE);
  await thumbnails.get(FILE, 1280, SOURCE);
  assert.equal(kept.size, 3);
  const dropped: string[] = [];
  const files = new Files({
    ...deps,
    store: {
      takeUnusedFiles: async () => ['a'],
      dropFiles: async (ids: readonly string[]) => void dropped.push(...ids),
    } as Partial<FileStore> as FileStore,
    inspector: {} as FileInspector,
    policies: {} as Policies,
    ids: { next: () => 'b' },
    limits: { maxUploadsPerUser: 1, unusedFileLifetime: 0 },
    onError: assert.fail,
  });
  await files.removeUnused(10);
  assert.deepEqual([kept.size, dropped], [0, ['a']]);
});
