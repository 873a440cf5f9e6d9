import { join } from 'node:path';
import { requireFileId } from './file-id.ts';

/** The folder of a data folder's files. */
export function filesFolder(dataDir: string): string {
  return join(dataDir, 'files');
}

/** Where a file is below that folder. The last characters are random and spread the files, as the first tell the time. */
export function localPath(folder: string, id: string): string {
  return join(folder, requireFileId(id).slice(-2), id);
}
