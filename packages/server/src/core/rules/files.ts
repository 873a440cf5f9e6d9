import { DomainError } from '../errors.ts';
import type { FileMention } from '../ports/file-store.ts';

/** What a file that somebody points at is to that user. */
export interface FileSight {
  readonly isVisible: boolean;
  /** Whether this server has it, or had it announced. */
  readonly isKnown: boolean;
}

/**
 * Throws ENOENT where a content names a file of this server that the sender may not see: nobody passes on what it can't
 * have. Files of other servers may be named by anybody.
 */
export function requireContentFile({ id, field, isOurs }: FileMention, sight: FileSight): void {
  if (isVisibleOrForeign(isOurs, sight)) return;
  throw new DomainError('ENOENT', `no file ${id}, which content names at ${field}`, { field: 'content' });
}

/** As `requireContentFile`, for the picture of a user or group and whoever chose it. */
export function requirePictureFile({ id, field, isOurs }: FileMention, sight: FileSight): void {
  if (isVisibleOrForeign(isOurs, sight)) return;
  throw new DomainError('ENOENT', `no file ${id}, which ${field} names`, { field });
}

/** Throws ENOENT where the id of an upload is not waiting for its bytes any more. */
export function requireReserved(isReserved: boolean): void {
  if (!isReserved) throw new DomainError('ENOENT', 'the upload took too long', { field: 'id' });
}

function isVisibleOrForeign(isOurs: boolean, { isVisible, isKnown }: FileSight): boolean {
  return isVisible || !(isOurs || isKnown);
}
