import { accessSync, constants, mkdirSync } from 'node:fs';
import { StartError } from '../config/start-error.ts';
import { reasonOf } from './failure.ts';

/** Makes the data folder where it is missing. StartError where it can't be written to. */
export function requireDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new StartError(
      `can't write to the data folder ${dataDir}: ${reasonOf(code) ?? message}; choose another by --data-dir or HAINA_DATA_DIR`,
      { cause: error },
    );
  }
}
