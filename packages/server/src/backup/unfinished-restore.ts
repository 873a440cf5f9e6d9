import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../config/start-error.ts';

/** What is being restored, in the data folder; it is there until all of it has its place. */
export const RESTORING = 'restore.part';

/** StartError for a data folder with half of a restored backup: a server on it would begin with an empty database. */
export function requireRestored(dataDir: string): void {
  if (!existsSync(join(dataDir, RESTORING))) return;
  throw new StartError(
    `a restore into ${dataDir} is under way, or was broken off: run haina restore again, or remove the folder`,
  );
}
