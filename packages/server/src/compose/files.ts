import { Files } from '../core/files.ts';
import type { Core } from '../core/index.ts';
import type { FileStore } from '../core/ports/file-store.ts';
import { MAGIC_INSPECTOR, openFileStorage, openPictures } from '../files/index.ts';
import type { Ground } from './ground.ts';

/** Files, with their storage and the processes that decode pictures. */
export async function composeFiles(
  ground: Ground,
  { store, core }: { readonly store: FileStore; readonly core: Pick<Core, 'policies'> },
): Promise<Files> {
  const { config, clock, ids, log, metrics, teardown } = ground;
  const storage = await openFileStorage(config);
  teardown.defer('file storage', () => storage.close());
  const pictures = composePictures(ground);
  const files = new Files({
    store,
    storage,
    inspector: MAGIC_INSPECTOR,
    pictures,
    policies: core.policies,
    clock,
    ids,
    limits: config,
    onError: (err) =>
      log.warn({ err }, 'a refused upload was not cleared away yet, or a picture not measured'),
  });
  teardown.defer('uploads', () => files.close());
  metrics.watchQueue('uploads', () => files.uploading);
  return files;
}

function composePictures({ config, timers, log, metrics, teardown }: Ground) {
  const pictures = openPictures(config, {
    timers,
    onFault: (err) =>
      err.isEnd
        ? log.warn({ err }, 'a picture ended the process that decoded it')
        : log.debug({ err }, 'a picture can not be decoded'),
    onUnfit: (err) => log.warn({ err }, 'pictures can not be decoded here: there are no smaller forms'),
  });
  teardown.defer('pictures', () => pictures.close());
  metrics.watchQueue('pictures', () => pictures.depth);
  return pictures;
}
