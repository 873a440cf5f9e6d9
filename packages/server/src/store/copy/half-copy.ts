import { StartError } from '../../config/start-error.ts';

/** Keeps servers and others from a database that has only a part of what is being copied into it. */
export function refuseHalfCopy(): never {
  throw new StartError(
    'the database has only a part of what is copied into it: run haina copy again as before, which goes on where it was, or empty the database',
  );
}
