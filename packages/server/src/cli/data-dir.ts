import { accessSync, constants } from 'node:fs';
import { requireRestored } from '../backup/unfinished-restore.ts';
import { StartError } from '../config/start-error.ts';
import { makeFolder } from '../make-folder.ts';
import { NO_FOLDER, reasonOf } from './failure.ts';

/** Makes the data folder where it is missing. StartError where it can't be written to, or has half of a restored backup. */
export function requireDataDir(dataDir: string): void {
  requireRestored(dataDir);
  try {
    makeFolder(dataDir);
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? NO_FOLDER : reasonOf(code);
    throw new StartError(
      `can't write to the data folder ${dataDir}: ${reason ?? message}; choose another by --data-dir or HAINA_DATA_DIR`,
      { cause: error },
    );
  }
}
