import type { Config } from '../config/settings.ts';
import { StartError } from '../config/start-error.ts';
import type { FileStorage } from '../core/ports/file-storage.ts';
import { filesFolder } from './local-path.ts';
import { openLocalStorage } from './local-storage.ts';

export { MAGIC_INSPECTOR } from './inspector.ts';
export { openPictures } from './pictures.ts';

type StorageConfig = Pick<
  Config,
  'dataDir' | 'fileStorage' | 's3Endpoint' | 's3Region' | 's3Bucket' | 's3AccessKey' | 's3SecretKey'
>;

/** The storage that the configuration asks for. StartError where settings are missing. */
export async function openFileStorage(config: StorageConfig): Promise<FileStorage> {
  if (config.fileStorage === 'local') return openLocalStorage(filesFolder(config.dataDir));
  // Loaded only where it is used: it is large.
  const { openS3Storage } = await import('./s3-storage.ts');
  return openS3Storage({
    endpoint: config.s3Endpoint,
    region: config.s3Region,
    bucket: required(config.s3Bucket, 'HAINA_S3_BUCKET'),
    accessKey: required(config.s3AccessKey, 'HAINA_S3_ACCESS_KEY'),
    secretKey: required(config.s3SecretKey, 'HAINA_S3_SECRET_KEY'),
  });
}

function required(value: string | undefined, variable: string): string {
  if (value !== undefined) return value;
  throw new StartError(`files are to be kept in S3: set ${variable}`);
}
